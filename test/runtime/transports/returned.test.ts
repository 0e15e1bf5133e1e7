import * as library from "node-datachannel";
import { describe, expect, it } from "vitest";
import type { Bond, CallOptions, Signaling } from "../../../runtime/interface/signaling.ts";
import type { Connection, Transport } from "../../../runtime/interface/transport.ts";
import { directSignaling } from "../../../runtime/signaling/direct.ts";
import type { WebrtcEngine } from "../../../runtime/transports/webrtc/engines/engine.ts";
import { nodeDatachannelEngine } from "../../../runtime/transports/webrtc/engines/node-datachannel.nodejs.ts";
import { weriftEngine } from "../../../runtime/transports/webrtc/engines/werift.nodejs.ts";
import { webrtcTransport } from "../../../runtime/transports/webrtc/transport.ts";
import { weriftTransport } from "../../conformance/nodejs-transport.ts";
import { RecordedWorld } from "../remote/support/recorded-engine.ts";
import { virtualClock } from "../remote/support/virtual-clock.ts";

const { signal } = new AbortController();

interface Peer extends Transport {
  readonly accepted: { readonly connection: Connection; readonly pipeline: string }[];
  /** What it has named in each of its calls. */
  readonly named: (readonly Bond[])[];
  stop(): Promise<void>;
}

/** Peers with certificates of their own, each listening at `NAME.example`. */
function mesh() {
  const clock = virtualClock();
  const world = new RecordedWorld(() => clock.nowMs);
  let made = 0;
  const peer = async (
    name: string,
    certificate: string,
    init: { readonly share?: boolean; readonly lies?: boolean } = {},
  ): Promise<Peer> => {
    const real = world.engine(name, undefined, certificate);
    const engine: WebrtcEngine = {
      ...real,
      createPeerConnection(sameMachine) {
        made += 1;
        return real.createPeerConnection(sameMachine);
      },
    };
    const direct = directSignaling({ clock, ...world.sockets() });
    const named: (readonly Bond[])[] = [];
    const signaling: Signaling = {
      call(options: CallOptions) {
        named.push(options.bonds ?? []);
        return direct.call(options);
      },
      // Says of whatever it is told that it is the same peer.
      serve: (options) => direct.serve(init.lies === true ? { ...options, vouch: () => 0 } : options),
    };
    const transport = webrtcTransport({
      clock,
      engine,
      signaling,
      share: init.share ?? true,
      pipelines: () => ["P", "Q"],
    });
    const accepted: Peer["accepted"] = [];
    const listener = await transport.listen(`webrtc://${name}.example:7443`, (connection, pipeline) =>
      accepted.push({ connection, pipeline }),
    );
    return { ...transport, accepted, named, stop: () => listener.close() };
  };
  const dial = (from: Peer, to: string): Promise<Connection> => clock.until(from.dial(`webrtc://${to}`, { signal }));
  /** WebRTC connections that were made, each with two ends. */
  const connections = (): number => made / 2;
  return { clock, world, peer, dial, connections };
}

async function passes(clock: { settle(): Promise<void> }, one: Connection, other: Connection): Promise<boolean> {
  const [here, there] = [one.channel(7, "probe"), other.channel(7, "probe")];
  const come: number[] = [];
  there.onMessage((message) => come.push(message[0] ?? 0));
  here.onMessage((message) => come.push(message[0] ?? 0));
  here.send(Uint8Array.of(1));
  there.send(Uint8Array.of(2));
  await clock.settle();
  return come.toSorted().join() === "1,2";
}

