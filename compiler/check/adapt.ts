import {
  formatDimension,
  formatType,
  intersectDimension,
  isCell,
  isMedia,
  type Alternative,
  type DimensionValue,
  type FlowType,
  type Schemas,
} from "../../runtime/interface/caps.ts";
import {
  agree,
  Cell,
  cellOf,
  conflict,
  currentType,
  Trail,
  unify,
  type Bond,
  type Insertion,
  type SolvedType,
} from "./cells.ts";
import { explain } from "./explain.ts";
import type { GraphLink, Instance, PipelineGraph } from "./graph.ts";
import { portTypes, type PortTypes } from "./instances.ts";
import { dimensionWord } from "./media.ts";
import { defaultPort, isConverter, type Signature } from "./signature.ts";

/** The nodes that `~>` may insert, in order of declaration, and what has been found out about them. */
export class Converters {
  readonly all: readonly Signature[];
  readonly #schemas: Schemas;
  readonly #outputs = new Map<Signature, Map<string, FlowType | undefined>>();
  /** Chains that have been found, by the formats at their ends. */
  readonly #chains = new Map<string, readonly Signature[]>();
  #usable: readonly Signature[] | undefined;

  constructor(all: readonly Signature[], schemas: Schemas) {
    this.all = all;
    this.#schemas = schemas;
  }

