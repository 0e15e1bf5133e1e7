import * as library from "node-datachannel";
import type { Transport } from "../../runtime/interface/transport.ts";
import type { EnginePeer, WebrtcEngine } from "../../runtime/transports/webrtc/engines/engine.ts";
import { nodeDatachannelEngine } from "../../runtime/transports/webrtc/engines/node-datachannel.nodejs.ts";
import { weriftEngine } from "../../runtime/transports/webrtc/engines/werift.nodejs.ts";
import { weriftTransport } from "../conformance/nodejs-transport.ts";
import { median, rounded, type BenchRow } from "./hop-rounds.ts";
import { published } from "./webrtc-raw.ts";

export const title =
  "Time until messages can flow between two peers of one process, in milliseconds: a dial with its signaling, beside the engine alone";

const rounds = 25;
/** Loading, certificates and the like are paid once. */
const warmups = 3;

/** Opens one connection, and gives how long that took. */
type Opening = () => Promise<number>;

/** By a dial: signaling over a WebSocket, then the engine. */
async function dialled(engine: WebrtcEngine): Promise<{ readonly open: Opening; readonly close: () => Promise<void> }> {
  const transport: Transport = weriftTransport({ engine });
  const listener = await transport.listen("webrtc://127.0.0.1:0", () => undefined);
  const { signal } = new AbortController();
  const open = async (): Promise<number> => {
    const start = performance.now();
    const connection = await transport.dial(`${listener.address}/Any`, { signal });
    const took = performance.now() - start;
    await connection.close();
    return took;
  };
  return { open, close: () => listener.close() };
}

/** To another pipeline of a peer to which there is a connection already: over that one, with an answer to wait for. */
async function shared(engine: WebrtcEngine): Promise<{ readonly open: Opening; readonly close: () => Promise<void> }> {
  const transport: Transport = weriftTransport({ engine });
  const listener = await transport.listen("webrtc://127.0.0.1:0", () => undefined);
  const { signal } = new AbortController();
  const first = await transport.dial(`${listener.address}/First`, { signal });
  const open = async (): Promise<number> => {
    const start = performance.now();
    const connection = await transport.dial(`${listener.address}/Second`, { signal });
    const took = performance.now() - start;
    await connection.close();
    return took;
  };
  return {
    open,
    close: async () => {
      await first.close();
      await listener.close();
    },
  };
}

/** By the engine alone: descriptions are handed over in memory. */
function alone(engine: WebrtcEngine): Opening {
  return async () => {
    const start = performance.now();
    const [caller, callee] = [engine.createPeerConnection(), engine.createPeerConnection()];
    const opened = [caller, callee].map((peer) => {
      const channel = peer.createDataChannel("control", { negotiated: true, id: 0 });
      engine.tune(peer);
      return new Promise<void>((resolve) => channel.addEventListener("open", resolve));
    });
    await caller.setLocalDescription(await caller.createOffer());
    engine.tune(caller);
    await callee.setRemoteDescription({ type: "offer", sdp: sdpOf(caller) });
    await callee.setLocalDescription(await callee.createAnswer());
    engine.tune(callee);
    await caller.setRemoteDescription({ type: "answer", sdp: sdpOf(callee) });
    await Promise.all(opened);
    const took = performance.now() - start;
    await Promise.all([engine.close(caller), engine.close(callee)]);
    return took;
  };
}

function sdpOf(peer: EnginePeer): string {
  return peer.localDescription?.sdp ?? "";
}

export async function run(): Promise<{ readonly rows: readonly BenchRow[] }> {
  const native = nodeDatachannelEngine({ library });
  const [ours, oursNative] = [await dialled(weriftEngine()), await dialled(native)];
  const [another, anotherNative] = [await shared(weriftEngine()), await shared(native)];
  const openings: Readonly<Record<string, Opening>> = {
    "werift, dialled": ours.open,
    "node-datachannel, dialled": oursNative.open,
    "werift, shared": another.open,
    "node-datachannel, shared": anotherNative.open,
    "the engine alone": alone(weriftEngine()),
    "the native engine alone": alone(native),
    "werift as published": alone(published("werift")),
  };
  const figures = new Map(Object.keys(openings).map((name) => [name, [] as number[]]));
  for (let round = -warmups; round < rounds; round++) {
    for (const [name, open] of Object.entries(openings)) {
      const took = await open();
      if (round >= 0) figures.get(name)?.push(took);
    }
  }
  await Promise.all([ours, oursNative, another, anotherNative].map(({ close }) => close()));
  const row = (name: string, peer: string, goal: string): BenchRow => {
    const [own, theirs] = [median(figures.get(name) ?? []), median(figures.get(peer) ?? [])];
    return {
      case: name,
      metric: "connect, median",
      unit: "ms",
      ours: rounded(own),
      peer: rounded(theirs),
      peerName: peer,
      ratio: rounded(own / theirs),
      goal,
    };
  };
  return {
    rows: [
      row("werift, dialled", "werift as published", "< 1"),
      row("werift, dialled", "the engine alone", "<= peer + 10 ms"),
      row("node-datachannel, dialled", "the native engine alone", "<= peer + 10 ms"),
      row("werift, shared", "werift, dialled", "< 0.2"),
      row("node-datachannel, shared", "node-datachannel, dialled", "< 0.2"),
    ],
  };
}
