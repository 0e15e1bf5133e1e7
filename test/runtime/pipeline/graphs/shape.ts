import * as fc from "fast-check";
import type { LinkPlan, NodePlan, PipelinePlan } from "../../../../runtime/interface/plan.ts";
import { bytes, PipelineBuilder, pulse } from "../../../support/pipeline-plan-builder.ts";

/** What a node does with a frame; see `world.ts`. */
export const kinds = ["pass", "later", "slow", "twice", "some", "careless", "pair"] as const;
export type Kind = (typeof kinds)[number];

export const policies = ["round_robin", "fastest", "least_loaded", "adaptive", "hash"] as const;

export interface NodeShape {
  readonly kind: Kind;
  /** Nodes before it, by number; -1 is the input of the pipeline. Of a `pair`, the first two are its inputs. */
  readonly feeds: readonly number[];
  readonly join: "index" | "latest" | "time";
  readonly link: Pick<LinkPlan, "capacityFrames"> & {
    readonly overflow: "block" | "drop_oldest" | "drop_newest";
    readonly deadlineMs?: number;
  };
  /** Each frame that it sends goes to one of those behind it, where there are several; undefined for all. */
  readonly any: (typeof policies)[number] | undefined;
  /** Keeps nothing that it was given, and says so. */
  readonly borrows: boolean;
  /** What it sends stands in buffers of the runtime. */
  readonly pooled: boolean;
  /** At which frame it throws, counted over all its instances, and how often it may be opened anew. */
  readonly fault: { readonly at: number; readonly restarts: number } | undefined;
}

export interface Shape {
  readonly nodes: readonly NodeShape[];
  /** What is sent: milliseconds before it; a pulse to `stop`, or a frame to `a`. */
  readonly sent: readonly { readonly afterMs: number; readonly stop: boolean }[];
  /** The first node of the region that a pulse flushes; undefined where there is no flush. */
  readonly flush: number | undefined;
  /** The reader of the output has room again so many milliseconds after each frame. */
  readonly readMs: number;
  readonly seed: number;
}

/** Something, but once in so many times nothing. */
const maybe = <T>(arbitrary: fc.Arbitrary<T>, once: number): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: once });

const nodeShape = (index: number): fc.Arbitrary<NodeShape> =>
  fc.record({
    kind: fc.constantFrom(...kinds),
    feeds: fc.uniqueArray(fc.integer({ min: -1, max: index - 1 }), { minLength: 1, maxLength: 3 }),
    join: fc.constantFrom("index", "latest", "time"),
    link: fc
      .record({
        capacityFrames: fc.integer({ min: 1, max: 4 }),
        overflow: fc.constantFrom("block", "block", "drop_oldest", "drop_newest"),
        deadlineMs: fc.constantFrom(0, 0, 0, 3),
      })
      .map(({ deadlineMs, ...link }): NodeShape["link"] => (deadlineMs === 0 ? link : { ...link, deadlineMs })),
    any: maybe(fc.constantFrom(...policies), 2),
    borrows: fc.constantFrom(true, true, false),
    pooled: fc.constantFrom(true, true, false),
    // One in eight.
    fault: fc
      .record({ at: fc.integer({ min: 1, max: 6 }), restarts: fc.integer({ min: 0, max: 2 }) })
      .chain((fault) => fc.constantFrom(fault, ...Array.from({ length: 7 }, () => undefined))),
  });

export const shapes: fc.Arbitrary<Shape> = fc.integer({ min: 1, max: 6 }).chain((count) =>
  fc.record({
    nodes: fc.tuple(...Array.from({ length: count }, (_, index) => nodeShape(index))),
    sent: fc.array(
      fc.record({ afterMs: fc.integer({ min: 0, max: 3 }), stop: fc.constantFrom(false, false, false, true) }),
      {
        maxLength: 14,
      },
    ),
    flush: maybe(fc.integer({ min: 0, max: count - 1 }), 3),
    readMs: fc.constantFrom(0, 0, 1, 4),
    seed: fc.nat(),
  }),
);

