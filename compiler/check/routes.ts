import type { ExpressionSyntax, RouteSyntax, Span } from "../../grammar/syntax.ts";
import { formatType, type FlowType } from "../../runtime/interface/caps.ts";
import { currentType } from "./cells.ts";
import { headOf, type ChoiceTools } from "./choices.ts";
import { enumValues, findField, type FieldFound } from "./fields.ts";
import { isReversed } from "./formats.ts";
import type { GraphEnd, GraphSplit } from "./graph.ts";
import { listed } from "./load.ts";
import { describeLiteral, quantityFits, rangedScalars, withExample } from "./quantities.ts";

type Route = Extract<GraphSplit["plan"], { kind: "route" }>;
type Case = Route["cases"][number];

interface ReadCase {
  readonly value: Case;
  readonly span: Span;
}

/** Reads `route language { "en" -> b, else -> d }`: what is chosen by, what each case holds for, and that none is left. */
export function readRoute(step: RouteSyntax, sources: readonly GraphEnd[], tools: ChoiceTools): Route {
  const field = step.field.map((one) => one.text);
  const fields = fieldsOf(step, sources, tools);
  const [first] = fields ?? [];
  const cases: (ReadCase | undefined)[] = [];
  for (const { match, span } of step.cases) {
    if (match === undefined) {
      cases.push({ value: { else: true }, span: { start: span.start, end: span.start + "else".length } });
    } else {
      const value = fields === undefined ? undefined : readCase(match, first?.type, tools);
      cases.push(value && { value, span: match.span });
    }
  }
  const read = cases.filter((one) => one !== undefined);
  const clear = reportRepeated(read, tools);
  // The case that is missed may stand where it cannot be read.
  const isRead = read.length === cases.length && !tools.reporter.isUnreadable(tools.file.source, step.span);
  if (fields !== undefined && clear && isRead) reportGaps(step, fields, read, tools);
  return { kind: "route", field, cases: cases.map((one): Case => one?.value ?? { else: true }) };
}

/** What is chosen by, for each source; undefined after a mistake that has been reported. */
function fieldsOf(step: RouteSyntax, sources: readonly GraphEnd[], tools: ChoiceTools): FieldFound[] | undefined {
  const { file, reporter, schemas } = tools;
  const fields: FieldFound[] = [];
  for (const { type } of sources) {
    if (type.kind === "unknown") return undefined;
    const found = findField(file, currentType(type), step.field, schemas, reporter);
    if (found === undefined) return undefined;
    if (found.type !== undefined && found.type.kind !== "scalar" && enumValues(found.type, schemas) === undefined) {
      const last = step.field.at(-1)?.span ?? step.span;
      const name = step.field.map((one) => one.text).join(".");
      reporter.report("MESH3008", file.source, last, `\`${name}\` is ${formatType(found.type)}, no single value.`, {
        hint: "Choose by a field that holds a text, a number, a truth value or a value of an enum.",
      });
      return undefined;
    }
    fields.push(found);
  }
  return fields.length === 0 ? undefined : fields;
}

function readCase(match: ExpressionSyntax, type: FlowType | undefined, tools: ChoiceTools): Case | undefined {
  const { file, reporter, values, params } = tools;
  if (match.kind !== "Range") {
    const value = values.read(file, match, type, params);
    return value && { equals: value };
  }
  const { min, max } = match;
  if (type !== undefined && (type.kind !== "scalar" || !isCounted(type))) {
    reporter.report("MESH3003", file.source, match.span, `Expected ${formatType(type)}, found a range.`);
    return undefined;
  }
  for (const end of [min, max]) {
    if (end === undefined || type === undefined || quantityFits(end, type.name)) continue;
    const message = `Expected ${withExample(type.name)}, found ${describeLiteral(end)}.`;
    reporter.report("MESH3003", file.source, end.span, message);
    return undefined;
  }
  if (min !== undefined && max !== undefined && isReversed(min, max)) {
    reporter.report("MESH3005", file.source, match.span, `Nothing lies between ${min.text} and ${max.text}.`);
    return undefined;
  }
  return { ...(min !== undefined && { min: min.value }), ...(max !== undefined && { max: max.value }) };
}

