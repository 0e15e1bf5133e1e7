import type { CallSyntax, ExpressionSyntax, LiteralSyntax, NameSyntax, StringSyntax } from "../../grammar/syntax.ts";
import { accepts, formatType, type FlowType, type Schemas } from "../../runtime/interface/caps.ts";
import type { JsonValue } from "../../runtime/interface/frame.ts";
import type { PlanValue } from "../../runtime/interface/plan.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { listed } from "./load.ts";
import { dimensionValue } from "./media.ts";
import { isUnlimited, matchesWhole, scalarOf, type ParameterInfo, type ParameterLimits } from "./parameter.ts";
import type { FileInfo } from "./program.ts";
import { describeLiteral, literalInRange, quantityFits, withExample } from "./quantities.ts";
import { replaceFix, type Reporter } from "./reporter.ts";

/** What a value is for, where that matters. */
export interface ValuePlace {
  /** What asks for it, for messages: `threshold` of `Vad`. */
  readonly asker: string;
  /** Where parameters that are named take on the limits of the place; left out where they have to lie within them. */
  readonly limits?: ParameterLimits;
}

/** In a record there are none. */
const noParameters: ReadonlyMap<string, ParameterInfo> = new Map();

/** Turns expressions into values of the plan, checked against the type that is wanted. */
export class ValueReader {
  readonly #reporter: Reporter;
  readonly #schemas: Schemas;

  constructor(reporter: Reporter, schemas: Schemas) {
    this.#reporter = reporter;
    this.#schemas = schemas;
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
    place?: ValuePlace,
  ): PlanValue | undefined {
    const target = wanted?.kind === "optional" ? wanted.element : wanted;
    switch (syntax.kind) {
      case "Name":
        return this.#name(file, syntax, wanted, params, place);
      case "Call":
        return this.#environment(file, syntax, target);
      default: {
        const literal = this.literal(file, syntax, target, place?.asker);
        return literal === undefined ? undefined : { literal };
      }
    }
  }

  /**
   * A value that is written out.
   * @param asker what asks for it, for messages
   */
  literal(
    file: FileInfo,
    syntax: ExpressionSyntax,
    wanted: FlowType | undefined,
    asker?: string,
  ): JsonValue | undefined {
    switch (syntax.kind) {
      case "String":
        return this.#text(file, syntax, wanted, asker);
      case "Literal":
        return this.#quantity(file, syntax, wanted, asker);
      case "List": {
        if (wanted !== undefined && wanted.kind !== "list" && !isJson(wanted))
          return this.#wrong(file, syntax, wanted, "a list");
        const element = wanted?.kind === "list" ? wanted.element : wanted;
        const items = syntax.items.map((item) => this.literal(file, item, element, asker));
        return items.every((item) => item !== undefined) ? items : undefined;
      }
      case "Range":
        return this.#wrong(file, syntax, wanted, "a range");
      case "Name": {
        const value = this.#name(file, syntax, wanted, noParameters, undefined);
        return value !== undefined && "literal" in value ? value.literal : undefined;
      }
      case "Call":
        return this.#wrong(file, syntax, wanted, "something that is only known later");
      default:
        return syntax satisfies never;
    }
  }

  #enumValues(type: FlowType | undefined): readonly string[] | undefined {
    if (type?.kind !== "named") return undefined;
    const schema = Object.hasOwn(this.#schemas, type.name) ? this.#schemas[type.name] : undefined;
    return schema?.kind === "enum" ? schema.values : undefined;
  }

