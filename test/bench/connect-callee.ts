/** Is called: by a dial, and by the engines alone, whose descriptions come from the process that has started this one. */
import process from "node:process";
import type { EnginePeer } from "../../runtime/transports/webrtc/engines/engine.ts";
import { weriftTransport } from "../conformance/nodejs-transport.ts";
import { engines, rawPeer, sdpOf, type Said } from "./connect-openings.ts";

const alone = {
  werift: engines.werift(),
  "node-datachannel": engines["node-datachannel"](),
  published: engines.published(),
};
const say = (said: Said): void => void process.send?.(said);
let close: () => Promise<void> = async () => undefined;

async function answer({ engine: name, sdp }: Extract<Said, { say: "offer" }>): Promise<void> {
  const engine = alone[name];
  const { peer }: { readonly peer: EnginePeer } = rawPeer(engine);
  close = () => engine.close(peer);
  await peer.setRemoteDescription({ type: "offer", sdp });
  await peer.setLocalDescription(await peer.createAnswer());
  engine.tune(peer);
  say({ say: "answer", sdp: sdpOf(peer) });
}

process.on("message", (said: Said) => {
  if (said.say === "offer") void answer(said);
  if (said.say === "close") void close().then(() => say({ say: "closed" }));
});

process.once("disconnect", () => process.exit());

const listen = async (name: "werift" | "node-datachannel"): Promise<string> =>
  (await weriftTransport({ engine: engines[name]() }).listen("webrtc://127.0.0.1:0", () => undefined)).address;
say({
  say: "ready",
  addresses: { werift: await listen("werift"), "node-datachannel": await listen("node-datachannel") },
});
