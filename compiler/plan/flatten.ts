import type { BranchPlan, LinkEnd, RunPlan } from "../../runtime/interface/plan.ts";
import type { SolvedType } from "../check/cells.ts";
import type { BranchStep, GraphEnd, GraphFlush, GraphLink, GraphSplit, Instance } from "../check/graph.ts";
import { readLinkOptions, type LinkOptions } from "../check/options.ts";
import { Reporter } from "../check/reporter.ts";
import { defaultPort } from "../check/signature.ts";
import { locationOf } from "../source/source-file.ts";
import { PlanScope } from "./scope.ts";

type Location = ReturnType<typeof locationOf>;

/** A node or remote, with the pipeline that it stands in. */
export interface FlatInstance {
  readonly id: string;
  readonly instance: Instance;
  readonly scope: PlanScope;
  readonly run: RunPlan | undefined;
  readonly location: Location;
}

export interface FlatLink {
  readonly from: LinkEnd;
  readonly to: LinkEnd;
  /** That of the producer, over the cells of `scope`. */
  readonly type: SolvedType;
  /** Those of the ports of inlined pipelines on the way. */
  readonly through: readonly SolvedType[];
  readonly scope: PlanScope;
  readonly options: LinkOptions;
  readonly branch: readonly BranchPlan[];
  readonly won: readonly BranchPlan[];
  readonly location: Location;
}

export interface FlatFlush {
  readonly from: LinkEnd;
  readonly branch: readonly BranchPlan[];
  /** Where it begins: nodes, and ends of links. */
  readonly nodes: readonly string[];
  readonly ends: readonly LinkEnd[];
  readonly location: Location;
}

/** Where the inputs of a pipeline come together before they go on. */
export interface FlatJoin {
  readonly id: string;
  readonly scope: PlanScope;
}

/** A pipeline without pipelines in it. */
export interface FlatGraph {
  readonly instances: FlatInstance[];
  readonly joins: FlatJoin[];
  readonly links: FlatLink[];
  readonly splits: { readonly id: string; readonly split: GraphSplit; readonly scope: PlanScope }[];
  readonly flushes: FlatFlush[];
  /** The pipelines that stood where a node may, from the outside in. */
  readonly inlined: { readonly id: string; readonly scope: PlanScope; readonly location: Location }[];
}

/** What stands at one end of an arrow while pipelines are being put in: a port that stays, a border, or a flush. */
type Vertex =
  | { readonly kind: "end"; readonly end: LinkEnd }
  | { readonly kind: "border"; readonly key: string }
  | { readonly kind: "flush"; readonly flush: GraphFlush };

interface Piece extends Omit<FlatLink, "from" | "to"> {
  readonly from: Vertex;
  readonly to: Vertex;
}

/** Puts the pipelines that stand in the place of nodes in, with their remotes, and joins the links at their borders. */
export function flatten(root: PlanScope): FlatGraph {
  return new Flattener().flatten(root);
}

/** The name of the node that joins the inputs of a pipeline; no instance of a program can have it. */
export const joinName = "(join)";

class Flattener {
  readonly #graph: FlatGraph = { instances: [], joins: [], links: [], splits: [], flushes: [], inlined: [] };
  readonly #pieces: Piece[] = [];
  readonly #behind = new Map<string, Piece[]>();

