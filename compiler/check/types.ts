import {
  isMissing,
  type CapSyntax,
  type LiteralSyntax,
  type NamedTypeSyntax,
  type RangeSyntax,
  type TypeSyntax,
} from "../../grammar/syntax.ts";
import {
  mediaDimensions,
  scalarNames,
  type Alternative,
  type DimensionValue,
  type FlowType,
  type MediaKind,
  type ScalarName,
} from "../../runtime/interface/caps.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { codecNames, dimensionValue, nameDimension, parameterDimensions, quantityDimensions } from "./media.ts";
import type { FileInfo } from "./program.ts";
import { replaceFix, type Reporter } from "./reporter.ts";
import type { Scope } from "./scope.ts";

/** A dimension as a signature writes it: values, a type variable, or a parameter that fixes it. */
export type PatternDimension =
  | { readonly kind: "values"; readonly values: readonly Alternative<DimensionValue>[] }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "parameter"; readonly name: string };

/** The type of a port before it is used: media with patterns, anything else as it is; `unknown` after a mistake. */
export type PatternType =
  | { readonly kind: "media"; readonly media: MediaKind; readonly dims: Readonly<Record<string, PatternDimension>> }
  | { readonly kind: "data"; readonly type: FlowType }
  | { readonly kind: "unknown" };

/** Names that may stand in the caps of a signature. */
export interface TypeNames {
  /** Type variables, by name to their dimension. */
  readonly variables: ReadonlyMap<string, string>;
  /** Parameters, by name to the name of their scalar type. */
  readonly parameters: ReadonlyMap<string, string>;
}

const noNames: TypeNames = { variables: new Map(), parameters: new Map() };
const mediaKinds: readonly string[] = Object.keys(mediaDimensions);
const typeWords = [...scalarNames, ...mediaKinds, "signal", "map"];

/** Turns the types of the syntax tree into types of the lattice. */
export class TypeReader {
  readonly #scope: Scope;
  readonly #reporter: Reporter;

  constructor(scope: Scope, reporter: Reporter) {
    this.#scope = scope;
    this.#reporter = reporter;
  }

  /** The type of a port. */
  pattern(file: FileInfo, syntax: TypeSyntax | undefined, names: TypeNames = noNames): PatternType {
    if (syntax === undefined) return { kind: "unknown" };
    if (syntax.kind === "NamedType" && mediaKinds.includes(syntax.name.text)) return this.#media(file, syntax, names);
    const type = this.data(file, syntax);
    return type === undefined ? { kind: "unknown" } : { kind: "data", type };
  }

  /** The type of a field, a parameter or a port that carries no media. */
  data(file: FileInfo, syntax: TypeSyntax | undefined): FlowType | undefined {
    if (syntax === undefined) return undefined;
    switch (syntax.kind) {
      case "NamedType":
        return this.#named(file, syntax);
      case "ListType":
      case "MapType": {
        const element = this.data(file, syntax.element);
        return element && { kind: syntax.kind === "ListType" ? "list" : "map", element };
      }
      case "OptionalType": {
        const element = this.data(file, syntax.element);
        return element && (element.kind === "optional" ? element : { kind: "optional", element });
      }
      case "NarrowedType":
        return this.#narrowed(file, syntax);
      default:
        return syntax satisfies never;
    }
  }