  #text(
    file: FileInfo,
    syntax: StringSyntax,
    wanted: FlowType | undefined,
    asker: string | undefined,
  ): JsonValue | undefined {
    const found = `${JSON.stringify(syntax.value)}, a text`;
    if (wanted?.kind === "optional") return this.#text(file, syntax, wanted.element, asker);
    if (wanted?.kind === "named") {
      const values = this.#enumValues(wanted);
      if (values === undefined) return this.#wrong(file, syntax, wanted, found);
      if (values.includes(syntax.value)) return syntax.value;
      const near = suggest(syntax.value, values);
      this.#reporter.report(
        "MESH3003",
        file.source,
        syntax.span,
        `${JSON.stringify(syntax.value)} is not one of \`${wanted.name}\`.`,
        {
          types: [wanted.name],
          hint:
            near === undefined
              ? `It may be ${values.map((one) => JSON.stringify(one)).join(", ")}.`
              : `Did you mean ${JSON.stringify(near)}?`,
          fixes:
            near === undefined
              ? []
              : [replaceFix(`Change to "${near}"`, file.source, syntax.span, JSON.stringify(near), false)],
        },
      );
      return undefined;
    }
    if (wanted !== undefined && !(wanted.kind === "scalar" && (wanted.name === "text" || wanted.name === "json"))) {
      return this.#wrong(file, syntax, wanted, found);
    }
    if (!matchesWhole(wanted?.pattern, syntax.value)) {
      this.#reporter.report(
        "MESH3005",
        file.source,
        syntax.span,
        `${JSON.stringify(syntax.value)} does not match the pattern ${JSON.stringify(wanted?.pattern)}${asker === undefined ? "" : ` of ${asker}`}.`,
        { hint: "A pattern has to match the whole text." },
      );
      return undefined;
    }
    return syntax.value;
  }

  #quantity(
    file: FileInfo,
    syntax: LiteralSyntax,
    wanted: FlowType | undefined,
    asker: string | undefined,
  ): JsonValue | undefined {
    if (wanted?.kind === "optional") return this.#quantity(file, syntax, wanted.element, asker);
    if (wanted !== undefined && (wanted.kind !== "scalar" || !quantityFits(syntax, wanted.name))) {
      return this.#wrong(file, syntax, wanted, describeLiteral(syntax));
    }
    if (wanted !== undefined && !literalInRange(syntax, wanted)) {
      const range = formatType(wanted).replace(/^\S+ in /, "");
      const message =
        asker === undefined
          ? `${syntax.text} is outside ${range}.`
          : `${asker} is in the range ${range}, and ${syntax.text} lies outside.`;
      this.#reporter.report("MESH3005", file.source, syntax.span, message);
      return undefined;
    }
    if (syntax.quantity === "bool") return syntax.value === 1;
    if (wanted?.name === "version" || syntax.quantity === "version") return syntax.text;
    const value = dimensionValue(syntax);
    return typeof value === "object" ? { width: value.width, height: value.height } : value;
  }

  #name(
    file: FileInfo,
    syntax: NameSyntax,
    wanted: FlowType | undefined,
    params: ReadonlyMap<string, ParameterInfo>,
    place: ValuePlace | undefined,
  ): PlanValue | undefined {
    if (syntax.text === "") return undefined;
    const param = params.get(syntax.text);
    if (param !== undefined) return this.#parameter(file, syntax, wanted, param, place);
    if (file.damage.mayName(syntax.span, syntax.text)) return undefined;
    const target = wanted?.kind === "optional" ? wanted.element : wanted;
    const values = this.#enumValues(target) ?? (isBool(target) ? ["true", "false"] : []);
    if (values.includes(syntax.text)) return { literal: syntax.text };
    const near = suggest(syntax.text, [...params.keys(), ...values]);
    const message =
      target?.kind === "named" && values.length > 0
        ? `There is no parameter named \`${syntax.text}\` here, and it is not one of \`${formatType(target)}\`.`
        : params === noParameters
          ? `\`${syntax.text}\` is no value.`
          : `There is no parameter named \`${syntax.text}\` here.`;
    this.#reporter.report("MESH2001", file.source, syntax.span, message, {
      hint:
        near !== undefined
          ? `Did you mean \`${near}\`?`
          : values.length > 0
            ? listed("It may be", values)
            : "A text stands in quotes.",
      fixes: near === undefined ? [] : [replaceFix(`Change to \`${near}\``, file.source, syntax.span, near, false)],
      types: target?.kind === "named" ? [target.name] : [],
    });
    return undefined;
  }

  /** A parameter where a value is asked for: of the same kind, and within the limits or ready to take them on. */
  #parameter(
    file: FileInfo,
    syntax: NameSyntax,
    wanted: FlowType | undefined,
    param: ParameterInfo,
    place: ValuePlace | undefined,
  ): PlanValue | undefined {
    const value: PlanValue = { param: param.name };
    const { type } = param;
    if (wanted === undefined || type === undefined) return value;
    const found = `the parameter \`${param.name}\`, which is ${formatType(type)}`;
    if (type.kind === "optional" && wanted.kind !== "optional") {
      return this.#wrong(file, syntax, wanted, `${found} and may be absent`);
    }
    const given = type.kind === "optional" ? type.element : type;
    const target = wanted.kind === "optional" ? wanted.element : wanted;
    if (accepts(target, given, { producer: this.#schemas, consumer: this.#schemas })) return value;
    const scalar = scalarOf(given);
    const limit = scalarOf(target);
    const sameKind = scalar?.name === limit?.name || (scalar?.name === "int" && limit?.name === "float");
    if (scalar === undefined || limit === undefined || !sameKind) return this.#wrong(file, syntax, wanted, found);
    const asker = place?.asker ?? "the place where it is used";
    if (isUnlimited(scalar) && place?.limits !== undefined) {
      const at = { source: file.source, span: syntax.span };
      const earlier = place.limits.restrict(param, { type: limit, asker, place: at });
      if (earlier === undefined) return value;
      this.#reporter.report(
        "MESH3005",
        file.source,
        syntax.span,
        `No value of \`${param.name}\` fits ${asker}, which takes ${formatType(limit)}, and ${earlier.asker} as well.`,
        { related: [{ place: earlier.place, message: `${earlier.asker} takes ${formatType(earlier.type)}` }] },
      );
      return undefined;
    }
    this.#reporter.report(
      "MESH3005",
      file.source,
      syntax.span,
      `The parameter \`${param.name}\` is ${formatType(type)}; ${asker} takes only ${formatType(limit)}.`,
      { hint: `Declare it as \`${param.name}: ${formatType(limit)}\`.` },
    );
    return undefined;
  }

  #environment(file: FileInfo, syntax: CallSyntax, wanted: FlowType | undefined): PlanValue | undefined {
    if (syntax.callee.text !== "env") {
      const message = `There is no function named \`${syntax.callee.text}\`.`;
      this.#reporter.report("MESH2001", file.source, syntax.callee.span, message, {
        hint: 'The only one is `env("NAME", default)`, which reads an environment variable.',
      });
      return undefined;
    }
    const [name, fallback, ...more] = syntax.arguments;
    if (name?.kind !== "String" || name.value === "" || more.length > 0) {
      const message = "`env` takes the name of a variable in quotes, and a default.";
      this.#reporter.report("MESH3003", file.source, syntax.span, message, {
        hint: 'Write it as in `env("ANSWER_MODEL", "small")`.',
      });
      return undefined;
    }
    const plain = wanted === undefined || (wanted.kind === "scalar" && wanted.name === "text" && isUnlimited(wanted));
    const type = plain ? {} : { type: wanted };
    if (fallback === undefined) return { env: name.value, ...type };
    const literal = this.literal(file, fallback, wanted);
    return literal === undefined ? undefined : { env: name.value, default: literal, ...type };
  }

  #wrong(file: FileInfo, syntax: ExpressionSyntax, wanted: FlowType | undefined, found: string): undefined {
    const expected =
      wanted === undefined
        ? "a value"
        : wanted.kind === "scalar" && wanted.pattern === undefined
          ? withExample(wanted.name)
          : formatType(wanted);
    this.#reporter.report("MESH3003", file.source, syntax.span, `Expected ${expected}, found ${found}.`);
    return undefined;
  }
}

function isBool(type: FlowType | undefined): boolean {
  return type?.kind === "scalar" && type.name === "bool";
}

function isJson(type: FlowType): boolean {
  return type.kind === "scalar" && type.name === "json";
}
