import {
  formatType,
  isMedia,
  type Alternative,
  type DimensionValue,
  type FlowType,
  type Schemas,
} from "../../runtime/interface/caps.ts";
import { Cell, conflict, currentType, unify, type SolvedType } from "./cells.ts";
import type { GraphLink, PipelineGraph } from "./graph.ts";
import { portTypes, type Instance, type PortTypes } from "./instances.ts";
import { defaultPort, type Signature } from "./signature.ts";

/** The nodes that `~>` may insert, in order of declaration. */
export type Converters = readonly Signature[];

export type Adapted =
  | { readonly kind: "chain"; readonly nodes: readonly string[] }
  /** `nearest`: the reachable format that differs in the fewest dimensions. */
  | { readonly kind: "none"; readonly nearest: string | undefined };

interface Candidate {
  readonly type: FlowType;
  readonly chain: readonly Signature[];
  readonly cost: number;
}

/** A search may look at this many formats; real programs need a few dozen. */
const searchLimit = 5_000;

/**
 * Finds the cheapest chain of converters from a link's source to its target and, unless it is a dry run, puts it in.
 *
 * Dijkstra over formats: each converter at most once in a chain, parameters that appear in caps are solved for; ties go
 * to fewer nodes, then to the order of declaration.
 */
export function adaptLink(
  link: GraphLink,
  graph: PipelineGraph,
  schemas: Schemas,
  converters: Converters,
  options: { readonly dryRun: boolean },
): Adapted {
  const start = currentType(link.from.type);
  const goal = link.to.type;
  const open: Candidate[] = [{ type: start, chain: [], cost: 0 }];
  const seen = new Set<string>();
  let nearest: { readonly type: FlowType; readonly distance: number } | undefined;
  for (let looked = 0; open.length > 0 && looked < searchLimit; looked += 1) {
    const best = takeCheapest(open);
    const key = `${formatType(best.type)}\n${[...best.chain]
      .map((one) => one.symbol.key)
      .sort()
      .join()}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const here = frozen(best.type);
    if (conflict(here, goal, schemas) === undefined) {
      // The search looked at each step alone; only making it for real proves that the cells of all steps agree.
      if (tryChain(link, best.chain, graph, schemas, options.dryRun)) {
        return { kind: "chain", nodes: best.chain.map((one) => one.symbol.name) };
      }
      continue;
    }
    const distance = distanceBetween(best.type, currentType(goal));
    if (best.chain.length > 0 && (nearest === undefined || distance < nearest.distance))
      nearest = { type: best.type, distance };
    for (const converter of converters) {
      if (best.chain.includes(converter)) continue;
      const next = outputOf(converter, here, schemas);
      if (next !== undefined)
        open.push({ type: next, chain: [...best.chain, converter], cost: best.cost + (converter.convertsAtCost ?? 1) });
    }
  }
  return { kind: "none", nearest: nearest && formatType(nearest.type) };
}

/** Removes the cheapest; the earliest among equals, so that the order of declaration decides. */
function takeCheapest(open: Candidate[]): Candidate {
  let index = 0;
  open.forEach((one, at) => {
    const best = open[index];
    if (best === undefined || one.cost < best.cost || (one.cost === best.cost && one.chain.length < best.chain.length))
      index = at;
  });
  const [taken] = open.splice(index, 1);
  if (taken === undefined) throw new RangeError("nothing to take");
  return taken;
}

/** A type over cells of its own. */
function frozen(type: FlowType): SolvedType {
  if (!isMedia(type)) return { kind: "data", type };
  const dims = new Map<string, Cell>();
  for (const [name, values] of Object.entries(type.dims)) {
    dims.set(name, new Cell(name, values as readonly Alternative<DimensionValue>[]));
  }
  return { kind: "media", media: type.kind, dims };
}

interface Step {
  readonly ports: PortTypes;
  readonly input: SolvedType;
  readonly output: SolvedType;
}

function makeStep(converter: Signature, id: string): Step | undefined {
  const into = defaultPort(converter.inputs);
  const out = defaultPort(converter.outputs);
  const ports = portTypes(id, converter, new Map());
  const input = into && ports.inputs.get(into.name);
  const output = out && ports.outputs.get(out.name);
  return input && output && { ports, input, output };
}

/** What a converter makes of a format; undefined when it does not take it. */
function outputOf(converter: Signature, from: SolvedType, schemas: Schemas): FlowType | undefined {
  const step = makeStep(converter, converter.symbol.name);
  if (step === undefined || conflict(from, step.input, schemas) !== undefined) return undefined;
  const copy = frozen(currentType(from));
  unify(copy, step.input);
  return currentType(step.output);
}

/** Joins a chain of fresh uses; with a dry run on copies of both ends. */
function tryChain(
  link: GraphLink,
  chain: readonly Signature[],
  graph: PipelineGraph,
  schemas: Schemas,
  dryRun: boolean,
): boolean {
  const join = (from: SolvedType, to: SolvedType, instances: Instance[] | undefined): boolean => {
    let here = from;
    for (const converter of chain) {
      const id = freshId(graph, converter.symbol.name, instances ?? []);
      const step = makeStep(converter, id);
      if (step === undefined || conflict(here, step.input, schemas) !== undefined) return false;
      unify(here, step.input);
      instances?.push(insertedInstance(id, converter, step, link));
      here = step.output;
    }
    if (conflict(here, to, schemas) !== undefined) return false;
    unify(here, to);
    return true;
  };
  if (!join(frozen(currentType(link.from.type)), frozen(currentType(link.to.type)), undefined)) return false;
  if (dryRun) return true;
  const made: Instance[] = [];
  if (!join(link.from.type, link.to.type, made)) return false;
  for (const one of made) graph.instances.set(one.id, one);
  link.chain = made;
  return true;
}

function insertedInstance(id: string, signature: Signature, step: Step, link: GraphLink): Instance {
  return {
    id,
    kind: "node",
    signature,
    args: new Map(),
    paramCells: step.ports.paramCells,
    inputs: step.ports.inputs,
    outputs: step.ports.outputs,
    span: link.arrowSpan,
    inserted: true,
  };
}

/** `Resample`, `Resample#2`, …: a name that no other instance has. */
export function freshId(graph: PipelineGraph, name: string, more: readonly Instance[]): string {
  const taken = (id: string): boolean => graph.instances.has(id) || more.some((one) => one.id === id);
  if (!taken(name)) return name;
  let count = 2;
  while (taken(`${name}#${count}`)) count += 1;
  return `${name}#${count}`;
}

function distanceBetween(a: FlowType, b: FlowType): number {
  if (!isMedia(a) || !isMedia(b) || a.kind !== b.kind) return 100;
  const names = new Set([...Object.keys(a.dims), ...Object.keys(b.dims)]);
  return [...names].filter((name) => JSON.stringify(a.dims[name]) !== JSON.stringify(b.dims[name])).length;
}
