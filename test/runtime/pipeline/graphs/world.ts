import { delay } from "../../../../runtime/interface/clock.ts";
import type { MeshError } from "../../../../runtime/interface/errors.ts";
import type { Frame } from "../../../../runtime/interface/frame.ts";
import type { Link } from "../../../../runtime/interface/link.ts";
import {
  defineNode,
  type NodeContext,
  type NodeDefinition,
  type NodeInstance,
} from "../../../../runtime/interface/node.ts";
import type { SessionDescription } from "../../../../runtime/interface/session.ts";
import { pipelineEndpoint } from "../../../../runtime/pipeline/endpoint.ts";
import { depsOf } from "../../../support/pipeline-run.ts";
import { planWith, pulse, text } from "../../../support/pipeline-plan-builder.ts";
import { seededRandom } from "../../../support/real-clock.ts";
import { seededClock, type SeededClock } from "../../../support/seeded-clock.ts";
import { isPair, nameOf, pipelineOf, type NodeShape, type Shape } from "./shape.ts";

/** All that a run was seen to do. */
export interface Outcome {
  /** Everything that came in anywhere, in order, with its time. */
  readonly trace: readonly string[];
  /** By `from -> to`: the numbers of the frames that came, in order. Each node numbers what it sends. */
  readonly arrived: ReadonlyMap<string, readonly number[]>;
  /** By node: frames that its code has sent. */
  readonly emitted: ReadonlyMap<string, number>;
  /** By queue: the most that waited at a time. */
  readonly most: ReadonlyMap<string, number>;
  readonly error: MeshError | undefined;
  /** When the session was over. */
  readonly description: SessionDescription;
  /** Timers that are still set. */
  readonly pending: number;
  readonly accepted: number;
}

/** How long a session of these graphs may take, in milliseconds of its clock. */
const limitMs = 60_000;

/** Runs a graph with all that is sent into it, to its end. */
export async function run(shape: Shape): Promise<Outcome> {
  const random = seededRandom(shape.seed);
  const clock = seededClock(random);
  const world = new World(shape, clock);
  const builder = pipelineOf(shape);
  const deps = { ...depsOf({}), clock, random, registry: ({ id }: { readonly id: string }) => world.definition(id) };
  const opening = pipelineEndpoint(planWith(builder), "P", deps).open({
    params: {},
    inputs: { a: text, stop: pulse },
    outputs: { b: { type: text, link: world.reader() } },
    schemas: {},
    signal: new AbortController().signal,
  });
  const session = await clock.until(opening, limitMs);
  const most = new Map<string, number>();
  const look = (): void => {
    for (const { name, queued } of session.describe().streams) most.set(name, Math.max(queued, most.get(name) ?? 0));
  };
  const { a, stop } = session.inputs as { readonly a: Link; readonly stop: Link };
  let accepted = 0;
  const writing = (async () => {
    let seq = 0;
    for (const one of shape.sent) {
      if (one.afterMs > 0) await delay(clock, one.afterMs);
      const frame = { timestampUs: clock.nowUs(), seq, epoch: 0, flags: 0 };
      if (one.stop) {
        stop.send({ ...frame, payload: null });
        continue;
      }
      while (!a.writable) await a.ready();
      a.send({ ...frame, payload: `a:${seq}` });
      seq += 1;
      accepted += 1;
    }
    a.end();
    stop.end();
    // A session that has ended takes no more.
  })().catch(() => undefined);
  const { error } = await clock.until(session.closed, limitMs, look);
  await clock.until(writing, limitMs);
  await clock.until(session.close(), limitMs);
  const { trace, arrived, emitted } = world;
  const pending = clock.pending - world.reading;
  return { trace, arrived, emitted, most, error, description: session.describe(), pending, accepted };
}

class World {
  readonly trace: string[] = [];
  readonly arrived = new Map<string, number[]>();
  readonly emitted = new Map<string, number>();
  /** Timers of the reader of the output, which may outlive the session. */
  reading = 0;
  readonly #shape: Shape;
  readonly #clock: SeededClock;
  /** By node: frames that all its instances have taken. */
  readonly #taken = new Map<string, number>();

