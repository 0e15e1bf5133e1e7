import { Readable, Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { range, type Observable } from "rxjs";
import { map } from "rxjs/operators";
import type { FlowType } from "../../runtime/interface/caps.ts";
import type { Frame, Payload } from "../../runtime/interface/frame.ts";
import { defineNode, type Emit, type NodeDefinition } from "../../runtime/interface/node.ts";
import { PipelineBuilder, planWith } from "../support/pipeline-plan-builder.ts";
import { frameSource, periodUs } from "./frame-source.ts";
import { runToEnd } from "../support/run-to-end.ts";

/**
 * What one node does, written the way each of those that are compared wants it. Every one is a function of its own, as in a
 * program: an engine that sees the same function in all places would put it there in place of the call.
 */
export interface Work {
  readonly value: (value: number) => number;
  readonly frame: (frame: Frame) => number;
  readonly emitting: (emit: Emit) => (frame: Frame) => void;
  /** For a `map`, whose payloads are of any kind. */
  readonly payload: (payload: Payload) => number;
}

const works: readonly Work[] = [
  {
    value: (value) => value + 1,
    frame: (frame) => (frame.payload as number) + 1,
    emitting: (emit) => (frame) => void emit("out", (frame.payload as number) + 1),
    payload: (value) => (value as number) + 1,
  },
  {
    value: (value) => value ^ 21,
    frame: (frame) => (frame.payload as number) ^ 21,
    emitting: (emit) => (frame) => void emit("out", (frame.payload as number) ^ 21),
    payload: (value) => (value as number) ^ 21,
  },
  {
    value: (value) => value - 2,
    frame: (frame) => (frame.payload as number) - 2,
    emitting: (emit) => (frame) => void emit("out", (frame.payload as number) - 2),
    payload: (value) => (value as number) - 2,
  },
  {
    value: (value) => value | 4,
    frame: (frame) => (frame.payload as number) | 4,
    emitting: (emit) => (frame) => void emit("out", (frame.payload as number) | 4),
    payload: (value) => (value as number) | 4,
  },
  {
    value: (value) => value + 3,
    frame: (frame) => (frame.payload as number) + 3,
    emitting: (emit) => (frame) => void emit("out", (frame.payload as number) + 3),
    payload: (value) => (value as number) + 3,
  },
  {
    value: (value) => value & 0xffffff,
    frame: (frame) => (frame.payload as number) & 0xffffff,
    emitting: (emit) => (frame) => void emit("out", (frame.payload as number) & 0xffffff),
    payload: (value) => (value as number) & 0xffffff,
  },
];

/** The work of a chain of so many nodes. */
export function worksOf(hops: number): Work[] {
  return Array.from({ length: hops }, (_, index) => works[index % works.length] as Work);
}

/** A chain of so many hops that carries so many values from its beginning to its end. */
export type Chain = (count: number, hops: number) => void | Promise<void>;

/** Keeps results from being optimised away. */
const consumed = { total: 0 };
const consume = (value: number): void => void (consumed.total = (consumed.total + value) | 0);
const consumeFrame = ({ payload }: Frame): void => consume(payload as number);

const frameOf = (index: number): Frame => ({
  timestampUs: index * periodUs,
  seq: index,
  epoch: 0,
  flags: 0,
  payload: index,
});

export const worked = (frame: Frame, work: Work["frame"]): Frame => ({
  timestampUs: frame.timestampUs,
  seq: frame.seq,
  epoch: frame.epoch,
  flags: frame.flags,
  payload: work(frame),
});

export const directCalls: Chain = (count, hops) => {
  let chain = consume;
  for (const { value: work } of worksOf(hops)) {
    const next = chain;
    chain = (value) => next(work(value));
  }
  for (let index = 0; index < count; index += 1) chain(index);
};

/** Direct calls that carry media time along, as ours do. */
export const directFrames: Chain = (count, hops) => {
  let chain = consumeFrame;
  for (const { frame: work } of worksOf(hops)) {
    const next = chain;
    chain = (frame) => next(worked(frame, work));
  }
  for (let index = 0; index < count; index += 1) chain(frameOf(index));
};

export const rxjs: Chain = (count, hops) => {
  let chain: Observable<number> = range(0, count);
  for (const { value } of worksOf(hops)) chain = chain.pipe(map(value));
  chain.subscribe(consume);
};

export const rxjsFrames: Chain = (count, hops) => {
  let chain: Observable<Frame> = range(0, count).pipe(map(frameOf));
  for (const { frame } of worksOf(hops)) chain = chain.pipe(map((one) => worked(one, frame)));
  chain.subscribe(consumeFrame);
};

export const nodeStreams: Chain = async (count, hops) => {
  let next = 0;
  const start = new Readable({
    objectMode: true,
    read() {
      this.push(next < count ? next : null);
      next += 1;
    },
  });
  const stages = worksOf(hops).map(
    (work) => new Transform({ objectMode: true, transform: (value: number, _, done) => done(null, work.value(value)) }),
  );
  const end = new Writable({
    objectMode: true,
    write(value: number, _, done) {
      consume(value);
      done();
    },
  });
  await pipeline([start, ...stages, end]);
};

async function* numbers(count: number): AsyncGenerator<number> {
  for (let index = 0; index < count; index += 1) yield index;
}

async function* mapped(values: AsyncIterable<number>, work: Work["value"]): AsyncGenerator<number> {
  for await (const value of values) yield work(value);
}

export const asyncGenerators: Chain = async (count, hops) => {
  let chain: AsyncIterable<number> = numbers(count);
  for (const { value } of worksOf(hops)) chain = mapped(chain, value);
  for await (const value of chain) consume(value);
};

export const webStreams: Chain = async (count, hops) => {
  let next = 0;
  let chain = new ReadableStream<number>({
    pull(controller) {
      if (next < count) controller.enqueue(next);
      else controller.close();
      next += 1;
    },
  });
  for (const work of worksOf(hops)) {
    chain = chain.pipeThrough(
      new TransformStream<number, number>({ transform: (value, controller) => controller.enqueue(work.value(value)) }),
    );
  }
  await chain.pipeTo(new WritableStream<number>({ write: consume }));
};

const integer: FlowType = { kind: "scalar", name: "int" };

const sink = defineNode({ sync: true, open: () => ({ process: consumeFrame }) });

const numbered = (index: number): number => index;

/** Ours: a session from a source through one node for each work to a sink. */
export const sessionOf =
  (node: (work: Work) => NodeDefinition): Chain =>
  async (count, hops) => {
    const nodes: Record<string, NodeDefinition> = { Source: frameSource(count, numbered), Sink: sink };
    const builder = new PipelineBuilder("Chain").node("Source", {}, { out: integer });
    let last = "Source";
    worksOf(hops).forEach((work, index) => {
      const name = `N${index}`;
      nodes[name] = node(work);
      builder.node(name, { in: integer }, { out: integer }).link(`${last}.out`, `${name}.in`);
      last = name;
    });
    builder.node("Sink", { in: integer }, {}).link(`${last}.out`, "Sink.in");
    const session = await runToEnd(planWith(builder), "Chain", nodes);
    // Every node counts its frames, so this is also a look at the metrics being on.
    for (const one of session.describe().nodes.slice(1)) {
      if (one.frames !== count) throw new Error(`${one.frames} of ${count} frames came to ${one.id}`);
    }
  };