function isCounted(type: Extract<FlowType, { kind: "scalar" }>): boolean {
  return rangedScalars.includes(type.name) && type.name !== "resolution" && type.name !== "version";
}

/** Reports cases that an earlier one leaves nothing to. @returns true when there are none */
function reportRepeated(cases: readonly ReadCase[], { file, reporter }: ChoiceTools): boolean {
  let clear = true;
  cases.forEach(({ value, span }, index) => {
    const earlier = cases.slice(0, index).find((one) => covers(one.value, value));
    if (earlier === undefined) return;
    clear = false;
    const behind = "else" in earlier.value && !("else" in value);
    const why = behind ? "`else` before it takes all that is left" : "an earlier one holds for the same";
    reporter.report("MESH5010", file.source, span, `This case is never reached: ${why}.`, {
      related: [{ place: { source: file.source, span: earlier.span }, message: "the earlier case" }],
      hint: behind ? "Put `else` last." : "Remove one of them.",
    });
  });
  return clear;
}

function covers(earlier: Case, later: Case): boolean {
  if ("else" in earlier || "else" in later) return "else" in earlier;
  if ("equals" in earlier) return "equals" in later && JSON.stringify(earlier.equals) === JSON.stringify(later.equals);
  const ends = endsOf(later);
  return ends !== undefined && (earlier.min ?? -Infinity) <= ends.min && ends.max <= (earlier.max ?? Infinity);
}

function endsOf(value: Exclude<Case, { else: true }>): { readonly min: number; readonly max: number } | undefined {
  if (!("equals" in value)) return { min: value.min ?? -Infinity, max: value.max ?? Infinity };
  const literal = "literal" in value.equals ? value.equals.literal : undefined;
  return typeof literal === "number" ? { min: literal, max: literal } : undefined;
}

/** Every value has one way: all values of an enum are named, or there is an `else`, which then has some to take. */
function reportGaps(
  step: RouteSyntax,
  fields: readonly FieldFound[],
  cases: readonly ReadCase[],
  { file, reporter, schemas }: ChoiceTools,
): void {
  const rest = cases.find((one) => "else" in one.value);
  const name = step.field.map((one) => one.text).join(".");
  const named = new Set(
    cases.flatMap(({ value }) =>
      "equals" in value && "literal" in value.equals ? [String(value.equals.literal)] : [],
    ),
  );
  const left = fields.map(({ type, optional }) => {
    const all =
      enumValues(type, schemas) ?? (type?.kind === "scalar" && type.name === "bool" ? ["true", "false"] : undefined);
    return { type, optional, missing: all?.filter((one) => !named.has(one)) };
  });
  const isFull = left.every(({ missing, optional }) => missing?.length === 0 && !optional);
  if (rest !== undefined) {
    if (!isFull) return;
    const message = `Nothing ever reaches this \`else\`: every value of \`${name}\` has a case.`;
    reporter.report("MESH5013", file.source, rest.span, message, { hint: "Remove it, or one of the cases." });
    return;
  }
  for (const { type, optional, missing } of left) {
    if (missing?.length === 0 && !optional) continue;
    const why =
      missing === undefined || (missing.length === 0 && optional)
        ? optional
          ? `\`${name}\` may be absent`
          : `\`${name}\` is ${type === undefined ? "not known" : formatType(type)}, of which no list of cases holds everything`
        : (listed("there is none for", missing)?.replace(/\.$/, "") ?? "");
    const end = step.field.at(-1)?.span.end ?? step.span.end;
    reporter.report("MESH5009", file.source, headOf(step, end), `This route has no way for every value: ${why}.`, {
      types: type?.kind === "named" ? [type.name] : [],
      hint: "Add a case for each, or `else -> …`.",
    });
    return;
  }
}
