import type { InstanceSyntax, OptionsSyntax, Span } from "../../grammar/syntax.ts";
import type { PlanValue } from "../../runtime/interface/plan.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { Cell, type SolvedType } from "./cells.ts";
import { listed } from "./load.ts";
import type { FileInfo } from "./program.ts";
import { parameterDimensions } from "./media.ts";
import { replaceFix, type Reporter } from "./reporter.ts";
import type { ParameterInfo } from "./parameter.ts";
import type { PortInfo, Signature } from "./signature.ts";
import type { ValueReader } from "./values.ts";

/** One box of the drawing: a node, a pipeline that stands where a node may, or a remote. */
export interface Instance {
  readonly id: string;
  readonly kind: "node" | "pipeline" | "remote";
  readonly signature: Signature;
  readonly args: ReadonlyMap<string, PlanValue>;
  /** Cells of parameters that appear in caps and whose values the solver finds. */
  readonly paramCells: ReadonlyMap<string, Cell>;
  readonly inputs: ReadonlyMap<string, SolvedType>;
  readonly outputs: ReadonlyMap<string, SolvedType>;
  /** Where it is named, in the file of the pipeline. */
  readonly span: Span;
  /** Put in for a `~>`. */
  readonly inserted: boolean;
  readonly options?: OptionsSyntax | undefined;
}

/** The types of all ports of one use of a signature, over fresh cells. */
export interface PortTypes {
  readonly inputs: Map<string, SolvedType>;
  readonly outputs: Map<string, SolvedType>;
  readonly paramCells: Map<string, Cell>;
}

/**
 * Makes the types of one use of a signature.
 * @param args values of parameters; one that appears in caps and is absent stays open, to be solved
 */
export function portTypes(id: string, signature: Signature, args: ReadonlyMap<string, PlanValue>): PortTypes {
  const source = signature.symbol.file.source;
  const paramCells = new Map<string, Cell>();
  const place = (span: Span) => ({ source, span });
  const variables = new Map(
    [...signature.variables.values()].map((one) => [
      one.name,
      new Cell(one.dimension, one.bound, {
        place: place(signature.symbol.syntax.name.span),
        who: `\`${id}\` allows`,
        values: one.bound,
      }),
    ]),
  );
  const parameterCell = (name: string, port: PortInfo): Cell => {
    const known = paramCells.get(name);
    if (known !== undefined) return known;
    const type = signature.params.get(name)?.type;
    const dimension = (type?.kind === "scalar" ? parameterDimensions[type.name] : undefined) ?? "rate";
    const given = args.get(name) ?? signature.params.get(name)?.defaultValue;
    const literal = given !== undefined && "literal" in given ? given.literal : undefined;
    const values =
      typeof literal === "number" || typeof literal === "string"
        ? [literal]
        : type?.kind === "scalar" && (type.min !== undefined || type.max !== undefined)
          ? [{ ...(type.min !== undefined && { min: type.min }), ...(type.max !== undefined && { max: type.max }) }]
          : undefined;
    const cell = new Cell(dimension, values, { place: place(port.span), who: `\`${id}\` is set to`, values });
    paramCells.set(name, cell);
    return cell;
  };
  const solve = (port: PortInfo): SolvedType => {
    const { type } = port;
    if (type.kind !== "media") return type;
    const dims = new Map<string, Cell>();
    for (const [dimension, pattern] of Object.entries(type.dims)) {
      const verb = port.direction === "in" ? "takes" : "gives";
      const who = id === port.name ? `\`${id}\` is` : `\`${id}\` ${verb}`;
      const cell =
        pattern.kind === "values"
          ? new Cell(dimension, pattern.values, { place: place(port.span), who, values: pattern.values })
          : pattern.kind === "variable"
            ? variables.get(pattern.name)
            : parameterCell(pattern.name, port);
      if (cell !== undefined) dims.set(dimension, cell);
    }
    return { kind: "media", media: type.media, dims };
  };
  const all = (ports: ReadonlyMap<string, PortInfo>): Map<string, SolvedType> =>
    new Map([...ports].map(([name, port]) => [name, solve(port)]));
  return { inputs: all(signature.inputs), outputs: all(signature.outputs), paramCells };
}

/** Reads the arguments of `Vad(threshold: 0.6)`; what is wrong is reported and left out. */
export function readArguments(
  file: FileInfo,
  syntax: InstanceSyntax,
  signature: Signature,
  own: ReadonlyMap<string, ParameterInfo>,
  values: ValueReader,
  reporter: Reporter,
): Map<string, PlanValue> {
  const args = new Map<string, PlanValue>();
  const named = new Set<string>();
  for (const argument of syntax.arguments) {
    const { name } = argument;
    if (name.text === "") continue;
    const param = signature.params.get(name.text);
    if (param === undefined) {
      const near = suggest(name.text, [...signature.params.keys()]);
      reporter.report(
        "MESH2008",
        file.source,
        name.span,
        `\`${syntax.callee.text}\` has no parameter named \`${name.text}\`.`,
        {
          hint:
            near === undefined
              ? (listed("It has", [...signature.params.keys()]) ?? "It has none.")
              : `Did you mean \`${near}\`?`,
          fixes: near === undefined ? [] : [replaceFix(`Change to \`${near}\``, file.source, name.span, near, false)],
        },
      );
      continue;
    }
    if (named.has(name.text)) {
      reporter.report("MESH2003", file.source, name.span, `\`${name.text}\` is given twice.`, {
        hint: "Remove one of them.",
      });
      continue;
    }
    named.add(name.text);
    if (argument.value === undefined) continue;
    const value = values.read(file, argument.value, param.type, own);
    if (value === undefined) continue;
    if (!("literal" in value) && fixesFormat(signature, name.text)) {
      reporter.report(
        "MESH3007",
        file.source,
        argument.value.span,
        `\`${name.text}\` fixes a format, so its value must be known at build time.`,
        {
          hint: "Write the value itself, such as `16kHz`.",
        },
      );
      continue;
    }
    args.set(name.text, value);
  }
  for (const param of signature.params.values()) {
    const optional = param.defaultValue !== undefined || param.type?.kind === "optional";
    if (!named.has(param.name) && !optional && param.type !== undefined) {
      reporter.report(
        "MESH2009",
        file.source,
        syntax.callee.span,
        `\`${syntax.callee.text}\` needs a value for \`${param.name}\`.`,
        {
          hint: `Write \`${syntax.callee.text}(${param.name}: …)\`.`,
          related: [{ place: { source: signature.symbol.file.source, span: param.span }, message: "declared here" }],
        },
      );
    }
  }
  return args;
}

/** True when the value of a parameter is part of the type of a port. */
export function fixesFormat(signature: Signature, parameter: string): boolean {
  return [...signature.inputs.values(), ...signature.outputs.values()].some(
    (port) =>
      port.type.kind === "media" &&
      Object.values(port.type.dims).some((one) => one.kind === "parameter" && one.name === parameter),
  );
}
