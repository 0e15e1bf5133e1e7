import type { End, InterfaceDecl, Port, PortType, Signature } from "../program/model.ts";
import type { Tape } from "../program/tape.ts";
import { narrowerData, type DataScope } from "./data.ts";
import { consumerOf } from "./nodes.ts";
import { changedDim } from "./types.ts";

export function matchFor(type: PortType): string | undefined {
  if (type.kind === "enum") return JSON.stringify(type.values[0]);
  if (type.kind !== "scalar") return undefined;
  if (type.name === "text") return type.pattern === undefined ? '"en"' : undefined;
  if (type.name === "int") return "0..5";
  return type.name === "bool" ? "true" : undefined;
}

/** True where two types may fit: both media of a kind, or both data. */
export function isKin(a: PortType, b: PortType): boolean {
  if (a.kind === "media" || b.kind === "media") return a.kind === "media" && b.kind === "media" && a.media === b.media;
  return a.kind === b.kind && (a.kind !== "scalar" || b.kind !== "scalar" || a.name === b.name);
}

/** True where a step has to name the port: it is not the only one that is neither a signal nor optional. */
export function needsName({ use, port }: End, around: Signature): boolean {
  const of = use?.of ?? around;
  const ports = of.inputs.includes(port) ? of.inputs : of.outputs;
  const plain = ports.filter((one) => one.type.kind !== "signal" && !one.optional);
  return plain.length > 0 ? plain.length !== 1 || plain[0] !== port : ports.length !== 1;
}

/** A type without variables and parameters. */
export function resolvedType(type: PortType): PortType {
  if (type.kind !== "media") return type;
  const dims = Object.fromEntries(Object.entries(type.dims).filter(([, dim]) => dim.kind === "values"));
  const shaped = Array.from({ length: type.rank ?? 0 }, (_, side) => `side${side}`).every(
    (side) => dims[side] !== undefined,
  );
  if (shaped) return { ...type, dims };
  const { rank: _, ...open } = type;
  return { ...open, dims: Object.fromEntries(Object.entries(dims).filter(([dim]) => !dim.startsWith("side"))) };
}

/** A type whose frames a port of the given type takes, most of the time. */
export function producerOf(tape: Tape, scope: DataScope, type: PortType): PortType {
  if (type.kind === "signal") return type;
  if (type.kind !== "media") return tape.chance(50) ? type : narrowerData(tape, scope, type);
  const all = Object.keys(type.dims);
  const dims = Object.fromEntries(
    all.flatMap((dim) => {
      const made = changedDim(tape, type.media, dim, type.dims[dim], tape.weighted({ same: 8, narrower: 6, wider: 1 }));
      return made === undefined ? [] : [[dim, made]];
    }),
  );
  return { ...type, dims };
}

/** An interface that a pipeline conforms to, most of the time. */
export function interfaceFor(tape: Tape, scope: DataScope, target: Signature): InterfaceDecl {
  const renames = tape.chance(12);
  const ports = (all: readonly Port[], change: (type: PortType) => PortType): Port[] =>
    all.map((port) => ({
      name: renames && all.length === 1 ? `${port.name}_x` : port.name,
      type: change(resolvedType(port.type)),
      optional: port.optional,
    }));
  return {
    kind: "interface",
    name: `Face${scope.next()}`,
    file: tape.chance(25) ? "types.mesh" : "main.mesh",
    params: [],
    inputs: ports(target.inputs, (type) => producerOf(tape, scope, type)),
    outputs: ports(target.outputs, (type) => (tape.chance(60) ? type : consumerOf(tape, scope, type, undefined))),
    ...(target.join !== undefined && { join: target.join }),
  };
}
