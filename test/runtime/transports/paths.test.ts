import { createSocket } from "node:dgram";
import * as library from "node-datachannel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Signaling } from "../../../runtime/interface/signaling.ts";
import { nodeDatachannelEngine } from "../../../runtime/transports/webrtc/engines/node-datachannel.nodejs.ts";
import { weriftEngine } from "../../../runtime/transports/webrtc/engines/werift.nodejs.ts";
import type { WebrtcEngine } from "../../../runtime/transports/webrtc/engines/engine.ts";
import type { IceOptions } from "../../../runtime/transports/webrtc/ice.ts";
import type { Connection, ConnectionState } from "../../../runtime/interface/transport.ts";
import { nodejsSignaling, weriftTransport } from "../../conformance/nodejs-transport.ts";
import { failureOf } from "../remote/support/scene.ts";
import { startTurnServer, type TurnServer } from "./turn-server.ts";

const { signal } = new AbortController();

const engines: Readonly<Record<string, (ice?: IceOptions) => WebrtcEngine>> = {
  werift: (ice = {}) => weriftEngine({ ice }),
  "node-datachannel": (ice = {}) => nodeDatachannelEngine({ library, ice }),
};

/** Connects, says a word each way, and gives what is known of the connection. */
async function meet(calling: WebrtcEngine, called: WebrtcEngine, listen = "127.0.0.1"): Promise<ConnectionState> {
  const [caller, callee] = [weriftTransport({ engine: calling }), weriftTransport({ engine: called })];
  let accepted: (connection: Connection) => void = () => undefined;
  const other = new Promise<Connection>((resolve) => (accepted = resolve));
  const listener = await callee.listen(`webrtc://${listen}:0`, (connection) => accepted(connection));
  const connection = await caller.dial(`${listener.address}/Any`, { signal });
  const there = await other;
  const said = new Promise<string>((resolve) => connection.control.onMessage((bytes) => resolve(String(bytes))));
  there.control.onMessage((bytes) => there.control.send(bytes));
  connection.control.send(Uint8Array.of(1, 2, 3));
  expect(await said).toBe("1,2,3");
  const state = connection.describe();
  await connection.close();
  await listener.close();
  return state;
}

describe.each(Object.entries(engines))("%s", (_, engine) => {
  it("R5.2 tells the path that is in use", async () => {
    const { selectedPair } = await meet(engine(), engine());
    expect(selectedPair?.local).toMatchObject({ type: "host", protocol: "udp", port: expect.any(Number) });
    expect(selectedPair?.remote).toMatchObject({ type: expect.stringMatching(/host|prflx/), protocol: "udp" });
  });

  it("R5.3 knows the addresses of both sides when it is closed, for who asks why", async () => {
    const listener = await weriftTransport().listen("webrtc://127.0.0.1:0", () => undefined);
    const connection = await weriftTransport({ engine: engine() }).dial(`${listener.address}/Any`, { signal });
    await connection.close();
    const { localCandidates = [], remoteCandidates = [] } = connection.describe();
    expect(localCandidates.join("\n")).toContain(" typ host");
    expect(remoteCandidates.join("\n")).toContain(" typ host");
    await listener.close();
  });

  it("R5.2 connects over IPv6", async () => {
    const state = await meet(engine(), engine(), "[::1]");
    expect(state.address).toMatch(/^webrtc:\/\/\[::1\]:\d+\/Any$/);
  });
});

describe("through a TURN server alone", () => {
  let server: TurnServer;
  beforeAll(async () => {
    server = await startTurnServer();
  });
  afterAll(() => server.stop());

  it.each(["udp", "tcp"])("werift connects over %s, and tells no address of its own", async (transport) => {
    const urls = `turn:127.0.0.1:${server.port}?transport=${transport}`;
    const ice: IceOptions = { servers: [{ urls, username: "mesh", credential: "secret" }], transportPolicy: "relay" };
    const engine = weriftEngine({ ice });
    const state = await meet(engine, engine);
    expect(state.selectedPair).toMatchObject({ local: { type: "relay" } });
    expect(state.localCandidates).not.toEqual([]);
    for (const one of [...(state.localCandidates ?? []), ...(state.remoteCandidates ?? [])]) {
      expect(one).toMatch(/ typ relay/);
    }
  });

  // The time is that of a machine that has some to spare; a busy one gets another try.
  it("says within 5 s that the server refused it", { retry: 2 }, async () => {
    const urls = `turn:127.0.0.1:${server.port}`;
    const ice: IceOptions = { servers: [{ urls, username: "mesh", credential: "wrong" }], transportPolicy: "relay" };
    const listener = await weriftTransport().listen("webrtc://127.0.0.1:0", () => undefined);
    const startMs = performance.now();
    const error = await failureOf(
      weriftTransport({ engine: weriftEngine({ ice }) }).dial(`${listener.address}/Any`, { signal }),
    );
    expect(performance.now() - startMs).toBeLessThan(5_000);
    expect(error.message).toContain("it took longer than 4000 ms");
    expect(error.message).toContain("found here: nothing");
    expect(error.hint).toMatch(/^The TURN server gave no address/);
    await listener.close();
  });

  it.each(["werift", "node-datachannel"])(
    "%s offers its own beside it, though it refuses",
    { retry: 2 },
    async (name) => {
      const servers = [{ urls: `turn:127.0.0.1:${server.port}`, username: "mesh", credential: "wrong" }];
      const state = await meet(engines[name]?.({ servers }) as WebrtcEngine, weriftEngine());
      expect(state.selectedPair).toMatchObject({ local: { type: "host" } });
    },
  );

  it("werift keeps no socket of it", async () => {
    const held = (): number => process.getActiveResourcesInfo().filter((name) => name === "UDPWrap").length;
    const before = held();
    for (const credential of ["secret", "wrong"]) {
      const servers = [{ urls: `turn:127.0.0.1:${server.port}`, username: "mesh", credential }];
      await meet(weriftEngine({ ice: { servers } }), weriftEngine());
    }
    // Those of the other side go when it has seen the end.
    await expect.poll(held, { timeout: 10_000 }).toBe(before);
  });

  it("node-datachannel offers its address beside its own, and is refused where there may be no other", async () => {
    const servers = [{ urls: `turn:127.0.0.1:${server.port}`, username: "mesh", credential: "secret" }];
    const state = await meet(nodeDatachannelEngine({ library, ice: { servers } }), weriftEngine());
    const types = state.localCandidates?.map((one) => / typ (\S+)/.exec(one)?.[1]);
    expect(types).toEqual(expect.arrayContaining(["host", "relay"]));
    expect(() => nodeDatachannelEngine({ library, ice: { servers, transportPolicy: "relay" } })).toThrow(
      expect.objectContaining({ code: "invalid-argument", hint: expect.stringContaining("werift") }),
    );
  });
});