  flatten(root: PlanScope): FlatGraph {
    this.#collect(root);
    for (const piece of this.#pieces) {
      if (piece.from.kind !== "border") continue;
      const list = this.#behind.get(piece.from.key) ?? [];
      list.push(piece);
      this.#behind.set(piece.from.key, list);
    }
    for (const piece of this.#pieces) if (piece.from.kind === "end") this.#follow(piece.from.end, piece);
    return this.#graph;
  }

  #collect(scope: PlanScope): void {
    const { graph, symbol } = scope.checked;
    const { source } = symbol.file;
    const { join } = graph.signature;
    if (join !== undefined) this.#graph.joins.push({ id: `${scope.prefix}${joinName}`, scope });
    for (const name of join?.inputs ?? []) {
      const type = graph.own.inputs.get(name);
      if (type === undefined) continue;
      const location = locationOf({ source, span: join?.span ?? symbol.syntax.name.span });
      this.#pieces.push({
        from: this.#entry(scope, name),
        to: { kind: "end", end: { node: `${scope.prefix}${joinName}`, port: name } },
        type,
        through: [],
        scope,
        options: readLinkOptions(symbol.file, undefined, new Reporter()),
        branch: [],
        won: [],
        location,
      });
    }
    for (const instance of graph.instances.values()) {
      const id = `${scope.prefix}${instance.id}`;
      const location = locationOf({ source, span: instance.span });
      if (instance.inlined === undefined) {
        this.#graph.instances.push({ id, instance, scope, run: instance.run ?? scope.run, location });
        continue;
      }
      const inner = new PlanScope(instance.inlined.checked, { scope, instance });
      this.#graph.inlined.push({ id, scope: inner, location });
      this.#collect(inner);
    }
    for (const split of graph.splits) {
      this.#graph.splits.push({ id: `${scope.prefix}${split.id}`, split, scope });
    }
    for (const link of graph.links) this.#link(link, scope);
    for (const flush of graph.flushes) {
      const { from, branch, arrowSpan } = flush;
      this.#pieces.push({
        from: this.#vertex(from, "out", scope),
        to: { kind: "flush", flush },
        type: from.type,
        through: [],
        scope,
        options: readLinkOptions(symbol.file, undefined, new Reporter()),
        branch: branchesOf(branch, scope),
        won: [],
        location: locationOf({ source, span: arrowSpan }),
      });
    }
  }

  /** One piece for each converter, and one more. */
  #link(link: GraphLink, scope: PlanScope): void {
    const { file } = scope.checked.symbol;
    const options = readLinkOptions(file, link.options, new Reporter());
    const location = locationOf({ source: file.source, span: link.arrowSpan });
    const branch = branchesOf(link.branch, scope);
    const won = branchesOf(link.won, scope);
    const rest = { scope, options, location };
    let from = this.#vertex(link.from, "out", scope);
    let { type } = link.from;
    let first = true;
    const add = (to: Vertex): void => {
      this.#pieces.push({ from, to, type, through: [], branch: first ? branch : [], won: first ? won : [], ...rest });
      first = false;
    };
    for (const converter of link.chain) {
      const into = defaultPort(converter.signature.inputs);
      const out = defaultPort(converter.signature.outputs);
      const next = out && converter.outputs.get(out.name);
      if (into === undefined || out === undefined || next === undefined) continue;
      const node = `${scope.prefix}${converter.id}`;
      add({ kind: "end", end: { node, port: into.name } });
      from = { kind: "end", end: { node, port: out.name } };
      type = next;
    }
    add(this.#vertex(link.to, "in", scope));
  }

  #vertex({ instance, port }: GraphEnd, side: "in" | "out", scope: PlanScope): Vertex {
    if (instance === undefined) {
      if (side === "in") return this.#exit(scope, port.name);
      const { join } = scope.checked.graph.signature;
      return join?.inputs.includes(port.name) === true
        ? { kind: "end", end: { node: `${scope.prefix}${joinName}`, port: port.name } }
        : this.#entry(scope, port.name);
    }
    const node = `${scope.prefix}${instance.id}`;
    if (instance.inlined === undefined) return { kind: "end", end: { node, port: port.name } };
    return { kind: "border", key: `${node}/ ${side} ${port.name}` };
  }

  /** An input of the pipeline itself, as a source inside it. */
  #entry(scope: PlanScope, port: string): Vertex {
    return scope.isOutermost ? { kind: "end", end: { port } } : { kind: "border", key: `${scope.prefix} in ${port}` };
  }

  /** An output of the pipeline itself, as a target inside it. */
  #exit(scope: PlanScope, port: string): Vertex {
    return scope.isOutermost ? { kind: "end", end: { port } } : { kind: "border", key: `${scope.prefix} out ${port}` };
  }

  /** Where a flush begins: a node, all of a pipeline, or what a port of the pipeline around leads to. */
  #starts(target: Instance | string, scope: PlanScope): Pick<FlatFlush, "nodes" | "ends"> {
    if (typeof target !== "string") {
      const id = `${scope.prefix}${target.id}`;
      if (target.inlined === undefined) return { nodes: [id], ends: [] };
      const { instances, joins } = this.#graph;
      const inside = [...instances, ...joins].map((one) => one.id).filter((one) => one.startsWith(`${id}/`));
      return { nodes: inside, ends: [] };
    }
    const isOutput = scope.checked.graph.signature.outputs.has(target);
    const start = isOutput ? this.#exit(scope, target) : this.#entry(scope, target);
    if (start.kind === "border") return { nodes: [], ends: this.#endsBehind(start.key) };
    if (isOutput) return { nodes: [], ends: [{ port: target }] };
    const behind = this.#pieces.filter(
      ({ from }) => from.kind === "end" && from.end.node === undefined && from.end.port === target,
    );
    return { nodes: [], ends: behind.flatMap(({ to }) => this.#endsOf(to)) };
  }

  #endsBehind(key: string): LinkEnd[] {
    return (this.#behind.get(key) ?? []).flatMap(({ to }) => this.#endsOf(to));
  }

  #endsOf(vertex: Vertex): LinkEnd[] {
    if (vertex.kind === "end") return [vertex.end];
    return vertex.kind === "border" ? this.#endsBehind(vertex.key) : [];
  }

  /** Goes on over borders until a port that stays is reached. */
  #follow(from: LinkEnd, piece: Piece): void {
    const { to } = piece;
    const { type, through, scope, options, branch, won, location } = piece;
    if (to.kind === "end") {
      this.#graph.links.push({ from, to: to.end, type, through, scope, options, branch, won, location });
    } else if (to.kind === "flush") {
      this.#graph.flushes.push({ from, branch, ...this.#starts(to.flush.target, scope), location });
    } else
      for (const next of this.#behind.get(to.key) ?? [])
        this.#follow(from, { ...joined(piece, next), from: piece.from });
  }
}

