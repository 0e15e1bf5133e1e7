import * as library from "node-datachannel";
import { afterEach, describe, expect, test } from "vitest";
import type { Payload } from "../../../runtime/interface/frame.ts";
import type { Link } from "../../../runtime/interface/link.ts";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import type { Plan } from "../../../runtime/interface/plan.ts";
import type { PipelineSession } from "../../../runtime/interface/session.ts";
import { pipelineEndpoint } from "../../../runtime/pipeline/endpoint.ts";
import { remotePipeline } from "../../../runtime/remote/caller.ts";
import { servePipelines } from "../../../runtime/remote/host.ts";
import type { WebrtcEngine } from "../../../runtime/transports/webrtc/engines/engine.ts";
import { nodeDatachannelEngine } from "../../../runtime/transports/webrtc/engines/node-datachannel.nodejs.ts";
import { weriftEngine } from "../../../runtime/transports/webrtc/engines/werift.nodejs.ts";
import { weriftTransport } from "../../conformance/nodejs-transport.ts";
import { realClock } from "../../conformance/real-clock.ts";
import { PipelineBuilder, planWith, text } from "../../support/pipeline-plan-builder.ts";
import { seededRandom } from "../../support/real-clock.ts";
import { depsFor, marking, servedFrom, testLink } from "../remote/support/scene.ts";

const clock = realClock();
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

/** Opens a session with `P` of a plan, from one engine to another; outputs by their names. */
async function opened(engines: readonly [WebrtcEngine, WebrtcEngine], plan: Plan, node: NodeDefinition) {
  const endpoint = pipelineEndpoint(plan, "P", depsFor(clock, { Step: node }));
  const host = servePipelines({ find: () => servedFrom(plan, endpoint), names: () => ["P"], clock });
  const listener = await weriftTransport({ engine: engines[1] }).listen("webrtc://127.0.0.1:0", host.accept);
  cleanUps.push(() => listener.close());
  const { inputs, outputs } = plan.pipelines["P"] as Plan["pipelines"][string];
  const links = Object.fromEntries(Object.keys(outputs).map((port) => [port, testLink()]));
  const session = await remotePipeline({
    transport: weriftTransport({ engine: engines[0] }),
    uri: `${listener.address}/P`,
    clock,
    random: seededRandom(1),
  }).open({
    params: {},
    inputs: Object.fromEntries(Object.keys(inputs).map((port) => [port, text])),
    outputs: Object.fromEntries(Object.entries(links).map(([port, link]) => [port, { type: text, link }])),
    schemas: {},
    signal: new AbortController().signal,
  });
  cleanUps.push(() => session.close());
  return { session, links };
}

async function write(session: PipelineSession, port: string, payloads: readonly Payload[]): Promise<void> {
  const link = session.inputs[port] as Link;
  for (const [seq, payload] of payloads.entries()) {
    if (!link.writable) await link.ready();
    link.send({ timestampUs: seq, seq, epoch: 0, flags: 0, payload });
  }
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index));

const werift = weriftEngine();
const native = nodeDatachannelEngine({ library });

describe.each([
  [werift, werift],
  [werift, native],
  [native, werift],
  [native, native],
])("streams from $name to another peer", (...engines) => {
  test("may end in one direction and go on in the other", async () => {
    const plan = planWith(
      new PipelineBuilder("P", { a: text }, { b: text }).node("Step").link("a", "Step.in").link("Step.out", "b"),
    );
    // Says nothing before it has heard everything.
    const counting = defineNode({
      open: (_, { emit }) => {
        const heard: string[] = [];
        return {
          process: (frame) => void heard.push(String(frame.payload)),
          async end() {
            for (const one of heard) await emit("out", one);
          },
        };
      },
    });
    const { session, links } = await opened(engines, plan, counting);
    await write(session, "a", numbers(300));
    session.inputs["a"]?.end();
    expect(await session.closed).toEqual({ error: undefined });
    expect(links["b"]?.payloads).toEqual(numbers(300));
    expect(links["b"]?.ends).toBe(1);
  });

  test("end with the reason of whoever gives up what it sends", async () => {
    const plan = planWith(
      new PipelineBuilder("P", { a: text }, { b: text }).node("Step").link("a", "Step.in").link("Step.out", "b"),
    );
    const { session } = await opened(engines, plan, marking("!"));
    session.inputs["a"]?.abort(new MeshError("invalid-argument", "The microphone was pulled out."));
    expect((await session.closed).error).toMatchObject({
      code: "invalid-argument",
      message: "The microphone was pulled out.",
    });
  });
});