export const nameOf = (index: number): string => (index < 0 ? "a" : `n${index}`);

/** True where it joins its first two feeds; a `pair` that is fed once passes on. */
export const isPair = ({ kind, feeds }: NodeShape): boolean => kind === "pair" && feeds.length > 1;

/** Where a feed of a node goes in. */
export function portOf(node: NodeShape, place: number): string {
  return isPair(node) ? (["left", "right"][place] ?? "in") : "in";
}

/** The feeds that a node has: of a `pair`, no more than its two inputs. */
export const feedsOf = (node: NodeShape): readonly number[] => (isPair(node) ? node.feeds.slice(0, 2) : node.feeds);

/**
 * How a node is fed. What is joined does not block: where two ways that part meet again and one of them gives fewer frames,
 * a full queue on the other would keep back the very frames that the join waits for.
 */
export function linkOf(node: NodeShape): NodeShape["link"] {
  return isPair(node) && node.link.overflow === "block" ? { ...node.link, overflow: "drop_oldest" } : node.link;
}

/** True where each frame of a node goes to one of several. */
export function isSplit({ nodes }: Shape, from: number): boolean {
  const readers = nodes.filter((node) => feedsOf(node).includes(from)).length + (from === nodes.length - 1 ? 1 : 0);
  return readers > 1 && nodes[from]?.any !== undefined;
}

export function pipelineOf(shape: Shape): PipelineBuilder {
  const builder = new PipelineBuilder("P", { a: bytes, stop: pulse }, { b: bytes });
  const last = shape.nodes.length - 1;
  shape.nodes.forEach((node, index) => {
    const inputs = isPair(node) ? { left: bytes, right: bytes } : { in: bytes };
    builder.node(nameOf(index), inputs, { out: bytes });
  });
  const taken = new Map<number, number>();
  /** Where a node sends each frame to one of several: which of them the next link is. */
  const branch = (from: number): Pick<LinkPlan, "branch"> => {
    if (!isSplit(shape, from)) return {};
    const place = taken.get(from) ?? 0;
    taken.set(from, place + 1);
    return { branch: [{ split: nameOf(from), branch: place }] };
  };
  shape.nodes.forEach((node, index) => {
    feedsOf(node).forEach((from, place) => {
      const start = from < 0 ? "a" : `${nameOf(from)}.out`;
      builder.link(start, `${nameOf(index)}.${portOf(node, place)}`, { ...linkOf(node), ...branch(from) });
    });
  });
  builder.link(`${nameOf(last)}.out`, "b", { capacityFrames: 2, ...branch(last) });
  const plan = builder.build();
  const nodes = plan.nodes.map((node, index): NodePlan => {
    const { fault, join } = shape.nodes[index] as NodeShape;
    return {
      ...node,
      ...(isPair(shape.nodes[index] as NodeShape) && {
        join: { mode: join, inputs: ["left", "right"], ...(join === "time" && { withinMs: 2 }) },
      }),
      ...(fault !== undefined &&
        fault.restarts > 0 && { run: { restart: "on_failure" as const, attempts: fault.restarts, worker: false } }),
    };
  });
  const splits = [...taken].map(([from, branches]): NonNullable<PipelinePlan["splits"]>[number] => ({
    kind: "any",
    id: nameOf(from),
    policy: shape.nodes[from]?.any ?? "round_robin",
    each: "frame",
    branches,
    location: { file: "main.mesh", line: 1, column: 1 },
  }));
  return builder.with({ nodes, splits, ...(shape.flush !== undefined && { flushes: [flushOf(shape, shape.flush)] }) });
}

function flushOf({ nodes }: Shape, target: number): NonNullable<PipelinePlan["flushes"]>[number] {
  const region = new Set([target]);
  nodes.forEach((node, index) => {
    if (feedsOf(node).some((from) => region.has(from))) region.add(index);
  });
  return {
    from: { port: "stop" },
    nodes: [...region].map(nameOf),
    outputs: region.has(nodes.length - 1) ? ["b"] : [],
    location: { file: "main.mesh", line: 1, column: 1 },
  };
}
