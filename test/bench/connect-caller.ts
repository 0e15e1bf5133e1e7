/** Opens connections to the process of `connect-callee.ts`, in each way in turn, and tells how long they took: `{ figures }`. */
import { fork } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { weriftTransport } from "../conformance/nodejs-transport.ts";
import { engines, rawPeer, sdpOf, type EngineName, type Said } from "./connect-openings.ts";

const rounds = 25;
/** Loading, certificates and the like are paid once. */
const warmups = 4;

const callee = fork(process.argv[2] ?? "", [], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
const gone = (): never => process.exit(1);
callee.once("exit", gone);
const said = async <Kind extends Said["say"]>(kind: Kind): Promise<Extract<Said, { say: Kind }>> => {
  const [message] = (await once(callee, "message")) as [Said];
  if (message.say !== kind) throw new Error(`The other process says ${message.say}, not ${kind}.`);
  return message as Extract<Said, { say: Kind }>;
};
const say = (message: Said): void => void callee.send(message);

const { addresses } = await said("ready");
const { signal } = new AbortController();

/** By a dial: signaling over a WebSocket, then the engine. @param keep what another pipeline of the peer shares */
async function dialler(name: "werift" | "node-datachannel", keep: boolean): Promise<() => Promise<number>> {
  const transport = weriftTransport({ engine: engines[name]() });
  if (keep) await transport.dial(`${addresses[name]}/First`, { signal });
  return async () => {
    const start = performance.now();
    const connection = await transport.dial(`${addresses[name]}/Any`, { signal });
    const took = performance.now() - start;
    await connection.close();
    return took;
  };
}

/** By the engine alone: descriptions go from process to process. */
function alone(name: EngineName): () => Promise<number> {
  const engine = engines[name]();
  return async () => {
    const start = performance.now();
    const { peer, opened } = rawPeer(engine);
    await peer.setLocalDescription(await peer.createOffer());
    engine.tune(peer);
    const answered = said("answer");
    say({ say: "offer", engine: name, sdp: sdpOf(peer) });
    await peer.setRemoteDescription({ type: "answer", sdp: (await answered).sdp });
    await opened;
    const took = performance.now() - start;
    const closed = said("closed");
    say({ say: "close" });
    await Promise.all([engine.close(peer), closed]);
    return took;
  };
}

const openings: Readonly<Record<string, () => Promise<number>>> = {
  "werift, dialled": await dialler("werift", false),
  "node-datachannel, dialled": await dialler("node-datachannel", false),
  "werift, shared": await dialler("werift", true),
  "node-datachannel, shared": await dialler("node-datachannel", true),
  "the engine alone": alone("werift"),
  "the native engine alone": alone("node-datachannel"),
  "werift as published": alone("published"),
};
const entries = Object.entries(openings);
const figures: Record<string, number[]> = Object.fromEntries(entries.map(([name]) => [name, []]));
for (let round = -warmups; round < rounds; round++) {
  // What the last one has left to do, each has behind it as often as the others.
  const first = (round + warmups) % entries.length;
  for (const [name, open] of [...entries.slice(first), ...entries.slice(0, first)]) {
    const took = await open();
    if (round >= 0) figures[name]?.push(took);
  }
}
callee.off("exit", gone).kill();
// What is shared would be kept for a while.
process.send?.({ figures }, () => process.exit());