  /** Those that need no value that nobody gives. */
  get usable(): readonly Signature[] {
    return (this.#usable ??= this.all.filter((one) => isConverter(one) && lacking(one) === undefined));
  }

  /** What a converter makes of a format; undefined when it does not take it. */
  outputOf(converter: Signature, from: FlowType, key: string): FlowType | undefined {
    const known = this.#outputs.get(converter) ?? new Map<string, FlowType | undefined>();
    this.#outputs.set(converter, known);
    if (!known.has(key)) known.set(key, outputOf(converter, frozen(from), this.#schemas));
    return known.get(key);
  }

  /** The chain that was found before between such formats. @param ends of `endsOf` */
  chain(ends: string): readonly Signature[] | undefined {
    return this.#chains.get(ends);
  }

  keep(ends: string, chain: readonly Signature[]): void {
    this.#chains.set(ends, chain);
  }
}

function endsOf(from: FlowType, to: FlowType): string {
  return `${formatType(from)} ~> ${formatType(to)}`;
}

export type Adapted =
  | { readonly kind: "chain"; readonly nodes: readonly string[] }
  /** `notes`: the nearest that can be reached, and what keeps a converter out. */
  | { readonly kind: "none"; readonly notes: readonly string[] };

interface Candidate {
  readonly type: FlowType;
  /** Indices into the converters, in order. */
  readonly chain: readonly number[];
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
  const { usable } = converters;
  const goal = link.to.type;
  const [from, to] = [currentType(link.from.type), currentType(goal)];
  const ends = endsOf(from, to);
  const put = (chain: readonly Signature[]): Adapted | undefined =>
    tryChain(link, chain, graph, schemas, options.dryRun)
      ? { kind: "chain", nodes: chain.map((one) => one.symbol.name) }
      : undefined;
  // The same formats lead to the same search, until the cells of this very link come in.
  const before = converters.chain(ends);
  const again = before && put(before);
  if (again !== undefined) return again;
  const open: Candidate[] = [{ type: from, chain: [], cost: 0 }];
  const seen = new Map<string, ReadonlySet<number>[]>();
  const nearest = new Nearest(to, usable);
  for (let looked = 0; open.length > 0 && looked < searchLimit; looked += 1) {
    const best = takeCheapest(open);
    const key = formatType(best.type);
    const earlier = seen.get(key) ?? [];
    // What can be done from here could have been done from there, with more converters left.
    if (earlier.some((set) => [...set].every((one) => best.chain.includes(one)))) continue;
    seen.set(key, [...earlier, new Set(best.chain)]);
    const apart = differences(best.type, to)?.length;
    const isNear = apart === undefined || apart === 0;
    if (isNear && conflict(frozen(best.type), goal, schemas) === undefined) {
      const chain = best.chain.flatMap((index) => usable[index] ?? []);
      // The search looked at each step alone; only making it proves that the cells of all steps agree.
      const made = put(chain);
      if (made === undefined) continue;
      converters.keep(ends, chain);
      return made;
    }
    nearest.look(best, apart);
    usable.forEach((converter, index) => {
      if (best.chain.includes(index)) return;
      const next = converters.outputOf(converter, best.type, key);
      if (next === undefined) return;
      open.push({ type: next, chain: [...best.chain, index], cost: best.cost + (converter.convertsAtCost ?? 1) });
    });
  }
  return { kind: "none", notes: [...nearest.notes(), ...keptOut(link, converters, schemas)] };
}

/** Removes the cheapest: of least cost, then of fewest nodes, then first by the order of declaration. */
function takeCheapest(open: Candidate[]): Candidate {
  let index = 0;
  open.forEach((one, at) => {
    const best = open[index];
    if (best === undefined || compare(one, best) < 0) index = at;
  });
  const [taken] = open.splice(index, 1);
  if (taken === undefined) throw new RangeError("nothing to take");
  return taken;
}

function compare(a: Candidate, b: Candidate): number {
  if (a.cost !== b.cost) return a.cost - b.cost;
  if (a.chain.length !== b.chain.length) return a.chain.length - b.chain.length;
  const at = a.chain.findIndex((one, index) => one !== b.chain[index]);
  return at < 0 ? 0 : (a.chain[at] ?? 0) - (b.chain[at] ?? 0);
}

/** A parameter that has no default and that the solver cannot find. */
function lacking(converter: Signature): string | undefined {
  const solved = portTypes(converter.symbol.name, converter, new Map()).paramCells;
  const found = [...converter.params.values()].find(
    (one) => one.defaultValue === undefined && one.type?.kind !== "optional" && !solved.has(one.name),
  );
  return found?.name;
}

/** Converters that would do, but for a parameter without a default. */
function keptOut(link: GraphLink, converters: Converters, schemas: Schemas): string[] {
  return converters.all.flatMap((one) => {
    const name = isConverter(one) ? lacking(one) : undefined;
    if (name === undefined) return [];
    const next = outputOf(one, frozen(currentType(link.from.type)), schemas);
    if (next === undefined || conflict(frozen(next), link.to.type, schemas) !== undefined) return [];
    return [
      `\`${one.symbol.name}\` would do, but its parameter \`${name}\` has no default, so \`~>\` cannot insert it.`,
    ];
  });
}

/** A type over cells of its own. */
function frozen(type: FlowType): SolvedType {
  if (!isMedia(type)) return { kind: "data", type };
  const dims = new Map<string, Cell>();
  for (const [name, values] of Object.entries(type.dims)) {
    if (!isCell(values)) dims.set(name, new Cell(name, values, undefined, type.kind));
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
  const ports = portTypes(id, converter, new Map(), { absent: "solve" });
  const input = into && ports.inputs.get(into.name);
  const output = out && ports.outputs.get(out.name);
  if (input === undefined || output === undefined) return undefined;
  // A port whose type is wrong agrees with everything; nothing may be built on that.
  return input.kind === "unknown" || output.kind === "unknown" ? undefined : { ports, input, output };
}

/** What a converter makes of a format; undefined when it does not take it. */
function outputOf(converter: Signature, from: SolvedType, schemas: Schemas): FlowType | undefined {
  const step = makeStep(converter, converter.symbol.name);
  if (step === undefined || conflict(from, step.input, schemas) !== undefined) return undefined;
  unify(frozen(currentType(from)), step.input);
  return currentType(step.output);
}

/** Joins a chain of fresh uses; leaves everything as it was in a dry run, and where they do not agree. */
function tryChain(
  link: GraphLink,
  chain: readonly Signature[],
  graph: PipelineGraph,
  schemas: Schemas,
  dryRun: boolean,
): boolean {
  const trail = new Trail();
  const made: Instance[] = [];
  const place = { source: graph.symbol.file.source, span: link.arrowSpan };
  let here = link.from.type;
  let name = link.from.text;
  const go = (next: SolvedType, to: string): boolean => {
    const failed = agree(here, next, schemas, { place, text: `${name} ~> ${to}` }, trail) !== undefined;
    if (failed) trail.undo();
    name = to;
    return !failed;
  };
  for (const converter of chain) {
    const id = freshId(graph, converter.symbol.name, made);
    const step = makeStep(converter, id);
    if (step === undefined || !go(step.input, id)) return false;
    made.push(insertedInstance(id, converter, step, link));
    here = step.output;
  }
  if (!go(link.to.type, link.to.text)) return false;
  if (dryRun) {
    trail.undo();
    return true;
  }
  const insertion = insertionOf(link, { place, text: `${link.from.text} ~> ${link.to.text}` });
  for (const one of made) {
    graph.instances.set(one.id, one);
    remember(one, insertion);
  }
  link.chain = made;
  return true;
}

/** Why a chain was put in: the dimensions that the ends of its link have nothing in common in. */
function insertionOf({ from, to }: GraphLink, bond: Bond): Insertion {
  const [given, taken] = [from.type, to.type];
  return {
    bond,
    why(depth) {
      if (given.kind !== "media" || taken.kind !== "media") return [];
      const apart = differences(currentType(given), currentType(taken)) ?? [];
      return apart.flatMap((name) => explain(name, cellOf(given, name), cellOf(taken, name), depth));
    },
  };
}

/** What a converter says of formats comes of its having been put in. */
function remember({ inputs, outputs, paramCells }: Instance, inserted: Insertion): void {
  const types = [...inputs.values(), ...outputs.values()];
  const cells = new Set([
    ...types.flatMap((type) => (type.kind === "media" ? [...type.dims.values()] : [])),
    ...paramCells.values(),
  ]);
  for (const { origins } of cells) {
    origins.forEach((one, index) => {
      origins[index] = { ...one, inserted };
    });
  }
}

function insertedInstance(id: string, signature: Signature, step: Step, link: GraphLink): Instance {
  const { paramCells, inputs, outputs } = step.ports;
  return {
    id,
    kind: "node",
    signature,
    args: new Map(),
    paramCells,
    inputs,
    outputs,
    span: link.arrowSpan,
    inserted: true,
  };
}

/** `Resample`, `Resample#2`, …: a name that no other instance has. */
export function freshId(graph: PipelineGraph, name: string, more: readonly Instance[]): string {
  const taken = (id: string): boolean =>
    graph.instances.has(id) || graph.lets.has(id) || graph.remotes.has(id) || more.some((one) => one.id === id);
  if (!taken(name)) return name;
  let count = 2;
  while (taken(`${name}#${count}`)) count += 1;
  return `${name}#${count}`;
}

/** The reachable format that differs from the goal in the fewest dimensions. */
class Nearest {
  readonly #goal: FlowType;
  readonly #converters: readonly Signature[];
  #best: { readonly candidate: Candidate; readonly distance: number } | undefined;

  constructor(goal: FlowType, converters: readonly Signature[]) {
    this.#goal = goal;
    this.#converters = converters;
  }

  /** @param distance in how many dimensions it differs from the goal; undefined where it is of another kind */
  look(candidate: Candidate, distance = 100): void {
    if (this.#best === undefined || distance < this.#best.distance) this.#best = { candidate, distance };
  }

  notes(): string[] {
    if (this.#best === undefined) return [];
    const { type, chain } = this.#best.candidate;
    const names = chain.flatMap((index) => this.#converters[index] ?? []).map((one) => `\`${one.symbol.name}\``);
    const left = (differences(type, this.#goal) ?? []).map(
      (name) => `${dimensionWord(name)} ${shown(type, name)} instead of ${shown(this.#goal, name)}`,
    );
    if (names.length === 0) return left.length === 0 ? [] : [`No converter in sight changes ${left.join(", ")}.`];
    const rest = left.length === 0 ? "" : `; what is left is ${left.join(", ")}`;
    return [`The nearest that can be reached is ${formatType(type)}, by ${names.join(", ")}${rest}.`];
  }
}

/** The dimensions that two media types have nothing in common in; undefined where they differ in kind. */
function differences(a: FlowType, b: FlowType): string[] | undefined {
  if (!isMedia(a) || !isMedia(b) || a.kind !== b.kind) return undefined;
  const names = new Set([...Object.keys(a.dims), ...Object.keys(b.dims)]);
  return [...names].filter((name) => intersectDimension(valuesOf(a, name), valuesOf(b, name)) === "empty");
}

function valuesOf(type: FlowType, name: string): readonly Alternative<DimensionValue>[] | undefined {
  const found = isMedia(type) ? type.dims[name] : undefined;
  return found === undefined || isCell(found) ? undefined : found;
}

function shown(type: FlowType, name: string): string {
  return formatDimension(name, valuesOf(type, name));
}
