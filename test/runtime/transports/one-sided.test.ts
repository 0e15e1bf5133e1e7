import { describe, expect, it } from "vitest";
import type { Connection } from "../../../runtime/interface/transport.ts";
import { directSignaling } from "../../../runtime/signaling/direct.ts";
import type { SignalConnect, SignalSocket } from "../../../runtime/signaling/socket.ts";
import type { EngineChannel, EnginePeer, WebrtcEngine } from "../../../runtime/transports/webrtc/engines/engine.ts";
import { webrtcTransport } from "../../../runtime/transports/webrtc/transport.ts";
import { MachineTime } from "../../support/machine-time.ts";
import { RecordedWorld } from "../remote/support/recorded-engine.ts";

const { signal } = new AbortController();

/** An engine whose channels open, as far as its side knows, when they are let. */
function late(engine: WebrtcEngine): { readonly engine: WebrtcEngine; readonly open: () => void } {
  const waiting: (() => void)[] = [];
  const hold = (channel: EngineChannel): EngineChannel => {
    const real = channel.addEventListener.bind(channel) as (type: string, listener: (event: never) => void) => void;
    const listen = (type: string, listener: (event: never) => void): void =>
      real(type, type === "open" ? () => void waiting.push(() => listener(undefined as never)) : listener);
    return Object.assign(channel, { addEventListener: listen as EngineChannel["addEventListener"] });
  };
  return {
    engine: {
      ...engine,
      createPeerConnection(sameMachine) {
        const peer = engine.createPeerConnection(sameMachine);
        const make = peer.createDataChannel.bind(peer);
        return Object.assign(peer, {
          createDataChannel: ((label, init) => hold(make(label, init))) satisfies EnginePeer["createDataChannel"],
        });
      },
    },
    open() {
      for (const go of waiting.splice(0)) go();
    },
  };
}

/**
 * A listener, and who calls it.
 * @param isLate learns that its channel is open when it is let
 * @param wordMs the end of a call takes so long to its caller
 */
async function setUp(isLate: "caller" | "host", wordMs = 0) {
  const clock = new MachineTime();
  const world = new RecordedWorld(() => clock.wallMs());
  const held = late(world.engine(isLate));
  const engineOf = (name: "caller" | "host"): WebrtcEngine => (name === isLate ? held.engine : world.engine(name));
  const { listen, connect } = world.sockets();
  const slowly: SignalConnect = async (...to) => {
    const socket = await connect(...to);
    const onClose = socket.onClose.bind(socket);
    return Object.assign(socket, {
      onClose: ((listener) =>
        onClose((...why) => void clock.schedule(wordMs, () => listener(...why)))) satisfies SignalSocket["onClose"],
    });
  };
  const transportOf = (name: "caller" | "host") => {
    const signaling = directSignaling({ clock, listen, connect: wordMs > 0 ? slowly : connect });
    return webrtcTransport({ clock, engine: engineOf(name), signaling, share: false });
  };
  const accepted: Connection[] = [];
  const listener = await transportOf("host").listen("webrtc://host.example:7443", (one) => accepted.push(one));
  const dial = () => transportOf("caller").dial("webrtc://host.example:7443/P", { signal });
  const said = (): string[] => world.entries.flatMap(({ text }) => text ?? []);
  return { clock, listener, dial, accepted, open: held.open, said };
}

async function dialled(wordMs = 0) {
  const scene = await setUp("host", wordMs);
  const dialling = scene.dial();
  await scene.clock.pass(1);
  const connection = await dialling;
  let end: string | undefined;
  void connection.closed.then(({ error }) => (end = error?.message ?? ""));
  return { ...scene, connection, end: () => end };
}

describe("a connection that is open for its caller alone", () => {
  it("comes about when the process that is called has stood still", async () => {
    const { clock, accepted, open, end, connection } = await dialled();
    await clock.pass(3_500);
    await clock.standStill(5_000);
    open();
    await clock.pass(1);
    expect(accepted).toHaveLength(1);
    expect(end()).toBeUndefined();
    const heard = new Promise((resolve) => connection.control.onMessage(resolve));
    accepted[0]?.control.send(Uint8Array.of(7));
    expect(await heard).toEqual(Uint8Array.of(7));
    // The call is over, and nothing of it is waited for.
    expect(clock.pending).toBe(0);
  });

  it("is waited for by who is called as long after the `bye` as it was before, and then ends with the reason", async () => {
    const { clock, accepted, end, said } = await dialled();
    expect(said().at(-1)).toContain('"bye"');
    await clock.pass(3_900);
    expect(end()).toBeUndefined();
    await clock.pass(200);
    expect(accepted).toEqual([]);
    expect(end()).toBe(
      "host.example:7443 has given the connection up: No channel to the caller was open within 4000 ms.",
    );
    expect(clock.pending).toBe(0);
  });

  it("ends with the reason also where that comes a little later than the end", async () => {
    const { clock, end } = await dialled(300);
    await clock.pass(4_200);
    expect(end()).toBeUndefined();
    await clock.pass(200);
    expect(end()).toContain("No channel to the caller was open within 4000 ms.");
  });

  it("does not wait for a reason for long", async () => {
    const { clock, end } = await dialled(3_000);
    await clock.pass(4_600);
    expect(end()).toBe("The other side has ended the connection without a word.");
    await clock.pass(3_000);
    expect(clock.pending).toBe(0);
  });

  it("ends its call when the caller closes it before the other side has it", async () => {
    const { clock, connection, end } = await dialled();
    const closing = connection.close();
    await clock.pass(600);
    await closing;
    expect(end()).toBe("");
    await clock.pass(4_000);
    expect(clock.pending).toBe(0);
  });
});

describe("a connection that is open for who is called alone", () => {
  it("comes about when the process that calls has stood still", async () => {
    const { clock, dial, open } = await setUp("caller");
    const dialling = dial();
    await clock.pass(3_500);
    await clock.standStill(5_000);
    open();
    expect((await dialling).describe().state).toBe("connected");
    await clock.pass(1);
    expect(clock.pending).toBe(0);
  });

  it("is given up by its caller within 5 s, with a reason", async () => {
    const { clock, dial, accepted } = await setUp("caller");
    let why: string | undefined;
    dial().catch((error: Error) => (why = error.message));
    await clock.pass(3_900);
    expect(why).toBeUndefined();
    await clock.pass(1_000);
    expect(why).toContain("it took longer than 4000 ms to open a path by ICE and DTLS");
    await accepted[0]?.closed;
    expect(clock.pending).toBe(0);
  });
});

describe("a connection that is open for nobody yet", () => {
  it("ends with the reason also where that comes a little later than the end", async () => {
    const { clock, dial, listener } = await setUp("caller", 300);
    let why: string | undefined;
    dial().catch((error: Error) => (why = error.message));
    await clock.pass(100);
    await listener.close();
    await clock.pass(400);
    expect(why).toContain("the peer stops");
  });
});