describe("a TURN server that does not answer", () => {
  // The time is that of a machine that has some to spare; a busy one gets another try.
  it.each(Object.entries(engines))("keeps %s from no connection", { retry: 2 }, async (_, engine) => {
    const silent = createSocket("udp4");
    await new Promise<void>((resolve) => silent.bind(0, "127.0.0.1", resolve));
    const servers = [{ urls: `turn:127.0.0.1:${silent.address().port}`, username: "mesh", credential: "secret" }];
    const state = await meet(engine({ servers }), weriftEngine());
    expect(state.selectedPair).toMatchObject({ local: { type: "host" } });
    silent.close();
  });
});

/** Signaling that leads the caller's packets to where nobody is. */
function misleading(): Signaling {
  const signaling = nodejsSignaling();
  const lead = (text: string): string => text.replaceAll(/( udp \d+) \S+ \d+ typ host/gi, "$1 203.0.113.1 9 typ host");
  return {
    ...signaling,
    async call(options) {
      const call = await signaling.call(options);
      return {
        ...call,
        offer: async (sdp) => lead(await call.offer(sdp)),
        onCandidate: (listener) =>
          call.onCandidate((one) => listener(one === null ? null : { ...one, candidate: lead(one.candidate) })),
        bye: () => call.bye(),
        abandon: () => call.abandon(),
        candidate: (one) => call.candidate(one),
      };
    },
  };
}

describe("a connection that cannot be made", () => {
  // The time is that of a machine that has some to spare; a busy one gets another try.
  it("says within 5 s what was found, what was tried, and what to try", { retry: 2 }, async () => {
    // Who listens would find the caller by its packets; it knows no address of the caller, and the caller none of it.
    const listener = await weriftTransport({ engine: deaf() }).listen("webrtc://127.0.0.1:0", () => undefined);
    const startMs = performance.now();
    const error = await failureOf(
      weriftTransport({ signaling: misleading() }).dial(`${listener.address}/Any`, { signal }),
    );
    expect(performance.now() - startMs).toBeLessThan(5_000);
    expect(error.message).toContain("it took longer than 4000 ms");
    expect(error.message).toMatch(/found here: host \S+:\d+\/udp/);
    expect(error.message).toContain("found there: host 203.0.113.1:9/udp");
    expect(error.message).toMatch(/tried: host \S+ to host 203\.0\.113\.1:9\/udp: (in-progress|failed|waiting|frozen)/);
    expect(error.hint).toContain("--ice-server");
    await listener.close();
  });
});

/** An engine that takes no candidate of the other side. */
function deaf(): WebrtcEngine {
  const engine = weriftEngine();
  return {
    ...engine,
    createPeerConnection(sameMachine) {
      const peer = engine.createPeerConnection(sameMachine);
      const setRemote = peer.setRemoteDescription.bind(peer);
      peer.setRemoteDescription = ({ type, sdp }) =>
        setRemote({ type, sdp: sdp.replaceAll(/^a=candidate:.*\r?\n/gm, "") });
      peer.addIceCandidate = () => Promise.resolve();
      return peer;
    },
  };
}

describe("werift and STUN servers", () => {
  /** A STUN server that hears and says nothing. */
  async function silentServer() {
    const socket = createSocket("udp4");
    let asked = 0;
    socket.on("message", () => (asked += 1));
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    return { port: socket.address().port, asked: () => asked, close: () => socket.close() };
  }

  // The time is that of a machine that has some to spare; a busy one gets another try.
  it("connects at once while one that is named does not answer", { retry: 2 }, async () => {
    const server = await silentServer();
    const engine = weriftEngine({ ice: { servers: [{ urls: `stun:127.0.0.1:${server.port}` }] } });
    const startMs = performance.now();
    const state = await meet(engine, weriftEngine());
    // Stock werift waits 5 s for it.
    expect(performance.now() - startMs).toBeLessThan(3_000);
    expect(state.selectedPair?.local.type).toBe("host");
    expect(server.asked()).toBeGreaterThan(0);
    server.close();
  });
});
