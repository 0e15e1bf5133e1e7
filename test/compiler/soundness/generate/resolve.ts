import type { Argument, Dim, Param, PipelineDecl, Port, PortType, Signature, Use, Value } from "../program/model.ts";
import type { Tape } from "../program/tape.ts";
import { patterns, scalarValues } from "./data.ts";
import { one, values, valuesOf } from "./types.ts";

/** What a port of a use gives, as far as its variables and parameters are known there. */
export function resolved(use: Use, type: PortType, fed: ReadonlyMap<Port, PortType>): PortType {
  if (type.kind !== "media") return type;
  const variables = new Map<string, Dim>();
  for (const [port, given] of fed) {
    if (port.type.kind !== "media" || given.kind !== "media") continue;
    for (const [dim, pattern] of Object.entries(port.type.dims)) {
      const from = given.dims[dim];
      if (pattern.kind === "variable" && from?.kind === "values") variables.set(pattern.name, from);
    }
  }
  const dims = Object.entries(type.dims).flatMap(([dim, pattern]): [string, Dim][] => {
    if (pattern.kind === "values") return [[dim, pattern]];
    if (pattern.kind === "variable") return [[dim, variables.get(pattern.name) ?? pattern]];
    const argument = use.args[pattern.name];
    const param = use.of.params.find(({ name }) => name === pattern.name);
    const value = argument === undefined ? param?.default : "value" in argument ? argument.value : undefined;
    return [[dim, value === undefined ? pattern : values(one(value))]];
  });
  return { ...type, dims: Object.fromEntries(dims) };
}

/** An argument for a parameter of a use; undefined leaves it to the default. */
export function argumentFor(tape: Tape, param: Param, around: PipelineDecl, of: Signature): Argument | undefined {
  if (param.default !== undefined && tape.chance(50)) return undefined;
  if (tape.chance(25)) return { param: passedOn(tape, param, around, of) };
  return { value: valueFor(tape, param, of), scalar: param.type.name };
}

/** A parameter of the pipeline around that may be passed on; made where there is none. */
function passedOn(tape: Tape, param: Param, around: PipelineDecl, of: Signature): string {
  const known = around.params.filter((own) => own.type.name === param.type.name);
  if (known.length > 0 && tape.chance(50)) return tape.choose(known).name;
  const name = `q${around.params.length + 1}`;
  const type = tape.chance(50) ? param.type : { kind: "scalar" as const, name: param.type.name };
  around.params.push({ name, type, ...(tape.chance(70) && { default: valueFor(tape, param, of) }) });
  return name;
}

/** A value that a parameter may have; one that fixes a format gets one of the formats that the generator knows. */
export function valueFor(tape: Tape, param: Param, of: Signature): Value {
  for (const { type } of [...of.inputs, ...of.outputs]) {
    if (type.kind !== "media") continue;
    for (const [dim, pattern] of Object.entries(type.dims)) {
      if (pattern.kind === "parameter" && pattern.name === param.name) return tape.choose(valuesOf(type.media, dim));
    }
  }
  if (param.default !== undefined) return param.default;
  if (param.type.pattern !== undefined) return patterns[param.type.pattern]?.[0] ?? "en";
  const all = scalarValues[param.type.name];
  return param.type.min ?? param.type.max ?? (all === undefined ? "en" : tape.choose(all));
}
