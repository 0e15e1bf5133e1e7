import type { ExpressionSyntax, NamedTypeSyntax, NarrowedTypeSyntax, Span, TypeSyntax } from "../../grammar/syntax.ts";
import {
  compareVersions,
  formatType,
  mediaDimensions,
  scalarNames,
  type FlowType,
  type ScalarName,
  type ScalarType,
} from "../../runtime/interface/caps.ts";
import { FormatReader, isReversed, noNames, type MediaPattern, type TypeNames } from "./formats.ts";
import type { FileInfo, TypeSymbol } from "./program.ts";
import { describeLiteral, narrowedTo, quantityFits, rangedScalars, withExample } from "./quantities.ts";
import type { Details, Reporter } from "./reporter.ts";
import type { Scope } from "./scope.ts";

export { describeLiteral, quantityFits, withExample } from "./quantities.ts";
export type { MediaPattern, PatternDimension, TypeNames } from "./formats.ts";

/** The type of a port before it is used: media with patterns, anything else as it is; `unknown` after a mistake. */
export type PatternType =
  | MediaPattern
  | { readonly kind: "data"; readonly type: FlowType }
  | { readonly kind: "unknown" };

const mediaKinds: readonly string[] = Object.keys(mediaDimensions);
const typeWords = [...scalarNames, ...mediaKinds, "signal", "map"];
/** Longer patterns are refused where a plan is read. */
const longestPattern = 1024;

/** Turns the types of the syntax tree into types of the lattice. */
export class TypeReader {
  readonly formats: FormatReader;
  readonly #scope: Scope;
  readonly #reporter: Reporter;
  readonly #named: (symbol: TypeSymbol) => void;

  /** @param named told of each record and enum that a type names */
  constructor(scope: Scope, reporter: Reporter, named: (symbol: TypeSymbol) => void) {
    this.formats = new FormatReader(reporter);
    this.#scope = scope;
    this.#reporter = reporter;
    this.#named = named;
  }

  /** The type of a port. */
  pattern(file: FileInfo, syntax: TypeSyntax | undefined, names: TypeNames = noNames): PatternType {
    if (syntax?.kind === "NamedType") {
      const word = syntax.name.text;
      if (mediaKinds.includes(word)) return this.formats.media(file, syntax, names) ?? { kind: "unknown" };
      if (word === "signal" && !hasCaps(syntax)) return { kind: "data", type: { kind: "signal" } };
    }
    const type = this.data(file, syntax);
    return type === undefined ? { kind: "unknown" } : { kind: "data", type };
  }

  /**
   * The type of a field, a parameter or a port that carries data.
   * @returns undefined after a mistake that has been reported
   */
  data(file: FileInfo, syntax: TypeSyntax | undefined): FlowType | undefined {
    if (syntax === undefined) return undefined;
    switch (syntax.kind) {
      case "NamedType":
        return this.#name(file, syntax);
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

  #name(file: FileInfo, syntax: NamedTypeSyntax): FlowType | undefined {
    const name = syntax.name.text;
    if (mediaKinds.includes(name) || name === "signal") {
      const carries = name === "signal" ? "A pulse" : `A stream of ${name}`;
      return this.#no(file, syntax.span, `${carries} is no value.`, {
        hint: `Give it a port of its own: \`in ${name}\`.`,
      });
    }
    const known = (scalarNames as readonly string[]).includes(name) || this.#scope.find(file, name) !== undefined;
    if (hasCaps(syntax) && known) {
      return this.#no(file, syntax.span, `\`${name}\` takes no formats in angle brackets.`, {
        hint: "Only `audio<…>`, `video<…>` and `tensor<…>` do.",
      });
    }
    if ((scalarNames as readonly string[]).includes(name)) return { kind: "scalar", name: name as ScalarName };
    const symbol = this.#scope.resolve(file, syntax.name, ["Record", "Enum"], "a type", typeWords);
    if (symbol === undefined) return undefined;
    this.#named(symbol);
    return { kind: "named", name: symbol.key };
  }

  #narrowed(file: FileInfo, syntax: NarrowedTypeSyntax): FlowType | undefined {
    const base = this.data(file, syntax.base);
    const { value } = syntax;
    if (base === undefined || value === undefined) return base;
    if (syntax.base.kind === "NarrowedType" && syntax.base.constraint === syntax.constraint) {
      return this.#no(file, syntax.span, `\`${syntax.constraint}\` is given twice.`, { hint: "Remove one of them." });
    }
    return syntax.constraint === "matches"
      ? this.#pattern(file, syntax.span, base, value)
      : this.#range(file, syntax.span, base, value);
  }

  #pattern(file: FileInfo, span: Span, base: FlowType, value: ExpressionSyntax): FlowType | undefined {
    if (base.kind !== "scalar" || base.name !== "text") {
      return this.#no(file, span, `\`matches\` narrows a \`text\`, not ${describe(base)}.`);
    }
    if (value.kind !== "String") {
      return this.#no(file, value.span, '`matches` takes a pattern in quotes: `text matches "[a-z]+"`.');
    }
    if (value.value.length > longestPattern) {
      return this.#no(file, value.span, `A pattern has at most ${longestPattern} characters.`);
    }
    if (!isPattern(value.value)) {
      return this.#no(file, value.span, `${JSON.stringify(value.value)} is no regular expression.`, {
        hint: "Put a backslash before a bracket that stands for itself.",
      });
    }
    return { ...base, pattern: value.value };
  }

  #range(file: FileInfo, span: Span, base: FlowType, value: ExpressionSyntax): FlowType | undefined {
    if (base.kind !== "scalar" || !rangedScalars.includes(base.name)) {
      return this.#no(file, span, `\`in\` narrows a number or quantity, not ${describe(base)}.`, {
        hint: base.kind === "scalar" && base.name === "text" ? 'A text is narrowed by `matches "…"`.' : undefined,
      });
    }
    if (value.kind !== "Range") {
      return this.#no(file, value.span, "`in` takes a range, such as `0..1`.");
    }
    const { min, max } = value;
    for (const end of [min, max]) {
      if (end === undefined || quantityFits(end, base.name)) continue;
      const message = `Expected ${withExample(base.name)}, found ${describeLiteral(end)}.`;
      this.#reporter.report("MESH3003", file.source, end.span, message);
      return undefined;
    }
    const type: ScalarType = narrowedTo(base, min, max);
    if (min === undefined || max === undefined) return type;
    if (base.name === "version" ? isEmptyVersionRange(type) : isReversed(min, max)) {
      this.#reporter.report("MESH3005", file.source, value.span, `Nothing lies between ${min.text} and ${max.text}.`, {
        hint: "A range goes from the smaller end to the larger one.",
      });
      return undefined;
    }
    return type;
  }

  #no(file: FileInfo, span: Span, message: string, details: Details = {}): undefined {
    this.#reporter.report("MESH3004", file.source, span, message, details);
  }
}

function hasCaps(syntax: NamedTypeSyntax): boolean {
  return syntax.caps !== undefined && syntax.caps.length > 0;
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(`^(?:${text})$`, "u") instanceof RegExp;
  } catch {
    return false;
  }
}

function isEmptyVersionRange({ between }: ScalarType): boolean {
  const { min, max } = between ?? {};
  return typeof min === "string" && typeof max === "string" && compareVersions(min, max) > 0;
}

function describe(type: FlowType): string {
  return `\`${formatType(type)}\``;
}