  constructor(shape: Shape, clock: SeededClock) {
    this.#shape = shape;
    this.#clock = clock;
  }

  definition(id: string): NodeDefinition {
    const index = this.#shape.nodes.findIndex((_, at) => nameOf(at) === id);
    const shape = this.#shape.nodes[index] as NodeShape;
    const sync = !isPair(shape) && (shape.kind === "pass" || shape.kind === "some" || shape.kind === "pair");
    return defineNode({
      sync,
      open: (_, context) => this.#instance(id, shape, context as NodeContext) as never,
    });
  }

  /** The reader of the output. */
  reader(): Link {
    const { readMs } = this.#shape;
    const clock = this.#clock;
    let writable = true;
    let wake: () => void = () => undefined;
    return {
      get writable() {
        return writable;
      },
      ready: () => (writable ? Promise.resolve() : new Promise((resolve) => (wake = resolve))),
      send: (frame) => {
        this.#arrive("b", "b", frame);
        if (readMs === 0) return;
        writable = false;
        this.reading += 1;
        clock.schedule(readMs, () => {
          this.reading -= 1;
          writable = true;
          wake();
        });
      },
      end: () => this.#note("b ends"),
      abort: () => undefined,
    };
  }

  #instance(id: string, shape: NodeShape, { emit, clock }: NodeContext): NodeInstance {
    const next = (): string => {
      const number = this.emitted.get(id) ?? 0;
      this.emitted.set(id, number + 1);
      return `${id}:${number}`;
    };
    const take = (): void => {
      const taken = (this.#taken.get(id) ?? 0) + 1;
      this.#taken.set(id, taken);
      if (taken === shape.fault?.at) throw new Error(`${id} fails`);
    };
    if (isPair(shape)) {
      return {
        join: (frames) => {
          for (const [port, frame] of Object.entries(frames)) {
            this.#arrive(id, port, frame as Frame, shape.join === "latest");
          }
          take();
          return next();
        },
      };
    }
    const arrive = (frame: Frame): void => {
      this.#arrive(id, "in", frame);
      take();
    };
    switch (shape.kind) {
      case "later":
        return {
          async process(frame) {
            arrive(frame);
            await Promise.resolve();
            await emit("out", next());
          },
        };
      case "slow":
        return {
          async process(frame) {
            arrive(frame);
            await delay(clock, 1 + (Number(String(frame.payload).split(":")[1]) % 3));
            return next();
          },
        };
      case "twice":
        return {
          async *process(frame) {
            arrive(frame);
            yield next();
            await Promise.resolve();
            yield next();
          },
        };
      case "careless":
        return {
          process(frame) {
            arrive(frame);
            void emit("out", next());
            void emit("out", next());
            return Number(String(frame.payload).split(":")[1]) % 2 === 0 ? Promise.resolve() : undefined;
          },
        };
      case "some":
        return {
          process(frame) {
            arrive(frame);
            if (Number(String(frame.payload).split(":")[1]) % 3 > 0) void emit("out", next());
          },
        };
      case "pass":
      case "pair":
        return {
          process(frame) {
            arrive(frame);
            return next();
          },
        };
      default:
        return shape.kind satisfies never;
    }
  }

  /** @param again it may have come before, as the latest of its input */
  #arrive(to: string, port: string, { payload, epoch, timestampUs }: Frame, again = false): void {
    const [from = "", number = ""] = String(payload).split(":");
    const key = `${from} -> ${to}`;
    const known = this.arrived.get(key);
    if (known === undefined) this.arrived.set(key, [Number(number)]);
    else if (!again || known.at(-1) !== Number(number)) known.push(Number(number));
    this.#note(`${to}.${port} ${String(payload)} of epoch ${epoch} at ${timestampUs}`);
  }

  #note(what: string): void {
    this.trace.push(`${this.#clock.nowMs} ${what}`);
  }
}
