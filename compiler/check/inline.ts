import type { InstanceSyntax, Span } from "../../grammar/syntax.ts";
import { formatDimension } from "../../runtime/interface/caps.ts";
import type { PlanValue } from "../../runtime/interface/plan.ts";
import { Cell, Copies } from "./cells.ts";
import { explain, explainNarrowing, summarised } from "./explain.ts";
import { nameOf, type CheckedPipeline, type Instance, type PipelineGraph } from "./graph.ts";
import { limitsOf, portTypes } from "./instances.ts";
import type { Reporter } from "./reporter.ts";
import type { ParameterInfo } from "./parameter.ts";
import type { Signature } from "./signature.ts";

/** More nodes than this in one pipeline, with all that stands in it, are a mistake. */
export const mostNodes = 10_000;

interface Use {
  readonly id: string;
  readonly signature: Signature;
  readonly args: ReadonlyMap<string, PlanValue>;
  /** Parameters whose arguments are wrong. */
  readonly failed: ReadonlySet<string>;
  readonly syntax: InstanceSyntax;
  /** Where it is named, for what nothing feeds. */
  readonly span: Span;
}

/** One use of a node. */
export function nodeInstance(use: Use, graph: PipelineGraph, reporter: Reporter): Instance {
  const { id, signature, args, failed, span } = use;
  const types = portTypes(id, signature, args, { failed });
  const instance: Instance = { id, kind: "node", signature, args, ...types, span, inserted: false };
  for (const [name, cell] of types.paramCells) bindParameter(use, name, cell, graph, reporter);
  return instance;
}

/** One use of a pipeline that stands where a node may: its solved formats, as far as they reach its ports. */
export function pipelineInstance(
  use: Use,
  checked: CheckedPipeline,
  graph: PipelineGraph,
  reporter: Reporter,
): Instance {
  const { id, signature, args, failed, span, syntax } = use;
  const cells = new Copies();
  const { own } = checked.graph;
  const inputs = cells.types(own.inputs, summarised);
  const outputs = cells.types(own.outputs, summarised);
  const paramCells = new Map([...own.paramCells].map(([name, cell]) => [name, cells.cell(cell, summarised)]));
  const given = new Set([...args.keys(), ...failed]);
  narrowByDefaults(checked, given, cells);
  for (const [name, cell] of own.paramCells) {
    const copy = cells.cell(cell);
    if (failed.has(name) || !args.has(name)) continue;
    const problem = argumentProblem(checked, name, args.get(name), { cell, copy }, given);
    if (problem === undefined) bindParameter(use, name, copy, graph, reporter);
    else reportArgument(graph, syntax, name, problem, reporter);
  }
  return {
    id,
    kind: "pipeline",
    signature,
    args,
    paramCells,
    inputs,
    outputs,
    span,
    inserted: false,
    inlined: { checked, cells },
  };
}

/**
 * Narrows what stands for parameters to the defaults of those that are left out: an argument has to be the same where both
 * stand for one format.
 */
export function narrowByDefaults({ graph }: CheckedPipeline, given: ReadonlySet<string>, copies: Copies): void {
  const { source } = graph.symbol.file;
  for (const [name, cell] of graph.own.paramCells) {
    const param = graph.signature.params.get(name);
    const fallback = given.has(name) ? undefined : literalOf(param?.defaultValue);
    if (param === undefined || fallback === undefined) continue;
    const place = { source, span: param.span };
    copies.cell(cell).narrow([fallback], { place, who: `by default, \`${name}\` is`, values: [fallback] });
  }
}

/** An argument that is a parameter of the pipeline around is one with it from now on. */
function bindParameter(use: Use, name: string, cell: Cell, graph: PipelineGraph, reporter: Reporter): void {
  const value = use.args.get(name);
  if (value === undefined || !("param" in value)) return;
  const argument = use.syntax.arguments.find((one) => one.name.text === name);
  const { source } = graph.symbol.file;
  const outer = ownParameterCell(graph, value.param, cell);
  const place = { source, span: argument?.span ?? use.span };
  if (outer.unify(cell, { place, text: `${use.syntax.callee.text}(${name}: ${value.param})` })) return;
  const { dimension } = cell;
  const message =
    `\`${value.param}\` is ${formatDimension(dimension, outer.values)} elsewhere, ` +
    `but \`${nameOf(use)}\` needs ${formatDimension(dimension, cell.values)}.`;
  reporter.report("MESH3001", source, place.span, message, { related: explain(dimension, outer, cell) });
}

