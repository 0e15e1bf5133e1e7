import type { FlowType } from "../interface/caps.ts";
import { formatLocation, MeshError } from "../interface/errors.ts";
import { overflowOf } from "../interface/plan-defaults.ts";
import type { LinkEnd, LinkPlan, PipelinePlan } from "../interface/plan.ts";

/** How a link is carried: by a call, or by a queue in front of its reader. */
export type Carriage = "call" | "queue";

/** One link of a pipeline with what the graph around it says about it. */
export interface Wire {
  /** Among the wires of its graph. */
  readonly place: number;
  readonly link: LinkPlan;
  /** `vad.speech -> stt.speech` */
  readonly name: string;
  readonly signal: boolean;
  /** The type of the port that it leads to. */
  readonly reads: FlowType;
  /** Closes a loop: its reader does not wait for its end, and it holds nobody up. */
  readonly back: boolean;
  readonly carriage: Carriage;
  /** What a queue does when it is full. */
  readonly overflow: NonNullable<LinkPlan["overflow"]>;
  /** Its reader has other inputs, or others that write to the same one. */
  readonly merges: boolean;
}

/** Part of a pipeline that an epoch ends in: names of nodes and remotes, and of outputs of the pipeline. */
export interface Region {
  readonly nodes: ReadonlySet<string>;
  readonly outputs: ReadonlySet<string>;
}

export interface GraphInit {
  /** True for a node whose code always finishes before it returns. */
  readonly isSync: (node: string) => boolean;
  /** True for an output of the pipeline that somebody wants. */
  readonly isWanted: (output: string) => boolean;
}

/** The wires of a session; links into outputs nobody wants are not among them. */
export class Graph {
  readonly wires: readonly Wire[];

  /** @throws {MeshError} `invalid-argument` when a link names a node or port that is not there */
  constructor(pipeline: PipelinePlan, init: GraphInit) {
    checkEnds(pipeline);
    const links = pipeline.links.filter((link) => link.to.node !== undefined || init.isWanted(link.to.port));
    const back = backLinks(pipeline, links);
    this.wires = links.map((link, place) => ({
      place,
      link,
      name: `${endName(link.from)} -> ${endName(link.to)}`,
      signal: link.type.kind === "signal",
      reads: readerType(pipeline, link),
      back: back.has(link),
      carriage: isCall(pipeline, links, link, init) && !back.has(link) ? "call" : "queue",
      overflow: overflowOf(link),
      merges: links.filter((other) => other.to.node === link.to.node).length > 1,
    }));
    this.called = calledNodes(pipeline, links);
  }

  from(node: string | undefined, port: string): readonly Wire[] {
    return this.wires.filter(({ link }) => link.from.node === node && link.from.port === port);
  }

  /** Nodes that may get frames of a call of a `first`: all between its branches and the links that its answers leave by. */
  readonly called: ReadonlySet<string>;

  /** All that the frames of a port can come to, other than by signals and round a loop. */
  reach(node: string | undefined, port: string): Region {
    const nodes = new Set<string>();
    const outputs = new Set<string>();
    const waiting = [...this.from(node, port)];
    for (let wire = waiting.pop(); wire !== undefined; wire = waiting.pop()) {
      const { to } = wire.link;
      if (wire.signal || wire.back) continue;
      if (to.node === undefined) outputs.add(to.port);
      else if (!nodes.has(to.node)) {
        nodes.add(to.node);
        waiting.push(...this.wires.filter(({ link }) => link.from.node === to.node));
      }
    }
    return { nodes, outputs };
  }

  to(node: string | undefined, port?: string): readonly Wire[] {
    return this.wires.filter(({ link }) => link.to.node === node && (port === undefined || link.to.port === port));
  }
}

function readerType(pipeline: PipelinePlan, { to, type }: LinkPlan): FlowType {
  if (to.node === undefined) return pipeline.outputs[to.port]?.type ?? type;
  const reader = [...pipeline.nodes, ...pipeline.remotes].find((vertex) => vertex.id === to.node);
  return reader?.inputs[to.port]?.type ?? type;
}

export function endName(end: LinkEnd): string {
  return end.node === undefined ? end.port : `${end.node}.${end.port}`;
}

