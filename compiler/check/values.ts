import type { ExpressionSyntax, LiteralSyntax, NameSyntax } from "../../grammar/syntax.ts";
import { formatType, type FlowType, type ScalarType } from "../../runtime/interface/caps.ts";
import type { JsonValue } from "../../runtime/interface/frame.ts";
import type { PlanValue } from "../../runtime/interface/plan.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { FileInfo } from "./program.ts";
import type { ParameterInfo } from "./parameter.ts";
import { replaceFix, type Reporter } from "./reporter.ts";
import { describeLiteral, quantityFits, withExample } from "./types.ts";

/** Turns expressions into values of the plan, checked against the type that is wanted. */
export class ValueReader {
  readonly #reporter: Reporter;
  readonly #enums: (key: string) => readonly string[] | undefined;

  /** @param enums the values of an enum, by the key of its type */
  constructor(reporter: Reporter, enums: (key: string) => readonly string[] | undefined) {
    this.#reporter = reporter;
    this.#enums = enums;
  }

  /**
   * @param wanted the type that the place asks for; undefined takes anything
   * @param params parameters that may be named
   * @returns undefined after a mistake that has been reported
   */
  read(
    file: FileInfo,
    syntax: ExpressionSyntax,
    wanted: FlowType | undefined,
    params: ReadonlyMap<string, ParameterInfo>,
  ): PlanValue | undefined {
    const target = wanted?.kind === "optional" ? wanted.element : wanted;
    switch (syntax.kind) {
      case "Name":
        return this.#name(file, syntax, target, params);
      case "Call":
        return this.#environment(file, syntax, target);
      default: {
        const literal = this.#literal(file, syntax, target);
        return literal === undefined ? undefined : { literal };
      }
    }
  }

  #literal(file: FileInfo, syntax: ExpressionSyntax, wanted: FlowType | undefined): JsonValue | undefined {
    switch (syntax.kind) {
      case "String":
        return this.#text(file, syntax, wanted);
      case "Literal":
        return this.#quantity(file, syntax, wanted);
      case "List": {
        if (wanted !== undefined && wanted.kind !== "list" && !isJson(wanted))
          return this.#wrong(file, syntax, wanted, "a list");
        const element = wanted?.kind === "list" ? wanted.element : wanted;
        const items = syntax.items.map((item) => this.#literal(file, item, element));
        return items.every((item) => item !== undefined) ? items : undefined;
      }
      case "Range":
        return this.#wrong(file, syntax, wanted, "a range");
      case "Name":
      case "Call":
        return this.#wrong(file, syntax, wanted, "something that is only known later");
      default:
        return syntax satisfies never;
    }
  }

