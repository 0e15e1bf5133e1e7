import {
  isMedia,
  mediaDims,
  type Alternative,
  type Arrow,
  type Dim,
  type Media,
  type Port,
  type Program,
  type Signature,
} from "../program/model.ts";
import type { Tape } from "../program/tape.ts";
import { someScalar, widerData, type DataScope } from "../generate/data.ts";
import { changedDim, someDim, valuesOf } from "../generate/types.ts";

/** One thing that is changed in a program that was right. */
export type Change =
  | { readonly kind: "arrow"; readonly arrow: Arrow; readonly text: string }
  | { readonly kind: "port"; readonly port: Port; readonly owner: Signature; readonly text: string };

/**
 * Changes the program: one `~>` to `->`, or one dimension of one port.
 * @param converted the arrows that converters were put in for
 * @returns undefined where there is nothing to change
 */
export function changeOne(tape: Tape, program: Program, converted: readonly Arrow[]): Change | undefined {
  const arrows = [...new Set(program.pipelines.flatMap(({ links }) => links.map(({ arrow }) => arrow)))];
  const adapting = arrows.filter((arrow) => arrow.adapt);
  if (converted.length > 0 ? tape.chance(75) : adapting.length > 0 && tape.chance(25)) {
    const arrow = tape.choose(converted.length > 0 && tape.chance(80) ? converted : adapting);
    arrow.adapt = false;
    return { kind: "arrow", arrow, text: "one `~>` to `->`" };
  }
  const owners: Signature[] = [...program.nodes, ...program.interfaces, ...program.pipelines];
  const ports = owners
    .flatMap((owner) => [...owner.inputs, ...owner.outputs].map((port) => ({ owner, port })))
    .filter(({ port }) => port.type.kind !== "signal");
  if (ports.length === 0) return undefined;
  const { owner, port } = ports.length > 256 ? tape.choose(ports.slice(0, 256)) : tape.choose(ports);
  const before = JSON.stringify(port.type);
  port.type = isMedia(port.type) ? changedMedia(tape, port.type) : changedData(tape, program, port.type as never);
  if (JSON.stringify(port.type) === before) return undefined;
  return { kind: "port", port, owner, text: `the type of \`${owner.name}.${port.name}\`` };
}

function changedMedia(tape: Tape, type: Media): Media {
  const sides = Array.from({ length: type.rank ?? 0 }, (_, side) => `side${side}`);
  const dim = tape.choose([...mediaDims[type.media], ...sides]);
  const dims: Record<string, Dim> = { ...type.dims };
  const known = dims[dim];
  const step = tape.weighted({ other: 4, narrower: 3, wider: 2, open: 1 });
  if (step === "other") dims[dim] = otherDim(tape, type, dim, known);
  else {
    const made = changedDim(tape, type.media, dim, known, step);
    if (made !== undefined) dims[dim] = made;
    else if (!dim.startsWith("side")) delete dims[dim];
  }
  return { ...type, dims };
}

/** Values of which the port had none, where there are such. */
function otherDim(tape: Tape, type: Media, dim: string, known: Dim | undefined): Dim {
  const had =
    known?.kind === "values" ? known.values.flatMap((one) => ("value" in one ? [JSON.stringify(one.value)] : [])) : [];
  const free = valuesOf(type.media, dim).filter((value) => !had.includes(JSON.stringify(value)));
  const values: Alternative[] = free.length === 0 ? [] : [{ value: tape.choose(free) }];
  return values.length === 0 ? someDim(tape, type.media, dim) : { kind: "values", values };
}

function changedData(tape: Tape, program: Program, type: Parameters<typeof widerData>[2]): Port["type"] {
  let count = 0;
  const scope: DataScope = { program, file: "main.mesh", next: () => 9_000 + (count += 1) };
  return tape.chance(50) ? widerData(tape, scope, type) : someScalar(tape);
}