/** Two links that have become one: the type of the first, and the limits of both. */
function joined(first: Piece, next: Piece): Piece {
  const outer = next.scope.prefix.length < first.scope.prefix.length ? next : first;
  // The scope of a flush is where its target is looked up.
  const scope = next.to.kind === "flush" ? next.scope : first.scope;
  return {
    ...first,
    to: next.to,
    through: [...first.through, next.type, ...next.through],
    scope,
    options: bothOptions(first.options, next.options),
    branch: [...first.branch, ...next.branch],
    won: [...first.won, ...next.won],
    location: outer.location,
  };
}

function bothOptions(a: LinkOptions, b: LinkOptions): LinkOptions {
  const overflow = a.overflow ?? b.overflow;
  const delivery = a.delivery ?? b.delivery;
  const deadlineMs = Math.min(a.deadlineMs ?? Infinity, b.deadlineMs ?? Infinity);
  return {
    capacityFrames: Math.min(a.capacityFrames, b.capacityFrames),
    ...(overflow !== undefined && { overflow }),
    ...(delivery !== undefined && { delivery }),
    ...(Number.isFinite(deadlineMs) && { deadlineMs }),
  };
}

function branchesOf(steps: readonly BranchStep[], scope: PlanScope): BranchPlan[] {
  return steps.map(({ split, branch }) => ({ split: `${scope.prefix}${split.id}`, branch }));
}

function isStream({ type }: FlatLink): boolean {
  return type.kind !== "data" || type.type.kind !== "signal";
}

/** The nodes that a flush empties and the outputs that it goes on to: its target, and all that is behind it. */
export function reachOf(flush: FlatFlush, graph: FlatGraph): { readonly nodes: string[]; readonly outputs: string[] } {
  const nodes = new Set<string>(flush.nodes);
  const outputs = new Set<string>();
  const visit = ({ node, port }: LinkEnd): void => {
    if (node === undefined) outputs.add(port);
    else nodes.add(node);
  };
  for (const end of flush.ends) visit(end);
  for (const node of nodes) {
    for (const link of graph.links) if (link.from.node === node && isStream(link)) visit(link.to);
  }
  return { nodes: [...nodes], outputs: [...outputs] };
}
