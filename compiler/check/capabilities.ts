import type {
  CapabilitySyntax,
  ComparisonSyntax,
  ConditionSyntax,
  ExpressionSyntax,
  LiteralSyntax,
} from "../../grammar/syntax.ts";
import type {
  Capability,
  CapabilityValue,
  Condition,
  ConditionPart,
  KnownValue,
} from "../../runtime/interface/plan.ts";
import type { Place } from "../source/source-file.ts";
import type { ParameterInfo } from "./parameter.ts";
import type { FileInfo } from "./program.ts";
import type { Reporter } from "./reporter.ts";
import type { ValueReader } from "./values.ts";

/** A condition with the place where the program asks for it. */
export interface Asked {
  readonly condition: Condition;
  readonly place: Place;
  readonly syntax: ConditionSyntax;
}

/** What a peer provides after a mistake: it may be what is asked for, so nothing follows from it. */
const notKnown: CapabilityValue = { param: "unreadable" };

type Parameters = ReadonlyMap<string, ParameterInfo>;

/** Turns `requires`, `provides` and `where` into plain data; what is wrong is reported and left out. */
export class CapabilityReader {
  readonly #values: ValueReader;
  readonly #reporter: Reporter;

  constructor(values: ValueReader, reporter: Reporter) {
    this.#values = values;
    this.#reporter = reporter;
  }

  /** What a peer provides. */
  provided(file: FileInfo, syntax: readonly CapabilitySyntax[]): Capability[] {
    return syntax.flatMap((one) => {
      const read = one.name.text === "" ? undefined : this.#capability(file, one, new Map(), notKnown);
      return read === undefined ? [] : [read];
    });
  }

  /** @param params what may stand on the right of a comparison */
  asked(file: FileInfo, syntax: readonly ConditionSyntax[], params: Parameters): Asked[] {
    return syntax.flatMap((one) => {
      if (this.#reporter.isUnreadable(file.source, one.span)) return [];
      const parts = one.alternatives.map((part) => this.#part(file, part, params));
      const whole = parts.filter((part) => part !== undefined);
      // With an alternative that cannot be read it is not known what is asked for.
      if (whole.length === 0 || whole.length < parts.length) return [];
      const text = file.source.text.slice(one.span.start, one.span.end).replaceAll(/\s+/g, " ").slice(0, 1024);
      return [{ condition: { anyOf: whole, text }, place: { source: file.source, span: one.span }, syntax: one }];
    });
  }

  #part(file: FileInfo, part: ComparisonSyntax | CapabilitySyntax, params: Parameters): ConditionPart | undefined {
    if (part.kind === "Comparison") return this.#comparison(file, part, params);
    const read = part.name.text === "" ? undefined : this.#capability(file, part, params);
    return read && { kind: "has", ...read };
  }

  #comparison(file: FileInfo, part: ComparisonSyntax, params: Parameters): ConditionPart | undefined {
    const path = part.property.map((one) => one.text);
    if (part.value === undefined || path.includes("")) return undefined;
    const value = this.#value(file, part.value, params, false);
    if (value === undefined) return undefined;
    const ordered = part.operator !== "==" && part.operator !== "!=";
    if (ordered && quantityOf(value, params) === "text") {
      this.#reporter.report(
        "MESH3003",
        file.source,
        part.value.span,
        `\`${part.operator}\` compares amounts and versions, not texts.`,
        { hint: "Compare texts with `==` or `!=`." },
      );
      return undefined;
    }
    return { kind: "compare", path, operator: part.operator, value };
  }

  /** @param wrong stands for a value that cannot be read; without it there is no capability then */
  #capability(
    file: FileInfo,
    syntax: CapabilitySyntax,
    params: Parameters,
    wrong?: CapabilityValue,
  ): Capability | undefined {
    const values: CapabilityValue[] = [];
    const properties: Record<string, CapabilityValue> = {};
    for (const one of syntax.values) {
      if (one.value === undefined) continue;
      const value = this.#value(file, one.value, params, true) ?? wrong;
      if (value === undefined) return undefined;
      const key = one.name?.text;
      if (key === undefined) values.push(value);
      else if (!Object.hasOwn(properties, key)) properties[key] = value;
      else {
        const message = `\`${syntax.name.text}\` has the property \`${key}\` twice.`;
        this.#reporter.report("MESH2003", file.source, one.span, message, { hint: "Remove one of them." });
        return undefined;
      }
    }
    return { name: syntax.name.text, values, properties };
  }

  /** @param words true where a bare word stands for itself, as in `codecs(opus)` */
  #value(file: FileInfo, syntax: ExpressionSyntax, params: Parameters, words: boolean): CapabilityValue | undefined {
    switch (syntax.kind) {
      case "String":
        return { quantity: "text", value: syntax.value };
      case "Literal":
        return knownLiteral(syntax);
      case "Name": {
        const param = params.get(syntax.text);
        if (param === undefined && words) {
          return syntax.text === "" ? undefined : { quantity: "text", value: syntax.text };
        }
        // The reader of values says what is wrong with a name that is no parameter.
        return this.#values.read(file, syntax, undefined, params) && { param: syntax.text };
      }
      case "Call": {
        const read = this.#values.read(file, syntax, undefined, new Map());
        if (read === undefined || !("env" in read)) return undefined;
        const [, fallback] = syntax.arguments;
        const known = fallback && this.#value(file, fallback, new Map(), false);
        return { env: read.env, ...(known !== undefined && "quantity" in known && { default: known }) };
      }
      case "Range":
      case "List":
        this.#reporter.report(
          "MESH3003",
          file.source,
          syntax.span,
          `Expected one value such as 8GiB, found ${syntax.kind === "Range" ? "a range" : "a list"}.`,
          { hint: "A list stands in parentheses, as in `codecs(opus, vp8)`; a range is two comparisons." },
        );
        return undefined;
      default:
        return syntax satisfies never;
    }
  }
}

/** Whole numbers and numbers with a point keep their digits: they are compared part by part, as versions are. */
function knownLiteral(literal: LiteralSyntax): KnownValue {
  const { quantity, value, text } = literal;
  const counted = quantity === "int" || quantity === "float" || quantity === "version";
  return { quantity, value: counted ? text : value };
}

/** What a value measures, as far as it is known at build time. */
export function quantityOf(value: CapabilityValue, params: Parameters): string | undefined {
  if ("quantity" in value) return value.quantity;
  if ("env" in value) return value.default?.quantity;
  const type = params.get(value.param)?.type;
  return type?.kind === "scalar" ? type.name : undefined;
}
