import {
  isMissing,
  type CapSyntax,
  type LiteralSyntax,
  type NameSyntax,
  type NamedTypeSyntax,
  type RangeSyntax,
  type ShapeSyntax,
  type Span,
} from "../../grammar/syntax.ts";
import type { Alternative, DimensionValue, MediaKind } from "../../runtime/interface/caps.ts";
import { suggest } from "../diagnostics/suggest.ts";
import {
  codecNames,
  dimensionValue,
  dimensionsOfMedia,
  nameDimension,
  parameterDimension,
  quantityDimensions,
} from "./media.ts";
import type { FileInfo } from "./program.ts";
import { describeLiteral } from "./quantities.ts";
import { replaceFix, type Details, type Reporter } from "./reporter.ts";

/** A dimension as a signature writes it: values, a type variable, or a parameter that fixes it. */
export type PatternDimension =
  | { readonly kind: "values"; readonly values: readonly Alternative<DimensionValue>[] }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "parameter"; readonly name: string };

/** A media type before it is used. */
export interface MediaPattern {
  readonly kind: "media";
  readonly media: MediaKind;
  readonly dims: Readonly<Record<string, PatternDimension>>;
}

/** Names that may stand in the caps of a signature. */
export interface TypeNames {
  /** Type variables, by name to their dimension. */
  readonly variables: ReadonlyMap<string, string>;
  /** Parameters, by name to the name of their scalar type; the empty text where that is no scalar. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** The dimension or type of a name whose declaration is wrong; that has been said, and nothing follows from its use. */
export const lostName = "?";

export const noNames: TypeNames = { variables: new Map(), parameters: new Map() };

/** Dimensions of whole numbers. */
const countedDimensions: readonly string[] = ["side", "channels"];

const dimensionNames: Readonly<Record<string, string>> = {
  rate: "A sample rate",
  channels: "A number of channels",
  size: "A picture size",
  fps: "A frame rate",
  side: "A side",
};

/** More sides than any real tensor has. */
const mostSides = 32;
/** More alternatives than any dimension has; keeps their combinations small. */
const mostAlternatives = 64;

type Found = { readonly dimension: string; readonly pattern: PatternDimension };
type Value = { readonly dimension: string; readonly value: Alternative<DimensionValue> };

const hints: Readonly<Record<MediaKind, string>> = {
  audio: "A sound has a codec, a rate such as 48kHz and channels such as mono, stereo or 6ch.",
  video: "A video has a codec, a size such as 1280x720 and a frame rate such as 30fps.",
  tensor: "A tensor has an element type such as f32 and a shape such as [1, 3, 224, 224].",
};

/** Reads what stands between the angle brackets of a media type. */
export class FormatReader {
  readonly #reporter: Reporter;

  constructor(reporter: Reporter) {
    this.#reporter = reporter;
  }