/**
 * A node is called in line when it is synchronous and fed by one link, from another node; so are several at a fork, one after
 * the other. Borders keep their queue, so that a caller never runs the code of a node inside its `send`.
 */
function isCall(pipeline: PipelinePlan, links: readonly LinkPlan[], link: LinkPlan, init: GraphInit): boolean {
  const { from, to } = link;
  if (from.node === undefined || to.node === undefined || overflowOf(link) !== "block") return false;
  if (link.branch !== undefined || link.won !== undefined) return false;
  if (!pipeline.nodes.some((node) => node.id === from.node)) return false;
  const reader = pipeline.nodes.find((node) => node.id === to.node);
  if (reader === undefined || !init.isSync(to.node) || reader.join !== undefined) return false;
  // What comes while it is opened anew has to wait somewhere; and a thread of its own is never in line.
  if (reader.run?.restart === "on_failure" || reader.run?.worker === true) return false;
  return links.filter((other) => other.to.node === to.node).length === 1;
}

/**
 * The links that close loops, so that without them the graph has an order. Kahn's algorithm; where only loops are left,
 * one is opened at a node that something outside already feeds, if possible where only signals come back.
 */
function backLinks(pipeline: PipelinePlan, links: readonly LinkPlan[]): Set<LinkPlan> {
  const back = new Set<LinkPlan>();
  const waiting = new Set([...pipeline.nodes, ...pipeline.remotes].map((vertex) => vertex.id));
  const inputsOf = new Map([...waiting].map((id) => [id, links.filter((link) => link.to.node === id)]));
  const isHeld = (link: LinkPlan): boolean =>
    link.from.node !== undefined && waiting.has(link.from.node) && !back.has(link);
  const held = (id: string): LinkPlan[] => (inputsOf.get(id) ?? []).filter(isHeld);
  while (waiting.size > 0) {
    const free = [...waiting].filter((id) => held(id).length === 0);
    for (const id of free) waiting.delete(id);
    if (free.length > 0) continue;
    const ranked = [...waiting].map((id) => {
      const loops = held(id);
      const fed = loops.length < (inputsOf.get(id)?.length ?? 0);
      const signals = loops.every((link) => link.type.kind === "signal");
      return { loops, rank: (fed ? 2 : 0) + (signals ? 1 : 0) };
    });
    let best = ranked[0];
    for (const candidate of ranked) if (best === undefined || candidate.rank > best.rank) best = candidate;
    for (const link of best?.loops ?? []) back.add(link);
  }
  return back;
}

function calledNodes(pipeline: PipelinePlan, links: readonly LinkPlan[]): Set<string> {
  const called = new Set<string>();
  for (const split of pipeline.splits ?? []) {
    if (split.kind !== "first") continue;
    const seen = new Set<string>();
    const waiting = links.filter((link) => link.branch?.some((one) => one.split === split.id));
    for (let link = waiting.pop(); link !== undefined; link = waiting.pop()) {
      const { node } = link.to;
      if (node === undefined || seen.has(node)) continue;
      seen.add(node);
      waiting.push(
        ...links.filter((next) => next.from.node === node && !next.won?.some((one) => one.split === split.id)),
      );
    }
    for (const node of seen) called.add(node);
  }
  return called;
}

function checkEnds(pipeline: PipelinePlan): void {
  const vertices = new Map([...pipeline.nodes, ...pipeline.remotes].map((vertex) => [vertex.id, vertex]));
  for (const link of pipeline.links) {
    const from = link.from.node === undefined ? pipeline.inputs : vertices.get(link.from.node)?.outputs;
    const to = link.to.node === undefined ? pipeline.outputs : vertices.get(link.to.node)?.inputs;
    const missing =
      from === undefined || !Object.hasOwn(from, link.from.port)
        ? link.from
        : to === undefined || !Object.hasOwn(to, link.to.port)
          ? link.to
          : undefined;
    if (missing === undefined) continue;
    throw new MeshError(
      "invalid-argument",
      `The plan of pipeline \`${pipeline.name}\` links \`${endName(missing)}\`, which is not there (${formatLocation(link.location)}).`,
      { location: link.location, hint: "Build the `.mesh` file again." },
    );
  }
}