  #named(file: FileInfo, syntax: NamedTypeSyntax): FlowType | undefined {
    const name = syntax.name.text;
    if (mediaKinds.includes(name)) {
      const pattern = this.#media(file, syntax, noNames);
      if (pattern.kind !== "media") return undefined;
      const dims: Record<string, readonly Alternative<DimensionValue>[]> = {};
      for (const [key, value] of Object.entries(pattern.dims)) if (value.kind === "values") dims[key] = value.values;
      return { kind: pattern.media, dims };
    }
    if (syntax.caps !== undefined && syntax.caps.length > 0) {
      this.#reporter.report("MESH3004", file.source, syntax.span, `\`${name}\` takes no formats in angle brackets.`, {
        hint: "Only `audio<…>`, `video<…>` and `tensor<…>` do.",
      });
      return undefined;
    }
    if (name === "signal") return { kind: "signal" };
    if ((scalarNames as readonly string[]).includes(name)) return { kind: "scalar", name: name as ScalarName };
    const symbol = this.#scope.resolve(file, syntax.name, ["Record", "Enum"], "a type", typeWords);
    return symbol && { kind: "named", name: symbol.key };
  }

  #narrowed(file: FileInfo, syntax: Extract<TypeSyntax, { kind: "NarrowedType" }>): FlowType | undefined {
    const base = this.data(file, syntax.base);
    const value = syntax.value;
    if (base === undefined || value === undefined) return base;
    if (base.kind !== "scalar") {
      this.#reporter.report(
        "MESH3004",
        file.source,
        syntax.span,
        `\`${syntax.constraint}\` narrows a number or a text, nothing else.`,
      );
      return undefined;
    }
    if (syntax.constraint === "matches") {
      if (value.kind === "String" && base.name === "text") return { ...base, pattern: value.value };
      this.#reporter.report(
        "MESH3004",
        file.source,
        value.span,
        '`matches` takes a pattern in quotes, and narrows `text`: `text matches "[a-z]+"`.',
      );
      return undefined;
    }
    if (value.kind !== "Range") {
      this.#reporter.report("MESH3004", file.source, value.span, "`in` takes a range, such as `0..1`.");
      return undefined;
    }
    for (const end of [value.min, value.max]) {
      if (end !== undefined && !quantityFits(end, base.name)) {
        this.#reporter.report(
          "MESH3003",
          file.source,
          end.span,
          `Expected ${withExample(base.name)}, found ${describeLiteral(end)}.`,
        );
        return undefined;
      }
    }
    return {
      ...base,
      ...(value.min !== undefined && { min: value.min.value }),
      ...(value.max !== undefined && { max: value.max.value }),
    };
  }

  #media(file: FileInfo, syntax: NamedTypeSyntax, names: TypeNames): PatternType {
    const media = syntax.name.text as MediaKind;
    const dims: Record<string, PatternDimension> = {};
    for (const cap of syntax.caps ?? []) {
      const found = this.#cap(file, cap, media, names);
      if (found === undefined) return { kind: "unknown" };
      for (const { dimension, pattern } of found) {
        if (dims[dimension] !== undefined) {
          this.#reporter.report(
            "MESH3004",
            file.source,
            cap.span,
            `The ${dimension} of this \`${media}\` is given twice.`,
            {
              hint: "Write alternatives with `|`, as in `mono | stereo`.",
            },
          );
          return { kind: "unknown" };
        }
        dims[dimension] = pattern;
      }
    }
    return { kind: "media", media, dims };
  }

  #cap(
    file: FileInfo,
    cap: CapSyntax,
    media: MediaKind,
    names: TypeNames,
  ): { dimension: string; pattern: PatternDimension }[] | undefined {
    const [first] = cap.alternatives;
    if (first === undefined) return [];
    if (first.kind === "Shape") return this.#shape(first.sides, names);
    if (cap.alternatives.length === 1 && first.kind === "Name") {
      const variable = names.variables.get(first.text);
      if (variable !== undefined) return [{ dimension: variable, pattern: { kind: "variable", name: first.text } }];
      const parameter = parameterDimensions[names.parameters.get(first.text) ?? ""];
      if (parameter !== undefined) return [{ dimension: parameter, pattern: { kind: "parameter", name: first.text } }];
    }
    const bound = this.capValues(file, cap, media, [...names.variables.keys(), ...names.parameters.keys()]);
    return bound && [{ dimension: bound.dimension, pattern: { kind: "values", values: bound.values } }];
  }

  /** The values of a cap without variables, and the dimension that they belong to. */
  capValues(
    file: FileInfo,
    cap: CapSyntax,
    media: MediaKind | undefined,
    others: readonly string[] = [],
  ): { dimension: string; values: readonly Alternative<DimensionValue>[] } | undefined {
    let dimension: string | undefined;
    const values: Alternative<DimensionValue>[] = [];
    for (const part of cap.alternatives) {
      const read = this.#capValue(file, part, media, others);
      if (read === undefined) return undefined;
      if (dimension !== undefined && dimension !== read.dimension) {
        this.#reporter.report("MESH3004", file.source, part.span, `One cap mixes ${dimension} and ${read.dimension}.`, {
          hint: "Separate dimensions with `,`, alternatives of one dimension with `|`.",
        });
        return undefined;
      }
      dimension = read.dimension;
      values.push(read.value);
    }
    return dimension === undefined ? undefined : { dimension, values };
  }

  #capValue(
    file: FileInfo,
    part: CapSyntax["alternatives"][number],
    media: MediaKind | undefined,
    others: readonly string[],
  ): { dimension: string; value: Alternative<DimensionValue> } | undefined {
    if (part.kind === "Name") {
      if (isMissing(part)) return undefined;
      const known = media === undefined ? Object.values(codecNames).flat() : codecNames[media];
      if (known.includes(part.text))
        return { dimension: media === undefined ? "codec" : nameDimension(media), value: part.text };
      const near = suggest(part.text, [...known, ...others]);
      this.#reporter.report(
        "MESH3004",
        file.source,
        part.span,
        `\`${part.text}\` is no format of \`${media ?? "media"}\`.`,
        {
          hint: near === undefined ? `It knows ${known.join(", ")}.` : `Did you mean \`${near}\`?`,
          fixes: near === undefined ? [] : [replaceFix(`Change to \`${near}\``, file.source, part.span, near, false)],
        },
      );
      return undefined;
    }
    if (part.kind === "Shape") return undefined;
    const literals = part.kind === "Range" ? [part.min, part.max].filter((end) => end !== undefined) : [part];
    const [literal] = literals;
    if (literal === undefined) return undefined;
    const dimension = quantityDimensions[literal.quantity];
    const allowed = media === undefined || (mediaDimensions[media] as readonly string[]).includes(dimension ?? "");
    if (dimension === undefined || !allowed || literals.some((end) => quantityDimensions[end.quantity] !== dimension)) {
      this.#reporter.report(
        "MESH3004",
        file.source,
        part.span,
        `${describeLiteral(literal)} is no dimension of \`${media ?? "media"}\`.`,
        {
          hint:
            media === "video"
              ? "A video has a codec, a size such as 1280x720 and a frame rate such as 30fps."
              : "A sound has a codec, a rate such as 48kHz and channels such as mono, stereo or 6ch.",
        },
      );
      return undefined;
    }
    if (part.kind === "Literal") return { dimension, value: dimensionValue(part) };
    return { dimension, value: rangeOf(part) };
  }

  #shape(
    sides: readonly (LiteralSyntax | { kind: "Name"; text: string })[],
    names: TypeNames,
  ): { dimension: string; pattern: PatternDimension }[] {
    const found: { dimension: string; pattern: PatternDimension }[] = [
      { dimension: "rank", pattern: { kind: "values", values: [sides.length] } },
    ];
    sides.forEach((side, index) => {
      if (side.kind === "Literal") {
        found.push({ dimension: `side${index}`, pattern: { kind: "values", values: [side.value] } });
      } else if (names.variables.has(side.text)) {
        found.push({ dimension: `side${index}`, pattern: { kind: "variable", name: side.text } });
      }
    });
    return found;
  }
}