  #text(
    file: FileInfo,
    syntax: Extract<ExpressionSyntax, { kind: "String" }>,
    wanted: FlowType | undefined,
  ): JsonValue | undefined {
    if (wanted?.kind === "named") {
      const values = this.#enums(wanted.name);
      if (values?.includes(syntax.value)) return syntax.value;
      if (values !== undefined) {
        const near = suggest(syntax.value, values);
        this.#reporter.report(
          "MESH3003",
          file.source,
          syntax.span,
          `"${syntax.value}" is not one of \`${wanted.name}\`.`,
          {
            hint:
              near === undefined
                ? `It may be ${values.map((one) => `"${one}"`).join(", ")}.`
                : `Did you mean "${near}"?`,
            fixes:
              near === undefined
                ? []
                : [replaceFix(`Change to "${near}"`, file.source, syntax.span, JSON.stringify(near), false)],
          },
        );
        return undefined;
      }
      return this.#wrong(file, syntax, wanted, `"${syntax.value}", a text`);
    }
    if (wanted !== undefined && !(wanted.kind === "scalar" && (wanted.name === "text" || wanted.name === "json"))) {
      return this.#wrong(file, syntax, wanted, `"${syntax.value}", a text`);
    }
    if (wanted?.pattern !== undefined && !matchesWhole(wanted.pattern, syntax.value)) {
      this.#reporter.report(
        "MESH3005",
        file.source,
        syntax.span,
        `"${syntax.value}" does not match "${wanted.pattern}".`,
      );
      return undefined;
    }
    return syntax.value;
  }

  #quantity(file: FileInfo, syntax: LiteralSyntax, wanted: FlowType | undefined): JsonValue | undefined {
    if (wanted !== undefined && (wanted.kind !== "scalar" || !quantityFits(syntax, wanted.name))) {
      return this.#wrong(file, syntax, wanted, describeLiteral(syntax));
    }
    if (wanted !== undefined && !inRange(wanted, syntax.value)) {
      this.#reporter.report("MESH3005", file.source, syntax.span, `${syntax.text} is outside ${formatType(wanted)}.`);
      return undefined;
    }
    if (syntax.quantity === "bool") return syntax.value === 1;
    if (wanted?.name === "version") return syntax.text;
    if (syntax.quantity === "resolution") {
      return { width: Math.floor(syntax.value / 65_536), height: syntax.value % 65_536 };
    }
    return syntax.value;
  }

  #name(
    file: FileInfo,
    syntax: NameSyntax,
    wanted: FlowType | undefined,
    params: ReadonlyMap<string, ParameterInfo>,
  ): PlanValue | undefined {
    if (syntax.text === "") return undefined;
    const param = params.get(syntax.text);
    if (param === undefined) {
      const near = suggest(syntax.text, [...params.keys()]);
      this.#reporter.report(
        "MESH2001",
        file.source,
        syntax.span,
        `There is no parameter named \`${syntax.text}\` here.`,
        {
          hint: near === undefined ? "A text stands in quotes." : `Did you mean \`${near}\`?`,
          fixes: near === undefined ? [] : [replaceFix(`Change to \`${near}\``, file.source, syntax.span, near, false)],
        },
      );
      return undefined;
    }
    if (wanted !== undefined && param.type !== undefined && !sameFamily(param.type, wanted)) {
      this.#wrong(file, syntax, wanted, `the parameter \`${param.name}\`, which is ${formatType(param.type)}`);
      return undefined;
    }
    return { param: param.name };
  }

  #environment(
    file: FileInfo,
    syntax: Extract<ExpressionSyntax, { kind: "Call" }>,
    wanted: FlowType | undefined,
  ): PlanValue | undefined {
    if (syntax.callee.text !== "env") {
      this.#reporter.report(
        "MESH2001",
        file.source,
        syntax.callee.span,
        `There is no function named \`${syntax.callee.text}\`.`,
        {
          hint: 'The only one is `env("NAME", default)`, which reads an environment variable.',
        },
      );
      return undefined;
    }
    const [name, fallback, ...more] = syntax.arguments;
    if (name?.kind !== "String" || more.length > 0) {
      this.#reporter.report(
        "MESH3003",
        file.source,
        syntax.span,
        "`env` takes the name of a variable in quotes, and a default.",
        {
          hint: 'Write it as in `env("ANSWER_MODEL", "small")`.',
        },
      );
      return undefined;
    }
    if (fallback === undefined) return { env: name.value };
    const literal = this.#literal(file, fallback, wanted);
    return literal === undefined ? undefined : { env: name.value, default: literal };
  }

  #wrong(file: FileInfo, syntax: ExpressionSyntax, wanted: FlowType | undefined, found: string): undefined {
    const expected =
      wanted === undefined ? "a value" : wanted.kind === "scalar" ? withExample(wanted.name) : formatType(wanted);
    this.#reporter.report("MESH3003", file.source, syntax.span, `Expected ${expected}, found ${found}.`);
    return undefined;
  }
}

function isJson(type: FlowType): boolean {
  return type.kind === "scalar" && type.name === "json";
}

function inRange(type: ScalarType, value: number): boolean {
  return (type.min === undefined || value >= type.min) && (type.max === undefined || value <= type.max);
}

function sameFamily(given: FlowType, wanted: FlowType): boolean {
  if (isJson(wanted)) return true;
  if (given.kind === "scalar" && wanted.kind === "scalar") {
    return given.name === wanted.name || (given.name === "int" && wanted.name === "float");
  }
  return formatType(given) === formatType(wanted);
}

/** A pattern that is no regular expression matches nothing here; the type that declares it is at fault. */
function matchesWhole(pattern: string, text: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, "u").test(text);
  } catch {
    return false;
  }
}
