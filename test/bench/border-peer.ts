import { randomBytes } from "node:crypto";
import type { FlowType } from "../../runtime/interface/caps.ts";
import { defineNode } from "../../runtime/interface/node.ts";
import type { Plan } from "../../runtime/interface/plan.ts";
import type { Random } from "../../runtime/interface/random.ts";
import { describePipeline } from "../../runtime/pipeline/description.ts";
import { pipelineEndpoint } from "../../runtime/pipeline/endpoint.ts";
import { servePipelines } from "../../runtime/remote/host.ts";
import type { WebrtcEngine } from "../../runtime/transports/webrtc/engines/engine.ts";
import { weriftEngine } from "../../runtime/transports/webrtc/engines/werift.nodejs.ts";
import { weriftTransport } from "../conformance/nodejs-transport.ts";
import { PipelineBuilder, planWith } from "../support/pipeline-plan-builder.ts";
import { realClock as clock } from "../support/real-clock.ts";
import { published, tuned, type BenchEngine } from "./webrtc-raw.ts";

/**
 * The other side of the border, in a process of its own. It counts what comes as bulk, answers the message that begins
 * with 255, and sends back what comes as voice: in sessions at the first address that it prints, as bare channels of
 * the engine as published at the second. Ends when its input ends.
 */
export const bytes: FlowType = { kind: "scalar", name: "bytes" };
export const lastMark = 255;
/** The engine with two channels of one's own; `published` makes one of werift's itself. */
export const bareEngine = (name: BenchEngine): WebrtcEngine =>
  name === "werift" ? weriftEngine({ tuning: false }) : published(name);
export const random: Random = { next: Math.random, bytes: (count) => new Uint8Array(randomBytes(count)) };

if (process.argv[2] === "serve") await serve(process.argv[3] as BenchEngine);

async function serve(engine: BenchEngine): Promise<void> {
  const plan = planWith(
    new PipelineBuilder("P", { bulk: bytes, voice: bytes }, { done: bytes, echo: bytes })
      .node("Sink", { in: bytes }, { out: bytes })
      .link("bulk", "Sink.in")
      .link("Sink.out", "done")
      .link("voice", "echo"),
  );
  const host = servePipelines({ find: () => served(plan), names: () => ["P"], clock });
  const sessions = await weriftTransport({ engine: tuned(engine) }).listen("webrtc://127.0.0.1:0", host.accept);
  const bare = await weriftTransport({ engine: bareEngine(engine), share: false }).listen(
    "webrtc://127.0.0.1:0",
    (connection) => {
      const bulk = connection.channel(1, "bulk");
      bulk.onMessage((message) => {
        if (message[0] === lastMark) bulk.send(Uint8Array.of(1));
      });
      const voice = connection.channel(2, "voice");
      voice.onMessage((message) => voice.send(message));
    },
  );
  console.log(`${sessions.address} ${bare.address}`);
  process.stdin.resume();
  process.stdin.on("end", () => process.exit(0));
}

function served(plan: Plan) {
  const sink = defineNode({
    sync: true,
    open: (_, { emit }) => ({
      process({ payload }) {
        if ((payload as Uint8Array)[0] === lastMark) void emit("out", Uint8Array.of(1));
      },
    }),
  });
  const endpoint = pipelineEndpoint(plan, "P", {
    clock,
    random,
    log: () => undefined,
    env: () => undefined,
    registry: () => sink,
    openRemote: () => {
      throw new Error("This bench has no remotes.");
    },
    onEvent: () => undefined,
  });
  const describe = () => describePipeline("P", plan.pipelines["P"]!, {}, {}, () => undefined);
  return { endpoint, schemas: {}, describe };
}
