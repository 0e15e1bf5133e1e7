/**
 * The other side of `webrtc.bench.ts`, in a process of its own. Arguments: the engine, and `session` for a peer of ours, whose
 * address it prints, or `raw` for the engine alone: it reads an SDP offer as a line of JSON and prints the answer. To a line
 * `received` it prints how many bytes have come so far.
 */
import { createInterface } from "node:readline";
import { defineNode } from "../../runtime/interface/node.ts";
import { launchPlan } from "../../runtime/mesh/launch.ts";
import { nodejsPlatform } from "../../runtime/platform/nodejs.ts";
import { peerOf, planOfPeers } from "../runtime/mesh/fixtures/plans.ts";
import { bytes, PipelineBuilder } from "../support/pipeline-plan-builder.ts";
import { asks, published, RawLine, type BenchEngine } from "./webrtc-raw.ts";

const [engine, how] = process.argv.slice(2) as [BenchEngine, "session" | "raw"];
let received = 0;
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  if (line === "received") console.log(received);
});

if (how === "session") {
  const answering = defineNode({
    sync: true,
    open: (_, { emit }) => ({
      process: ({ payload }) => {
        const message = payload as Uint8Array;
        received += message.length;
        if (message[0] === asks.echo) emit("out", message);
        else if (message[0] === asks.receipt) emit("out", Uint8Array.of(asks.receipt));
      },
    }),
  });
  const far = new PipelineBuilder("Far", { in: bytes }, { out: bytes })
    .node("Answer", { in: bytes }, { out: bytes })
    .link("in", "Answer.in")
    .link("Answer.out", "out");
  const mesh = await launchPlan(planOfPeers([far], [peerOf("far", "Far")]), nodejsPlatform({}, { engine }), {
    registry: () => answering,
  });
  console.log(mesh.peers[0]?.addresses[0]);
} else {
  const line = new RawLine(published(engine), (message) => {
    received += message.length;
    if (message[0] === asks.echo) void line.send(message);
    else if (message[0] === asks.receipt) void line.send(Uint8Array.of(asks.receipt));
  });
  lines.once("line", async (offer) => {
    await line.peer.setRemoteDescription({ type: "offer", sdp: JSON.parse(offer) as string });
    await line.peer.setLocalDescription(await line.peer.createAnswer());
    console.log(JSON.stringify(line.peer.localDescription?.sdp));
  });
}
lines.on("close", () => process.exit(0));