  /** @returns undefined after a mistake that has been reported */
  media(file: FileInfo, syntax: NamedTypeSyntax, names: TypeNames): MediaPattern | undefined {
    const media = syntax.name.text as MediaKind;
    const dims: Record<string, PatternDimension> = {};
    for (const cap of syntax.caps ?? []) {
      const found = this.#cap(file, cap, media, names);
      if (found === undefined) return undefined;
      for (const { dimension, pattern } of found) {
        if (dims[dimension] !== undefined) {
          const word = dimension === "rank" ? "shape" : dimension;
          return this.#no(file, cap.span, `The ${word} of this \`${media}\` is given twice.`, {
            hint: "Write alternatives with `|`, as in `mono | stereo`.",
          });
        }
        dims[dimension] = pattern;
      }
    }
    return { kind: "media", media, dims };
  }

  /** The values of a cap without variables, and the dimension that they belong to. */
  values(
    file: FileInfo,
    cap: CapSyntax,
    media: MediaKind | undefined,
    others: readonly string[] = [],
  ): { readonly dimension: string; readonly values: readonly Alternative<DimensionValue>[] } | undefined {
    let dimension: string | undefined;
    const values: Alternative<DimensionValue>[] = [];
    if (cap.alternatives.length > mostAlternatives) {
      return this.#no(file, cap.span, `A dimension has at most ${mostAlternatives} alternatives.`);
    }
    for (const part of cap.alternatives) {
      const read = this.#value(file, part, media, others);
      if (read === undefined) return undefined;
      if (dimension !== undefined && dimension !== read.dimension) {
        return this.#no(file, part.span, `One cap mixes ${dimension} and ${read.dimension}.`, {
          hint: "Separate dimensions with `,`, alternatives of one dimension with `|`.",
        });
      }
      dimension = read.dimension;
      values.push(read.value);
    }
    return dimension === undefined ? undefined : { dimension, values };
  }

  #cap(file: FileInfo, cap: CapSyntax, media: MediaKind, names: TypeNames): Found[] | undefined {
    const [first] = cap.alternatives;
    if (first === undefined) return [];
    const shape = cap.alternatives.find((one) => one.kind === "Shape");
    if (shape !== undefined) return this.#shape(file, cap, shape, media, names);
    const named = cap.alternatives.find(
      (one): one is NameSyntax =>
        one.kind === "Name" && (names.variables.has(one.text) || names.parameters.has(one.text)),
    );
    if (named !== undefined && !codecNames[media].includes(named.text)) {
      return this.#reference(file, cap, named, media, names);
    }
    const read = this.values(file, cap, media, [...names.variables.keys(), ...names.parameters.keys()]);
    return read && [{ dimension: read.dimension, pattern: { kind: "values", values: read.values } }];
  }

  /** A type variable, or a parameter that fixes a dimension. */
  #reference(
    file: FileInfo,
    cap: CapSyntax,
    name: NameSyntax,
    media: MediaKind,
    names: TypeNames,
  ): Found[] | undefined {
    if (cap.alternatives.length > 1) {
      return this.#no(file, name.span, `\`${name.text}\` stands for a whole dimension; it cannot be one of several.`, {
        hint: "Bound the variable instead: `<R: rate in 8kHz..48kHz>`.",
      });
    }
    const variable = names.variables.get(name.text);
    const scalar = names.parameters.get(name.text) ?? "";
    if (variable === lostName || scalar === lostName) return undefined;
    if (variable !== undefined) {
      if (dimensionsOfMedia[media].includes(variable)) {
        return [{ dimension: variable, pattern: { kind: "variable", name: name.text } }];
      }
      const message =
        variable === "side" && media === "tensor"
          ? `\`${name.text}\` is a side of a shape; it stands in the brackets of one.`
          : `\`${name.text}\` stands for a ${variable}, which is no dimension of \`${media}\`.`;
      return this.#no(file, name.span, message, { hint: hints[media] });
    }
    const dimension = parameterDimension(scalar, media);
    if (dimension !== undefined) return [{ dimension, pattern: { kind: "parameter", name: name.text } }];
    return this.#no(
      file,
      name.span,
      `The parameter \`${name.text}\` is ${scalar === "" ? "no single value" : `of type ${scalar}`}; it fixes no dimension of \`${media}\`.`,
      { hint: hints[media] },
    );
  }

  #value(
    file: FileInfo,
    part: CapSyntax["alternatives"][number],
    media: MediaKind | undefined,
    others: readonly string[],
  ): Value | undefined {
    if (part.kind === "Name") return this.#codec(file, part, media, others);
    if (part.kind === "Shape") return this.#no(file, part.span, "A shape is no bound of a variable.");
    const ends = part.kind === "Range" ? [part.min, part.max].filter((end) => end !== undefined) : [part];
    const [literal] = ends;
    if (literal === undefined) return undefined;
    const dimension = media === undefined && literal.quantity === "int" ? "side" : quantityDimensions[literal.quantity];
    const allowed = media === undefined || dimensionsOfMedia[media].includes(dimension ?? "");
    const other = ends.find((end) => end.quantity !== literal.quantity);
    if (other !== undefined) {
      return this.#no(file, part.span, `One range mixes ${describeLiteral(literal)}, and ${describeLiteral(other)}.`);
    }
    if (dimension === undefined || !allowed) {
      const message = `${describeLiteral(literal)}, is no dimension of \`${media ?? "media"}\`.`;
      return this.#no(file, part.span, message, { hint: media && hints[media] });
    }
    const wrong = ends.find(
      (end) => end.value <= 0 || (countedDimensions.includes(dimension) && !Number.isInteger(end.value)),
    );
    if (wrong !== undefined) {
      this.#reporter.report(
        "MESH3005",
        file.source,
        wrong.span,
        `${dimensionNames[dimension] ?? dimension} of ${wrong.text} does not exist.`,
      );
      return undefined;
    }
    if (part.kind === "Literal") return { dimension, value: dimensionValue(part) };
    const { min, max } = part;
    if (min !== undefined && max !== undefined && isReversed(min, max)) {
      this.#reporter.report("MESH3005", file.source, part.span, `Nothing lies between ${min.text} and ${max.text}.`, {
        hint: "A range goes from the smaller end to the larger one.",
      });
      return undefined;
    }
    return { dimension, value: rangeOf(part) };
  }

  #codec(file: FileInfo, part: NameSyntax, media: MediaKind | undefined, others: readonly string[]): Value | undefined {
    if (isMissing(part)) return undefined;
    const known = media === undefined ? Object.values(codecNames).flat() : codecNames[media];
    if (known.includes(part.text)) {
      const kind = media ?? (codecNames.tensor.includes(part.text) ? "tensor" : "audio");
      return { dimension: nameDimension(kind), value: part.text };
    }
    if (file.damage.mayName(part.span, part.text)) return undefined;
    const near = suggest(part.text, [...known, ...others]);
    return this.#no(file, part.span, `\`${part.text}\` is no format of \`${media ?? "media"}\`.`, {
      hint: near === undefined ? `It knows ${known.join(", ")}.` : `Did you mean \`${near}\`?`,
      fixes: near === undefined ? [] : [replaceFix(`Change to \`${near}\``, file.source, part.span, near, false)],
    });
  }

  #shape(file: FileInfo, cap: CapSyntax, shape: ShapeSyntax, media: MediaKind, names: TypeNames): Found[] | undefined {
    if (media !== "tensor") return this.#no(file, shape.span, `Only a \`tensor\` has a shape.`, { hint: hints[media] });
    if (cap.alternatives.length > 1) {
      return this.#no(file, cap.span, "A tensor has one shape.", { hint: "Leave a side open with a variable." });
    }
    if (shape.sides.length === 0 || shape.sides.length > mostSides) {
      return this.#no(file, shape.span, `A shape has from 1 to ${mostSides} sides.`);
    }
    const found: Found[] = [{ dimension: "rank", pattern: { kind: "values", values: [shape.sides.length] } }];
    for (const [index, side] of shape.sides.entries()) {
      const pattern = side.kind === "Literal" ? this.#side(file, side) : this.#namedSide(file, side, names);
      if (pattern === undefined) return undefined;
      found.push({ dimension: `side${index}`, pattern });
    }
    return found;
  }

  #side(file: FileInfo, side: LiteralSyntax): PatternDimension | undefined {
    if (side.quantity === "int" && side.value >= 1) return { kind: "values", values: [side.value] };
    return this.#no(file, side.span, `A side is a whole number from 1, not ${side.text}.`);
  }

  #namedSide(file: FileInfo, side: NameSyntax, names: TypeNames): PatternDimension | undefined {
    if (isMissing(side)) return undefined;
    if (names.variables.get(side.text) === "side") return { kind: "variable", name: side.text };
    if (names.parameters.get(side.text) === "int") return { kind: "parameter", name: side.text };
    const known = [...names.variables].filter(([, dimension]) => dimension === "side").map(([name]) => name);
    const near = suggest(side.text, known);
    const found = names.variables.get(side.text) ?? names.parameters.get(side.text);
    if (found === lostName || file.damage.mayName(side.span, side.text)) return undefined;
    return this.#no(
      file,
      side.span,
      found === undefined
        ? `There is no variable \`${side.text}\` here.`
        : `\`${side.text}\` is a ${found}, not a side of a shape.`,
      {
        hint: near === undefined ? `Declare it with the node: \`<${side.text}: side>\`.` : `Did you mean \`${near}\`?`,
        fixes: near === undefined ? [] : [replaceFix(`Change to \`${near}\``, file.source, side.span, near, false)],
      },
    );
  }

  #no(file: FileInfo, span: Span, message: string, details: Details = {}): undefined {
    this.#reporter.report("MESH3004", file.source, span, message, details);
  }
}

function rangeOf(range: RangeSyntax): Alternative<DimensionValue> {
  return {
    ...(range.min !== undefined && { min: dimensionValue(range.min) }),
    ...(range.max !== undefined && { max: dimensionValue(range.max) }),
  };
}

/** True when nothing lies between two literals of one quantity; picture sizes are compared side by side. */
export function isReversed(min: LiteralSyntax, max: LiteralSyntax): boolean {
  const [a, b] = [dimensionValue(min), dimensionValue(max)];
  if (typeof a === "object" && typeof b === "object") return a.width > b.width || a.height > b.height;
  return min.value > max.value;
}
