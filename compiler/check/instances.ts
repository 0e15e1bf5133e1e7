import type { Span } from "../../grammar/syntax.ts";
import type { MediaKind } from "../../runtime/interface/caps.ts";
import type { JsonValue } from "../../runtime/interface/frame.ts";
import type { PlanValue } from "../../runtime/interface/plan.ts";
import { Cell, type SolvedType, type Values } from "./cells.ts";
import { scalarOf, type ParameterInfo } from "./parameter.ts";
import type { PortInfo, Signature } from "./signature.ts";

export { readArguments } from "./arguments.ts";
export type { Instance } from "./graph.ts";

/** The types of all ports of one use of a signature, over fresh cells. */
export interface PortTypes {
  readonly inputs: Map<string, SolvedType>;
  readonly outputs: Map<string, SolvedType>;
  /** Of the parameters that appear in caps. */
  readonly paramCells: Map<string, Cell>;
}

export interface PortTypesOptions {
  /**
   * What a parameter in caps is without an argument: `default` by default; `own` leaves it to whoever uses the pipeline;
   * `solve` to the solver, which may take the default.
   */
  readonly absent?: "default" | "own" | "solve";
  /** Parameters whose arguments are wrong: nothing is known of them. */
  readonly failed?: ReadonlySet<string>;
}

/**
 * Makes the types of one use of a signature.
 * @param args values of parameters; one that appears in caps and whose value is not known stays open
 */
export function portTypes(
  id: string,
  signature: Signature,
  args: ReadonlyMap<string, PlanValue>,
  options: PortTypesOptions = {},
): PortTypes {
  const own = options.absent === "own";
  const { file } = signature.symbol;
  const place = (span: Span) => ({ source: file.source, span });
  const paramCells = new Map<string, Cell>();
  const variables = new Map<string, Cell>();
  const variableCell = (name: string, media: MediaKind): Cell => {
    const known = variables.get(name);
    if (known !== undefined) return known;
    const info = signature.variables.get(name);
    const values = info?.bound;
    const narrowing = {
      place: place(info?.span ?? signature.symbol.syntax.name.span),
      who: `\`${id}\` allows`,
      values,
    };
    const cell = new Cell(info?.dimension ?? "", values, narrowing, media);
    variables.set(name, cell);
    return cell;
  };
  const parameterCell = (name: string, dimension: string, port: PortInfo, media: MediaKind): Cell => {
    const known = paramCells.get(name);
    if (known !== undefined) return known;
    const param = signature.params.get(name);
    const values = options.failed?.has(name) === true ? undefined : valuesOf(param, args.get(name), options.absent);
    const who = own ? `the parameter \`${name}\` is` : `\`${id}\` is set to`;
    const cell = new Cell(
      dimension,
      values,
      { place: place(own ? (param?.span ?? port.span) : port.span), who, values },
      media,
    );
    paramCells.set(name, cell);
    return cell;
  };
  const solve = (port: PortInfo): SolvedType => {
    const { type } = port;
    if (type.kind !== "media") return type;
    const { media } = type;
    const ports = port.direction === "in" ? signature.inputs : signature.outputs;
    const verb = port.direction === "in" ? "takes" : "gives";
    const who = own ? `\`${port.name}\` is` : `\`${ports.size > 1 ? `${id}.${port.name}` : id}\` ${verb}`;
    const dims = new Map<string, Cell>();
    for (const [dimension, pattern] of Object.entries(type.dims)) {
      const cell =
        pattern.kind === "values"
          ? new Cell(dimension, pattern.values, { place: place(port.span), who, values: pattern.values }, media)
          : pattern.kind === "variable"
            ? variableCell(pattern.name, media)
            : parameterCell(pattern.name, dimension, port, media);
      dims.set(dimension, cell);
    }
    return { kind: "media", media, dims };
  };
  const all = (ports: ReadonlyMap<string, PortInfo>): Map<string, SolvedType> =>
    new Map([...ports].map(([name, port]) => [name, solve(port)]));
  return { inputs: all(signature.inputs), outputs: all(signature.outputs), paramCells };
}

/** What a parameter may be: its argument, else its default, else all that its type holds. */
function valuesOf(
  param: ParameterInfo | undefined,
  argument: PlanValue | undefined,
  absent: PortTypesOptions["absent"] = "default",
): Values {
  const fallback = absent === "own" ? undefined : dimensionOf(param?.defaultValue);
  const given = dimensionOf(argument);
  if (given !== undefined) return [given];
  const limits = limitsOf(param);
  if (argument !== undefined || fallback === undefined) return limits;
  return absent === "solve" ? [fallback, ...(limits ?? [{}])] : [fallback];
}

/** A known value as it stands in a dimension. */
function dimensionOf(value: PlanValue | undefined): NonNullable<Values>[number] | undefined {
  const literal: JsonValue | undefined = value !== undefined && "literal" in value ? value.literal : undefined;
  if (typeof literal === "number" || typeof literal === "string") return literal;
  const { width, height } = (typeof literal === "object" ? (literal ?? {}) : {}) as Record<string, unknown>;
  return typeof width === "number" && typeof height === "number" ? { width, height } : undefined;
}

/** The range that the type of a parameter leaves it. */
export function limitsOf(param: ParameterInfo | undefined): Values {
  const type = scalarOf(param?.type);
  if (type === undefined) return undefined;
  const { min = type.between?.min, max = type.between?.max } = type;
  if (min === undefined && max === undefined) return undefined;
  return [{ ...(min !== undefined && { min }), ...(max !== undefined && { max }) }];
}
