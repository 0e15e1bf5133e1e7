import {
  dimensionWord,
  isMedia,
  mediaDims,
  type Dim,
  type Media,
  type NodeDecl,
  type Param,
  type Port,
  type PortType,
  type Variable,
} from "../program/model.ts";
import type { Tape } from "../program/tape.ts";
import { scalar, someData, someScalar, widerData, type DataScope } from "./data.ts";
import { changedDim, one, someDim, someMedia, valuesOf, type Step } from "./types.ts";

/** A node that is being made. */
interface Draft {
  readonly variables: Variable[];
  readonly params: Param[];
}

const letters: Readonly<Record<string, string>> = {
  codec: "K",
  rate: "R",
  channels: "C",
  size: "S",
  fps: "F",
  element: "E",
  side: "N",
};

const dimScalars: Readonly<Record<string, string>> = {
  codec: "text",
  element: "text",
  rate: "frequency",
  channels: "channels",
  size: "resolution",
  fps: "framerate",
  side: "int",
};

/** What fits a source most of the time, and sometimes just does not. */
const steps: Readonly<Record<Step, number>> = { same: 34, open: 22, wider: 26, narrower: 13, other: 5 };

/** A node that takes these types, one at each of its inputs, more or less. */
export function someNode(tape: Tape, scope: DataScope, sources: readonly PortType[]): NodeDecl {
  const draft: Draft = { variables: [], params: [] };
  const inputs = sources.map((source, index): Port => {
    const name = sources.length === 1 ? "in" : `in${index}`;
    return { name, type: consumerOf(tape, scope, source, draft), optional: false };
  });
  if (tape.chance(12))
    inputs.push({
      name: "extra",
      type: consumerOf(tape, scope, tape.choose([...sources, signal]), draft),
      optional: true,
    });
  if (tape.chance(10)) inputs.push({ name: "stop", type: signal, optional: false });
  const count = tape.weighted({ one: 6, two: 2 }) === "one" ? 1 : 2;
  const outputs = Array.from({ length: count }, (_, index): Port => {
    const like = sources.length === 0 ? undefined : inputs[tape.below(sources.length)]?.type;
    return { name: count === 1 ? "out" : `out${index}`, type: outputOf(tape, scope, like, draft), optional: false };
  });
  if (tape.chance(15)) outputs.push({ name: "pulse", type: signal, optional: false });
  const name = `Node${scope.next()}`;
  const joins = sources.length >= 2 && tape.chance(60);
  return {
    kind: "node",
    name,
    file: scope.file,
    ...draft,
    inputs: named(inputs, "in"),
    outputs: named(outputs, "out"),
    ...(joins && { join: tape.weighted({ index: 3, latest: 2, time: 2 }) }),
  };
}

export const signal: PortType = { kind: "signal" };

/** A sole port may go without a name of its own. */
function named(ports: Port[], word: string): Port[] {
  const [only] = ports;
  return ports.length === 1 || only === undefined || only.name !== word
    ? ports
    : [{ ...only, name: `${word}0` }, ...ports.slice(1)];
}

/** A type that takes what the source gives, most of the time; the draft gets the variables and parameters in it. */
export function consumerOf(tape: Tape, scope: DataScope, source: PortType, draft: Draft | undefined): PortType {
  if (source.kind === "signal") return source;
  if (!isMedia(source)) {
    if (tape.chance(3)) return someData(tape, scope);
    return tape.chance(35) ? source : widerData(tape, scope, source);
  }
  if (tape.chance(2)) return someMedia(tape, 40);
  const dims: Record<string, Dim> = {};
  const shaped = source.rank !== undefined && tape.chance(75);
  const names = [...mediaDims[source.media], ...(shaped ? sidesOf(source.rank) : [])];
  for (const dim of names) {
    const made = consumerDim(tape, source, dim, draft);
    if (made !== undefined) dims[dim] = made;
  }
  return {
    kind: "media",
    media: source.media,
    dims,
    ...(shaped && source.rank !== undefined && { rank: source.rank }),
  };
}

function sidesOf(rank: number | undefined): string[] {
  return Array.from({ length: rank ?? 0 }, (_, side) => `side${side}`);
}

function consumerDim(tape: Tape, source: Media, dim: string, draft: Draft | undefined): Dim | undefined {
  const from = source.dims[dim];
  if (draft !== undefined && tape.chance(18)) return variableFor(tape, source, dim, draft);
  if (draft !== undefined && tape.chance(6)) return parameterFor(tape, source, dim, draft);
  return changedDim(tape, source.media, dim, from, tape.weighted(steps));
}

/** A variable of the draft that stands for the dimension; a new one where it has none, or sometimes. */
function variableFor(tape: Tape, source: Media, dim: string, draft: Draft): Dim {
  const dimension = dimensionWord(dim);
  const known = draft.variables.filter((one) => one.dimension === dimension && fits(source, one, dim));
  const [first] = known;
  if (first !== undefined && tape.chance(70)) return { kind: "variable", name: tape.choose(known).name };
  const name = `${letters[dimension]}${draft.variables.length + 1}`;
  const bound = tape.chance(25) ? changedDim(tape, source.media, dim, source.dims[dim], "wider") : undefined;
  // The bound of a variable for a codec cannot mix media; one for another medium would never be met.
  draft.variables.push({
    name,
    dimension: dim.startsWith("side") ? "side" : dim,
    ...(bound?.kind === "values" && { bound: bound.values }),
  });
  variableMedia.set(draft.variables.at(-1) as Variable, source.media);
  return { kind: "variable", name };
}

/** A variable for a codec belongs to the medium that it was made for. */
const variableMedia = new WeakMap<Variable, string>();

function fits(source: Media, variable: Variable, dim: string): boolean {
  return dim !== "codec" || variableMedia.get(variable) === source.media;
}