describe("a connection that A has dialled to B", () => {
  it("carries what B opens at the address of A as well, both ways, and each shows it", async () => {
    const { clock, peer, dial, connections } = mesh();
    const [a, b] = [await peer("a", "aa"), await peer("b", "bb")];
    const there = await dial(a, "b.example:7443/P");
    const back = await dial(b, "a.example:7443/Q");
    const again = await dial(b, "a.example:7443/P");
    expect(connections()).toBe(1);
    expect(a.accepted.map(({ pipeline }) => pipeline)).toEqual(["Q", "P"]);
    // Once it is known whose it is, nothing is asked any more.
    expect(b.named).toHaveLength(1);
    expect(back.describe()).toMatchObject({
      address: "webrtc://a.example:7443/Q",
      role: "answerer",
      state: "connected",
      sharedBy: 3,
    });
    expect(a.accepted[0]?.connection.describe()).toMatchObject({
      address: "webrtc://a.example:7443/Q",
      role: "offerer",
    });
    expect(await passes(clock, back, a.accepted[0]?.connection as Connection)).toBe(true);
    expect(await passes(clock, there, b.accepted[0]?.connection as Connection)).toBe(true);
    // Either direction may end first; the last one closes it.
    await there.close();
    expect(back.describe().state).toBe("connected");
    await Promise.all([back.close(), again.close()]);
    await clock.settle();
    expect((await clock.until(a.accepted[0]?.connection.closed as Connection["closed"])).error).toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  it("ends for both directions when it is lost, and each dials anew", async () => {
    const { clock, world, peer, dial, connections } = mesh();
    const [a, b] = [await peer("a", "aa"), await peer("b", "bb")];
    const there = await dial(a, "b.example:7443/P");
    const back = await dial(b, "a.example:7443/Q");
    world.breakAt(() => true);
    back.control.send(Uint8Array.of(0, 123, 125));
    const ends = await clock.until(Promise.all([there.closed, back.closed]));
    expect(ends.map(({ error }) => error?.code)).toEqual(["peer-lost", "peer-lost"]);
    const fresh = await dial(b, "a.example:7443/Q");
    expect(fresh.describe()).toMatchObject({ role: "offerer", sharedBy: 1 });
    expect(connections()).toBe(2);
    await fresh.close();
    await clock.run(2_000);
    expect(clock.pending).toBe(0);
  });

  it("takes nothing more once A stops to listen, and goes on for what is open", async () => {
    const { clock, peer, dial } = mesh();
    const [a, b] = [await peer("a", "aa"), await peer("b", "bb")];
    const there = await dial(a, "b.example:7443/P");
    const back = await dial(b, "a.example:7443/Q");
    await a.stop();
    await expect(dial(b, "a.example:7443/P")).rejects.toMatchObject({ code: expect.any(String) });
    expect([there, back].map((one) => one.describe().state)).toEqual(["connected", "connected"]);
    await Promise.all([there.close(), back.close()]);
    await clock.run(5_000);
    expect(clock.pending).toBe(0);
  });

  it("is not used by who shares nothing, or to be ready for later, which A could not know", async () => {
    const { clock, peer, dial, connections } = mesh();
    const [a, b, c] = [await peer("a", "aa"), await peer("b", "bb"), await peer("c", "cc", { share: false })];
    await dial(c, "b.example:7443/P");
    await dial(b, "c.example:7443/P");
    expect(connections()).toBe(2);
    expect(c.accepted).toHaveLength(1);
    await dial(a, "b.example:7443/P");
    const standby = await clock.until(
      b.standBy?.("webrtc://a.example:7443/Q", { signal }) ?? Promise.resolve(undefined),
    );
    expect(connections()).toBe(4);
    standby?.release();
  });

  it("is not named where a process calls itself", async () => {
    const { peer, dial, connections } = mesh();
    const a = await peer("a", "aa");
    await dial(a, "a.example:7443/P");
    await dial(a, "a.example:7443/Q");
    expect(connections()).toBe(1);
    expect(a.named).toEqual([[]]);
  });
});

describe("over real engines", () => {
  it.each([weriftEngine(), nodeDatachannelEngine({ library })])(
    "$name: each end knows the other by its certificate",
    async (engine) => {
      const accepted: string[] = [];
      const [a, b] = [weriftTransport({ engine }), weriftTransport({ engine })];
      const listen = (one: Transport, name: string) =>
        one.listen("webrtc://127.0.0.1:0", (_, pipeline) => void accepted.push(`${name} ${pipeline}`));
      const [atA, atB] = [await listen(a, "a"), await listen(b, "b")];
      const there = await a.dial(`${atB.address}/P`, { signal });
      // The side that has dialled may know first that it is open.
      await expect.poll(() => accepted).toEqual(["b P"]);
      const back = await b.dial(`${atA.address}/Q`, { signal });
      expect(accepted).toEqual(["b P", "a Q"]);
      expect(back.describe()).toMatchObject({ role: "answerer", sharedBy: 2, address: `${atA.address}/Q` });
      await Promise.all([there.close(), back.close()]);
      await Promise.all([atA.close(), atB.close()]);
    },
  );
});

describe("a stranger who has dialled B", () => {
  it("gets nothing that is for A: A knows only connections of its own", async () => {
    const { peer, dial, connections } = mesh();
    const [a, b, stranger] = [await peer("a", "aa"), await peer("b", "bb"), await peer("x", "ee")];
    await dial(stranger, "b.example:7443/P");
    // It takes what comes over its connection.
    await dial(b, "x.example:7443/P");
    const back = await dial(b, "a.example:7443/Q");
    expect(b.named[1]).toEqual([{ own: expect.stringMatching(/ bb:/), other: expect.stringMatching(/ ee:/) }]);
    expect(connections()).toBe(2);
    expect(a.accepted.map(({ pipeline }) => pipeline)).toEqual(["Q"]);
    expect(stranger.accepted.map(({ pipeline }) => pipeline)).toEqual(["P"]);
    expect(back.describe().role).toBe("offerer");
  });

  it("gets nothing when A has dialled it, and it stands between A and B", async () => {
    const { peer, dial, connections } = mesh();
    const [a, b, stranger] = [await peer("a", "aa"), await peer("b", "bb"), await peer("x", "ee")];
    await dial(a, "x.example:7443/P");
    await dial(stranger, "b.example:7443/P");
    await dial(b, "x.example:7443/P");
    await dial(b, "a.example:7443/Q");
    expect(connections()).toBe(3);
    expect(a.accepted.map(({ pipeline }) => pipeline)).toEqual(["Q"]);
    expect(stranger.accepted.map(({ pipeline }) => pipeline)).toEqual(["P", "P"]);
  });

  it("cannot be made to take what a liar at an address says is its own; the liar is dialled after all", async () => {
    const { clock, peer, dial } = mesh();
    const [liar, b, c] = [await peer("a", "aa", { lies: true }), await peer("b", "bb"), await peer("c", "cc")];
    const there = await dial(c, "b.example:7443/P");
    const back = await dial(b, "a.example:7443/Q");
    expect(c.accepted).toEqual([]);
    expect(liar.accepted.map(({ pipeline }) => pipeline)).toEqual(["Q"]);
    expect(back.describe().role).toBe("offerer");
    // And the connection of the other one is as good as before.
    expect(await passes(clock, there, b.accepted[0]?.connection as Connection)).toBe(true);
    expect((await dial(c, "b.example:7443/Q")).describe().sharedBy).toBe(2);
  });
});