/** The cell of a parameter of the pipeline, made when it first becomes part of a format. */
function ownParameterCell(graph: PipelineGraph, name: string, like: Cell): Cell {
  const known = graph.own.paramCells.get(name);
  if (known !== undefined) return known;
  const param = graph.signature.params.get(name);
  const values = limitsOf(param);
  const place = { source: graph.symbol.file.source, span: param?.span ?? graph.symbol.syntax.name.span };
  const cell = new Cell(like.dimension, values, { place, who: `the parameter \`${name}\` is`, values }, like.media);
  graph.own.paramCells.set(name, cell);
  return cell;
}

/** Why a known value is not possible for a parameter that is part of a format; undefined when it is. */
export interface ArgumentProblem {
  readonly message: string;
  readonly related: ReturnType<typeof explain>;
  readonly hint?: string;
}

/**
 * Holds the value of a parameter against what the links inside the pipeline leave it, and narrows a copy of its cell.
 * @param cells that of the parameter, and the copy that stands for it in this use
 * @param given the parameters that have a value of their own in this use
 */
export function argumentProblem(
  checked: Pick<CheckedPipeline, "symbol" | "graph">,
  name: string,
  value: PlanValue | undefined,
  { cell, copy }: { readonly cell: Cell; readonly copy: Cell },
  given: ReadonlySet<string>,
): ArgumentProblem | undefined {
  const literal = literalOf(value);
  if (literal === undefined || copy.narrow([literal])) return undefined;
  const { dimension, values } = copy;
  const other = defaultBeside(checked, name, cell, given);
  if (other !== undefined) return unlikeDefault(checked, name, formatDimension(dimension, [literal]), other);
  return {
    message: `\`${name}\` of \`${checked.symbol.name}\` cannot be ${formatDimension(dimension, [literal])}: inside, only ${formatDimension(dimension, values)} is possible.`,
    related: explainNarrowing(dimension, cell),
  };
}

/** A parameter that is left out, whose default stands for the same format. */
function defaultBeside(
  { graph }: Pick<CheckedPipeline, "graph">,
  name: string,
  cell: Cell,
  given: ReadonlySet<string>,
): ParameterInfo | undefined {
  const names = [...graph.own.paramCells].flatMap(([other, { root }]) => (root === cell.root ? other : []));
  const params = names.flatMap((other) => graph.signature.params.get(other) ?? []);
  return params.find((one) => one.name !== name && !given.has(one.name) && literalOf(one.defaultValue) !== undefined);
}

function unlikeDefault(
  { symbol, graph }: Pick<CheckedPipeline, "symbol" | "graph">,
  name: string,
  value: string,
  other: ParameterInfo,
): ArgumentProblem {
  const { dimension = "" } = graph.own.paramCells.get(other.name) ?? {};
  const fallback = literalOf(other.defaultValue);
  const shownDefault = formatDimension(dimension, fallback === undefined ? undefined : [fallback]);
  return {
    message: `\`${name}\` of \`${symbol.name}\` is ${value}, but \`${other.name}\`, which has to be the same, is ${shownDefault} by default.`,
    related: [{ place: { source: symbol.file.source, span: other.span }, message: "the default" }],
    hint: `Give \`${other.name}: ${value}\` too.`,
  };
}

function reportArgument(
  graph: PipelineGraph,
  syntax: InstanceSyntax,
  name: string,
  { message, related, hint }: ArgumentProblem,
  reporter: Reporter,
): void {
  const argument = syntax.arguments.find((one) => one.name.text === name);
  reporter.report("MESH3005", graph.symbol.file.source, argument?.value?.span ?? syntax.span, message, {
    related,
    hint,
  });
}

type Literal = NonNullable<Cell["values"]>[number];

function literalOf(value: PlanValue | undefined): Literal | undefined {
  const literal = value !== undefined && "literal" in value ? value.literal : undefined;
  if (typeof literal === "number" || typeof literal === "string") return literal;
  const { width, height } = (typeof literal === "object" ? (literal ?? {}) : {}) as Record<string, unknown>;
  return typeof width === "number" && typeof height === "number" ? { width, height } : undefined;
}
