import type { ArgumentSyntax, InstanceSyntax } from "../../grammar/syntax.ts";
import type { PlanValue } from "../../runtime/interface/plan.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { listed } from "./load.ts";
import { codecNames } from "./media.ts";
import type { ParameterInfo, ParameterLimits } from "./parameter.ts";
import type { FileInfo } from "./program.ts";
import { replaceFix, type Reporter } from "./reporter.ts";
import type { Signature } from "./signature.ts";
import type { ValueReader } from "./values.ts";

export interface ArgumentOptions {
  /** The formats of this use are solved at build time, so what fixes one must be known then. */
  readonly solved?: boolean;
  /** Where parameters of the pipeline around take on the limits of those that they are passed to. */
  readonly limits?: ParameterLimits;
  /** Receives the names of arguments that are wrong: their parameters are neither missing nor at their defaults. */
  readonly failed?: Set<string>;
}

/**
 * Reads the arguments of `Vad(threshold: 0.6)`; what is wrong is reported and left out.
 * @param own parameters of the pipeline around
 */
export function readArguments(
  file: FileInfo,
  syntax: InstanceSyntax,
  signature: Signature,
  own: ReadonlyMap<string, ParameterInfo>,
  values: ValueReader,
  reporter: Reporter,
  options: ArgumentOptions = {},
): Map<string, PlanValue> {
  const args = new Map<string, PlanValue>();
  const named = new Set<string>();
  for (const argument of syntax.arguments) {
    const { name } = argument;
    if (name.text === "") continue;
    const param = signature.params.get(name.text);
    if (param === undefined) {
      unknownParameter(file, syntax, argument, signature, reporter);
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
    const asker = `\`${name.text}\` of \`${syntax.callee.text}\``;
    const place = { asker, ...(options.limits !== undefined && { limits: options.limits }) };
    const value = values.read(file, argument.value, param.type, own, place);
    if (value !== undefined && isFormat(file, argument, value, signature, options, reporter))
      args.set(name.text, value);
    else options.failed?.add(name.text);
  }
  for (const param of signature.params.values()) {
    const optional = param.defaultValue !== undefined || param.type?.kind === "optional";
    if (named.has(param.name) || optional || param.type === undefined) continue;
    options.failed?.add(param.name);
    const message = `\`${syntax.callee.text}\` needs a value for \`${param.name}\`.`;
    reporter.report("MESH2009", file.source, syntax.callee.span, message, {
      hint: `Write \`${syntax.callee.text}(${param.name}: …)\`.`,
      related: [{ place: { source: signature.symbol.file.source, span: param.span }, message: "declared here" }],
      about: [signature.symbol],
    });
  }
  return args;
}

function unknownParameter(
  file: FileInfo,
  syntax: InstanceSyntax,
  { name }: ArgumentSyntax,
  signature: Signature,
  reporter: Reporter,
): void {
  const known = [...signature.params.keys()];
  const near = suggest(name.text, known);
  const message = `\`${syntax.callee.text}\` has no parameter named \`${name.text}\`.`;
  reporter.report("MESH2008", file.source, name.span, message, {
    hint: near === undefined ? (listed("It has", known) ?? "It has none.") : `Did you mean \`${near}\`?`,
    fixes: near === undefined ? [] : [replaceFix(`Change to \`${near}\``, file.source, name.span, near, false)],
    about: [signature.symbol],
    cause: `no parameter ${name.text} of ${signature.symbol.key}`,
  });
}

/** Of a parameter that fixes a dimension: true when its value is one, and known where formats are solved. */
function isFormat(
  file: FileInfo,
  { name, value: syntax }: ArgumentSyntax,
  value: PlanValue,
  signature: Signature,
  { solved = false }: ArgumentOptions,
  reporter: Reporter,
): boolean {
  const dimension = fixedDimension(signature, name.text);
  if (dimension === undefined || syntax === undefined) return true;
  if ("env" in value && solved) {
    const message = `\`${name.text}\` fixes a format, so its value must be known at build time.`;
    reporter.report("MESH3007", file.source, syntax.span, message, {
      hint: "Write the value itself, such as `16kHz`, or make it a parameter of the pipeline.",
    });
    return false;
  }
  const known = [...new Set(Object.values(codecNames).flat())];
  if (!("literal" in value) || typeof value.literal !== "string" || known.includes(value.literal)) return true;
  const near = suggest(value.literal, known);
  reporter.report("MESH3004", file.source, syntax.span, `${JSON.stringify(value.literal)} is no ${dimension}.`, {
    hint: near === undefined ? `There are ${known.join(", ")}.` : `Did you mean "${near}"?`,
    fixes:
      near === undefined
        ? []
        : [replaceFix(`Change to "${near}"`, file.source, syntax.span, JSON.stringify(near), false)],
  });
  return false;
}

/** The dimension of a port that the value of a parameter is; undefined when it is part of no type. */
function fixedDimension(signature: Signature, parameter: string): string | undefined {
  for (const { type } of [...signature.inputs.values(), ...signature.outputs.values()]) {
    if (type.kind !== "media") continue;
    for (const [dimension, pattern] of Object.entries(type.dims)) {
      if (pattern.kind === "parameter" && pattern.name === parameter) return dimension;
    }
  }
  return undefined;
}
