import type { AnySyntax, FirstSyntax, Span } from "../../grammar/syntax.ts";
import { formatType, type Schemas } from "../../runtime/interface/caps.ts";
import type { SplitPlan } from "../../runtime/interface/plan.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { currentType } from "./cells.ts";
import { enumValues, findField } from "./fields.ts";
import type { GraphEnd, GraphSplit } from "./graph.ts";
import { listed } from "./load.ts";
import type { ParameterInfo } from "./parameter.ts";
import type { FileInfo } from "./program.ts";
import { describeLiteral } from "./quantities.ts";
import { replaceFix, type Reporter } from "./reporter.ts";
import type { ValueReader } from "./values.ts";

/** What the forms that choose between branches need to be read. */
export interface ChoiceTools {
  readonly file: FileInfo;
  readonly reporter: Reporter;
  readonly schemas: Schemas;
  readonly values: ValueReader;
  /** Parameters of the pipeline around. */
  readonly params: ReadonlyMap<string, ParameterInfo>;
}

type Any = Extract<GraphSplit["plan"], { kind: "any" }>;
type First = Extract<GraphSplit["plan"], { kind: "first" }>;

const policies: readonly string[] = ["round_robin", "fastest", "least_loaded", "adaptive", "hash"] satisfies Extract<
  SplitPlan,
  { kind: "any" }
>["policy"][];

/** Reads `any(hash(user)) [ … ]`; after a mistake that has been reported, as if nothing stood in the brackets. */
export function readAny(step: AnySyntax, branches: number, sources: readonly GraphEnd[], tools: ChoiceTools): Any {
  const { file, reporter } = tools;
  const each = sources.some((one) => one.type.kind === "media") ? "session" : "frame";
  const plain: Any = { kind: "any", policy: "round_robin", each, branches };
  const { policy, field } = step;
  if (policy.text === "") return plain;
  if (!policies.includes(policy.text)) {
    const near = suggest(policy.text, policies);
    reporter.report("MESH2010", file.source, policy.span, `There is no policy \`${policy.text}\`.`, {
      hint: near === undefined ? listed("There are", policies) : `Did you mean \`${near}\`?`,
      fixes: near === undefined ? [] : [replaceFix(`Change to \`${near}\``, file.source, policy.span, near, false)],
    });
    return plain;
  }
  const chosen: Any = { ...plain, policy: policy.text as Any["policy"] };
  if (policy.text !== "hash") {
    const [first] = field;
    if (first !== undefined && first.text !== "") {
      const span = { start: first.span.start, end: field.at(-1)?.span.end ?? first.span.end };
      reporter.report("MESH2010", file.source, span, `\`${policy.text}\` chooses by no field.`, {
        hint: "Only `hash` does: `any(hash(user))`.",
      });
    }
    return chosen;
  }
  const last = field.at(-1);
  if (last === undefined || field.some((one) => one.text === "")) {
    if (last === undefined) {
      reporter.report("MESH2009", file.source, policy.span, "`hash` needs the field to choose by.", {
        hint: "Write `any(hash(user))`.",
      });
    }
    return plain;
  }
  for (const source of sources) {
    if (source.type.kind === "unknown") continue;
    const found = findField(file, currentType(source.type), field, tools.schemas, reporter);
    if (found === undefined) return plain;
    const { type } = found;
    if (type === undefined || type.kind === "scalar" || enumValues(type, tools.schemas) !== undefined) continue;
    const name = field.map((one) => one.text).join(".");
    reporter.report("MESH3008", file.source, last.span, `\`${name}\` is ${formatType(type)}, no single value.`, {
      hint: "Choose by a field that holds a text, a number or a value of an enum.",
    });
    return plain;
  }
  return { ...chosen, field: field.map((one) => one.text) };
}

/** Before it is known how long answers take, `first(stagger: auto)` asks another branch after so long. */
const hedgedAfterMs = 250;

/**
 * Reads `first(stagger: 50ms) [ … ]`; without a stagger all branches are asked at once, with `auto` after the time that most answers
 * take.
 */
export function readFirst(step: FirstSyntax, branches: number, { file, reporter }: ChoiceTools): First {
  let staggerMs: number | undefined;
  let hedged = false;
  for (const { name, value } of step.arguments) {
    if (name.text === "") continue;
    if (name.text !== "stagger") {
      const near = suggest(name.text, ["stagger"]);
      reporter.report("MESH2008", file.source, name.span, `\`first\` has no parameter named \`${name.text}\`.`, {
        hint: near === undefined ? "It has `stagger`." : `Did you mean \`${near}\`?`,
        fixes: near === undefined ? [] : [replaceFix(`Change to \`${near}\``, file.source, name.span, near, false)],
      });
      continue;
    }
    if (staggerMs !== undefined) {
      reporter.report("MESH2003", file.source, name.span, "`stagger` is given twice.", { hint: "Remove one of them." });
      continue;
    }
    staggerMs = 0;
    if (value === undefined) continue;
    if (value.kind === "Name" && value.text === "auto") {
      hedged = true;
      staggerMs = hedgedAfterMs;
      continue;
    }
    if (value.kind === "Literal" && value.quantity === "duration") {
      if (value.value >= 0) staggerMs = value.value / 1000;
      else reporter.report("MESH3005", file.source, value.span, `${value.text} is not at least 0ms.`);
      continue;
    }
    reporter.report(
      "MESH3003",
      file.source,
      value.span,
      `Expected a duration such as 50ms, or \`auto\`, found ${foundText(value)}.`,
    );
  }
  return { kind: "first", staggerMs: staggerMs ?? 0, ...(hedged && { hedged: true }), branches };
}

function foundText(value: NonNullable<FirstSyntax["arguments"][number]["value"]>): string {
  return value.kind === "Literal" ? describeLiteral(value) : value.kind === "String" ? "a text" : "something else";
}

/** The part of a form before its branches, so that a mark under it stays on one line. */
export function headOf(step: { readonly span: Span }, end: number): Span {
  return { start: step.span.start, end };
}