function parameterFor(tape: Tape, source: Media, dim: string, draft: Draft): Dim {
  const dimension = dimensionWord(dim);
  const name = `p${draft.params.length + 1}`;
  const from = source.dims[dim];
  const first = from?.kind === "values" ? from.values[0] : undefined;
  const likely = first === undefined ? undefined : "value" in first ? first.value : (first.max ?? first.min);
  const value = likely ?? tape.choose(valuesOf(source.media, dim));
  draft.params.push({
    name,
    type: scalar(dimScalars[dimension] ?? "text"),
    ...(tape.chance(60) && { default: value }),
  });
  return { kind: "parameter", name };
}

/** What comes out: what came in, with a dimension changed, or something else. */
function outputOf(tape: Tape, scope: DataScope, like: PortType | undefined, draft: Draft): PortType {
  switch (tape.weighted({ same: like === undefined ? 0 : 4, changed: like === undefined ? 0 : 4, other: 2 })) {
    case "same":
      if (like !== undefined && like.kind !== "signal") return like;
      return someType(tape, scope);
    case "changed":
      if (like?.kind !== "media")
        return like === undefined || like.kind === "signal" ? someType(tape, scope) : widerData(tape, scope, like);
      return changedMedia(tape, like, draft);
    default:
      return someType(tape, scope);
  }
}

function changedMedia(tape: Tape, like: Media, draft: Draft): Media {
  const dims: Record<string, Dim> = { ...like.dims };
  const all = [...mediaDims[like.media], ...sidesOf(like.rank)];
  const dim = tape.choose(all);
  switch (tape.weighted({ one: 4, some: 3, variable: 2, parameter: 3, open: 1 })) {
    case "one":
      dims[dim] = { kind: "values", values: [one(tape.choose(valuesOf(like.media, dim)))] };
      break;
    case "some":
      dims[dim] = someDim(tape, like.media, dim);
      break;
    case "variable":
      dims[dim] = variableFor(tape, like, dim, draft);
      break;
    case "parameter":
      dims[dim] = parameterFor(tape, like, dim, draft);
      break;
    default:
      if (!dim.startsWith("side")) delete dims[dim];
  }
  return { ...like, dims };
}

/** Whatever may be the type of a port. */
export function someType(tape: Tape, scope: DataScope): PortType {
  switch (tape.weighted({ media: 6, data: 4 })) {
    case "media":
      return someMedia(tape, 25);
    default:
      return tape.chance(25) ? someScalar(tape) : someData(tape, scope);
  }
}

/** Nodes that `~>` may insert: of some kinds, in the manner of those of the standard library. */
export function someConverters(tape: Tape, scope: DataScope): NodeDecl[] {
  const found: NodeDecl[] = [];
  const add = (converts: number, draft: Draft, from: PortType, to: PortType): void => {
    found.push({
      kind: "node",
      name: `Convert${scope.next()}`,
      file: scope.file,
      ...draft,
      inputs: [{ name: "in", type: from, optional: false }],
      outputs: [{ name: "out", type: to, optional: false }],
      converts,
    });
  };
  const variable = (name: string, dimension: string): Variable => ({ name, dimension });
  const use = (name: string): Dim => ({ kind: "variable", name });
  const fixed = (value: string): Dim => ({ kind: "values", values: [one(value)] });
  const audio = (codec: Dim, rate: Dim, channels: Dim): PortType => ({
    kind: "media",
    media: "audio",
    dims: { codec, rate, channels },
  });
  const [rate, channels] = [use("R"), use("C")];
  const both = [variable("R", "rate"), variable("C", "channels")];
  if (tape.chance(80)) {
    const codec = tape.choose(["opus", "pcmu", "pcm_s16"]);
    add(
      2,
      { variables: both, params: [] },
      audio(fixed(codec), rate, channels),
      audio(fixed("pcm_f32"), rate, channels),
    );
    if (tape.chance(60))
      add(
        4,
        { variables: both, params: [] },
        audio(fixed("pcm_f32"), rate, channels),
        audio(fixed(codec), rate, channels),
      );
  }
  if (tape.chance(80)) {
    const to: Param = {
      name: "to",
      type: scalar("frequency", tape.chance(50) ? { min: 8_000, max: 48_000 } : {}),
      ...(tape.chance(30) && { default: 16_000 }),
    };
    add(
      tape.between(1, 3),
      { variables: both, params: [to] },
      audio(fixed("pcm_f32"), rate, channels),
      audio(fixed("pcm_f32"), { kind: "parameter", name: "to" }, channels),
    );
  }
  if (tape.chance(40)) {
    const to: Param = { name: "to", type: scalar("channels") };
    add(
      3,
      {
        variables: [variable("R", "rate"), { ...variable("C", "channels"), bound: [{ min: 1, max: 2 }] }],
        params: [to],
      },
      audio(fixed("pcm_f32"), rate, channels),
      audio(fixed("pcm_f32"), rate, { kind: "parameter", name: "to" }),
    );
  }
  if (tape.chance(30)) {
    const sized = (size: Dim): PortType => ({
      kind: "media",
      media: "video",
      dims: { codec: use("K"), size, fps: use("F") },
    });
    const variables = [variable("K", "codec"), variable("S", "size"), variable("F", "fps")];
    add(
      2,
      { variables, params: [{ name: "to", type: scalar("resolution") }] },
      sized(use("S")),
      sized({ kind: "parameter", name: "to" }),
    );
  }
  if (tape.chance(30)) add(1, { variables: [], params: [] }, scalar("text"), scalar("json"));
  if (tape.chance(30)) {
    const from = someData(tape, scope);
    add(tape.between(1, 3), { variables: [], params: [] }, from, someData(tape, scope));
  }
  return found;
}
