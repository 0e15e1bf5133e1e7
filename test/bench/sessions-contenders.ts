import { type Duplex, Readable, Transform, Writable } from "node:stream";
import { Subject, type Observable } from "rxjs";
import { map } from "rxjs/operators";
import type { FlowType } from "../../runtime/interface/caps.ts";
import type { Frame } from "../../runtime/interface/frame.ts";
import type { Link } from "../../runtime/interface/link.ts";
import { defineNode, type NodeDefinition } from "../../runtime/interface/node.ts";
import { launchPlan } from "../../runtime/mesh/launch.ts";
import { PipelineBuilder, planWith } from "../support/pipeline-plan-builder.ts";
import { depsOf } from "../support/pipeline-run.ts";
import { realClock, seededRandom } from "../support/real-clock.ts";
import { worked, worksOf } from "./hop-chains.ts";
import * as calls from "../../runtime/remote/calls.ts";

/** Takes the frames of one session. */
export type Push = (frame: Frame) => void;

/** Opens one session of the pipeline, whose frames go to `out`. */
export type Open = (out: Push) => Push | Promise<Push>;

/** How the pipeline is run: set up once, then opened for each session. */
export type Contender = () => Open | Promise<Open>;

const length = 5;
const integer: FlowType = { kind: "scalar", name: "int" };

/** Ours: one launched pipeline. */
async function ours(): Promise<Open> {
  const nodes: Record<string, NodeDefinition> = {};
  const builder = new PipelineBuilder("Five", { in: integer }, { out: integer });
  let last = "in";
  worksOf(length).forEach(({ frame: work }, index) => {
    const name = `N${index}`;
    nodes[name] = defineNode({ sync: true, open: () => ({ process: work }) });
    builder.node(name, { in: integer }, { out: integer }).link(last, `${name}.in`);
    last = `${name}.out`;
  });
  builder.link(last, "out");
  const { registry } = depsOf(nodes);
  const plan = planWith(builder);
  const platform = {
    clock: realClock,
    random: seededRandom(1),
    log: () => undefined,
    env: () => undefined,
    transports: [],
    calls: async () => calls,
    serve: () => {
      throw new Error("nobody calls from outside");
    },
  };
  const mesh = await launchPlan(plan, platform, { registry });
  return async (out) => {
    const link: Link = {
      writable: true,
      ready: () => Promise.resolve(),
      send: out,
      end: () => undefined,
      abort: () => undefined,
    };
    const session = await mesh.open("Five", {
      params: {},
      inputs: { in: integer },
      outputs: { out: { type: integer, link } },
      schemas: {},
      signal: new AbortController().signal,
    });
    const input = session.inputs["in"] as Link;
    // Where the machine cannot follow, frames are missing at the end, and that is shown.
    return (frame) => {
      if (input.writable) input.send(frame);
    };
  };
}

const directCalls: Contender = () => {
  const works = worksOf(length).map(({ frame }) => frame);
  return (out) => (frame) => {
    let result = frame;
    for (const work of works) result = worked(result, work);
    out(result);
  };
};

const rxjs: Contender = () => {
  const works = worksOf(length).map(({ frame }) => frame);
  return (out) => {
    const source = new Subject<Frame>();
    let chain: Observable<Frame> = source;
    for (const work of works) chain = chain.pipe(map((frame) => worked(frame, work)));
    chain.subscribe(out);
    return (frame) => source.next(frame);
  };
};

/** Frames that wait for a reader, as an async generator. */
class Inbox {
  readonly #frames: Frame[] = [];
  #wake: (() => void) | undefined;

  push(frame: Frame): void {
    this.#frames.push(frame);
    this.#wake?.();
    this.#wake = undefined;
  }

  async *read(): AsyncGenerator<Frame> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
      else yield frame;
    }
  }
}

async function* mapped(frames: AsyncIterable<Frame>, work: (frame: Frame) => number): AsyncGenerator<Frame> {
  for await (const frame of frames) yield worked(frame, work);
}

async function drained(frames: AsyncIterable<Frame>, out: Push): Promise<void> {
  for await (const frame of frames) out(frame);
}

const asyncGenerators: Contender = () => {
  const works = worksOf(length).map(({ frame }) => frame);
  return (out) => {
    const inbox = new Inbox();
    let chain: AsyncIterable<Frame> = inbox.read();
    for (const work of works) chain = mapped(chain, work);
    void drained(chain, out);
    return (frame) => inbox.push(frame);
  };
};

const nodeStreams: Contender = () => {
  const works = worksOf(length).map(({ frame }) => frame);
  return (out) => {
    const source = new Readable({ objectMode: true, read: () => undefined });
    let chain: Readable | Duplex = source;
    for (const work of works) {
      const transform = (frame: Frame, _: unknown, done: (error: null, frame: Frame) => void): void =>
        done(null, worked(frame, work));
      chain = chain.pipe(new Transform({ objectMode: true, transform }));
    }
    chain.pipe(
      new Writable({
        objectMode: true,
        write(frame: Frame, _, done) {
          out(frame);
          done();
        },
      }),
    );
    return (frame) => void source.push(frame);
  };
};

export const contenders = {
  ours,
  RxJS: rxjs,
  "async generators": asyncGenerators,
  "Node object streams": nodeStreams,
  "direct calls": directCalls,
} as const satisfies Record<string, Contender>;

export type ContenderName = keyof typeof contenders;