function rangeOf(range: RangeSyntax): Alternative<DimensionValue> {
  return {
    ...(range.min !== undefined && { min: dimensionValue(range.min) }),
    ...(range.max !== undefined && { max: dimensionValue(range.max) }),
  };
}

/** True when a literal may stand where a scalar of this name is wanted. */
export function quantityFits(literal: LiteralSyntax, scalar: ScalarName): boolean {
  if (scalar === "json") return ["bool", "int", "float"].includes(literal.quantity);
  if (literal.quantity === scalar) return true;
  return literal.quantity === "int" && (scalar === "float" || scalar === "version" || scalar === "channels")
    ? true
    : literal.quantity === "float" && scalar === "version";
}

const examples: Readonly<Partial<Record<ScalarName, string>>> = {
  text: '"hello"',
  bool: "true",
  int: "3",
  float: "0.5",
  duration: "20ms",
  frequency: "48kHz",
  size: "512MiB",
  bitrate: "64kbps",
  framerate: "30fps",
  resolution: "1280x720",
  decibel: "-6dB",
  percentage: "80%",
  channels: "stereo",
  version: "12.4",
};

const quantityWords: Readonly<Record<string, string>> = {
  bool: "a truth value",
  int: "a whole number",
  float: "a number",
  size: "a size",
  bitrate: "a bit rate",
  framerate: "a frame rate",
  decibel: "a gain",
  channels: "a number of channels",
  text: "a text",
};

function words(quantity: string): string {
  return quantityWords[quantity] ?? `a ${quantity}`;
}

/** `a duration such as 20ms` */
export function withExample(scalar: ScalarName): string {
  const example = examples[scalar];
  return example === undefined ? words(scalar) : `${words(scalar)} such as ${example}`;
}

/** `48kHz, a frequency` */
export function describeLiteral(literal: LiteralSyntax): string {
  return `${literal.text}, ${words(literal.quantity)}`;
}
