import type { FlowType } from "../../runtime/interface/caps.ts";
import type { Frame, Payload } from "../../runtime/interface/frame.ts";
import type { NodeDefinition } from "../../runtime/interface/node.ts";
import type { PipelineSession, SessionRequest } from "../../runtime/interface/session.ts";
import { BoundedChannel } from "../../runtime/pipeline/bounded-channel.ts";
import type { PipelineDeps } from "../../runtime/pipeline/deps.ts";
import { pipelineEndpoint } from "../../runtime/pipeline/endpoint.ts";
import { planWith, text, type PipelineBuilder } from "./pipeline-plan-builder.ts";
import { depsOf } from "./pipeline-run.ts";

export interface OpenInit {
  readonly nodes?: Readonly<Record<string, NodeDefinition>>;
  readonly inputs?: Readonly<Record<string, FlowType>>;
  readonly outputs?: SessionRequest["outputs"];
  readonly params?: SessionRequest["params"];
  readonly signal?: AbortSignal;
  readonly deps?: Partial<PipelineDeps>;
}

/** Opens the first of the pipelines; by default as a caller that feeds and takes all ports as text. */
export async function openSession(builders: PipelineBuilder | readonly PipelineBuilder[], init: OpenInit = {}) {
  const all = Array.isArray(builders) ? (builders as readonly PipelineBuilder[]) : [builders as PipelineBuilder];
  const plan = planWith(...all);
  const [pipeline] = Object.values(plan.pipelines);
  if (pipeline === undefined) throw new Error("a pipeline is wanted");
  const channels: Record<string, BoundedChannel> = {};
  const outputs: Record<string, SessionRequest["outputs"][string]> = {};
  for (const [port, { type }] of Object.entries(pipeline.outputs)) {
    const link = new BoundedChannel({ capacityFrames: 4_096, overflow: "block", name: port });
    channels[port] = link;
    outputs[port] = { type, link };
  }
  const base = depsOf(init.nodes ?? {});
  const deps = { ...base, ...init.deps };
  const session = await pipelineEndpoint(plan, pipeline.name, deps).open({
    params: init.params ?? {},
    inputs:
      init.inputs ??
      Object.fromEntries(Object.keys(pipeline.inputs).map((port) => [port, pipeline.inputs[port]?.type ?? text])),
    outputs: init.outputs ?? outputs,
    schemas: {},
    signal: init.signal ?? new AbortController().signal,
  });
  return { session, channels, events: base.events };
}

/** Everything that comes out of a queue until its end. @throws {MeshError} what its writer aborted with */
export async function drain(channel: BoundedChannel | undefined): Promise<Frame[]> {
  const frames: Frame[] = [];
  while (channel !== undefined) {
    const readable = new Promise<void>((resolve) => channel.readBy({ readable: resolve }));
    for (let frame = channel.take(); frame !== undefined; frame = channel.take()) frames.push(frame);
    if (channel.error !== undefined) throw channel.error;
    if (channel.ended) break;
    await readable;
  }
  return frames;
}

export const payloadsOf = (frames: readonly Frame[]): Payload[] => frames.map((frame) => frame.payload);

export function frameOf(payload: Payload, seq = 0, epoch = 0): Frame {
  return { timestampUs: seq * 1_000, seq, epoch, flags: 0, payload };
}

/** Writes payloads with back-pressure and leaves the input open. */
export async function write(session: PipelineSession, port: string, payloads: Iterable<Payload>): Promise<void> {
  const link = session.inputs[port];
  if (link === undefined) throw new Error(`no input ${port}`);
  let seq = 0;
  for (const payload of payloads) {
    if (!link.writable) await link.ready();
    link.send(frameOf(payload, seq));
    seq += 1;
  }
}
