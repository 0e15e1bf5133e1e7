import { delay } from "../../../../runtime/interface/clock.ts";
import type { MeshError } from "../../../../runtime/interface/errors.ts";
import type { Frame, Payload } from "../../../../runtime/interface/frame.ts";
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
import { bytes, planWith, pulse } from "../../../support/pipeline-plan-builder.ts";
import { seededRandom } from "../../../support/real-clock.ts";
import { seededClock, type SeededClock } from "../../../support/seeded-clock.ts";
import { payloadOf, textOf } from "./payload.ts";
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
  /** Payloads that were not what they had been while somebody could still look at them. */
  readonly changed: readonly string[];
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
    inputs: { a: bytes, stop: pulse },
    outputs: { b: { type: bytes, link: world.reader() } },
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
      a.send({ ...frame, payload: payloadOf("a", seq, (length) => new Uint8Array(length)) });
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
  return {
    trace,
    arrived,
    emitted,
    most,
    changed: world.allChanged(),
    error,
    description: session.describe(),
    pending,
    accepted,
  };
}

class World {
  readonly trace: string[] = [];
  readonly arrived = new Map<string, number[]>();
  readonly emitted = new Map<string, number>();
  /** What a payload was that somebody keeps, who may. */
  readonly #kept: { readonly payload: Payload; readonly was: string; readonly by: string }[] = [];
  readonly #changed: string[] = [];
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

  /** At the end of all. */
  allChanged(): string[] {
    for (const { payload, was, by } of this.#kept) this.#same(by, payload, was);
    return this.#changed;
  }

  definition(id: string): NodeDefinition {
    const index = this.#shape.nodes.findIndex((_, at) => nameOf(at) === id);
    const shape = this.#shape.nodes[index] as NodeShape;
    const sync = !isPair(shape) && (shape.kind === "pass" || shape.kind === "some" || shape.kind === "pair");
    return defineNode({
      sync,
      borrows: shape.borrows,
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
        this.#keep("b", frame);
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

  #instance(id: string, shape: NodeShape, { emit, clock, buffers }: NodeContext): NodeInstance {
    const next = (): Uint8Array => {
      const number = this.emitted.get(id) ?? 0;
      this.emitted.set(id, number + 1);
      return payloadOf(id, number, (length) => (shape.pooled ? buffers.uint8(length) : new Uint8Array(length)));
    };
    const take = (): void => {
      const taken = (this.#taken.get(id) ?? 0) + 1;
      this.#taken.set(id, taken);
      if (taken === shape.fault?.at) throw new Error(`${id} fails`);
    };
    /** Looks at a payload, and once more when it is called. */
    const look = ({ payload }: Frame): (() => void) => {
      const was = textOf(payload);
      if (!shape.borrows) this.#keep(id, { payload });
      return () => this.#same(id, payload, was);
    };
    if (isPair(shape)) {
      return {
        join: (frames) => {
          const looks = Object.entries(frames).map(([port, frame]) => {
            this.#arrive(id, port, frame as Frame, shape.join === "latest");
            return look(frame as Frame);
          });
          take();
          const sent = next();
          for (const again of looks) again();
          return sent;
        },
      };
    }
    const arrive = (frame: Frame): (() => void) => {
      this.#arrive(id, "in", frame);
      take();
      return look(frame);
    };
    switch (shape.kind) {
      case "later":
        return {
          async process(frame) {
            const again = arrive(frame);
            await Promise.resolve();
            again();
            await emit("out", next());
            again();
          },
        };
      case "slow":
        return {
          async process(frame) {
            const again = arrive(frame);
            await delay(clock, 1 + (numberOf(frame) % 3));
            again();
            return next();
          },
        };
      case "twice":
        return {
          async *process(frame) {
            const again = arrive(frame);
            yield next();
            await Promise.resolve();
            yield next();
            again();
          },
        };
      case "careless":
        return {
          process(frame) {
            const again = arrive(frame);
            void emit("out", next());
            void emit("out", next());
            again();
            return numberOf(frame) % 2 === 0 ? Promise.resolve().then(again) : undefined;
          },
        };
      case "some":
        return {
          process(frame) {
            const again = arrive(frame);
            if (numberOf(frame) % 3 > 0) void emit("out", next());
            again();
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
    const text = textOf(payload);
    const [from = "", number = ""] = text.split(":");
    const key = `${from} -> ${to}`;
    const known = this.arrived.get(key);
    if (known === undefined) this.arrived.set(key, [Number(number)]);
    else if (!again || known.at(-1) !== Number(number)) known.push(Number(number));
    this.#note(`${to}.${port} ${text} of epoch ${epoch} at ${timestampUs}`);
  }

  #keep(by: string, { payload }: Pick<Frame, "payload">): void {
    this.#kept.push({ payload, was: textOf(payload), by });
  }

  #same(by: string, payload: Payload, was: string): void {
    const now = textOf(payload);
    if (now !== was) this.#changed.push(`${was}, which ${by} looks at, has become ${now}`);
  }

  #note(what: string): void {
    this.trace.push(`${this.#clock.nowMs} ${what}`);
  }
}

const numberOf = ({ payload }: Frame): number => Number(textOf(payload).split(":")[1]);
