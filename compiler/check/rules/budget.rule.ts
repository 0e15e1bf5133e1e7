import type { BudgetSyntax, PortReferenceSyntax } from "../../../grammar/syntax.ts";
import { isMissing } from "../../../grammar/syntax.ts";
import type { Related } from "../../diagnostics/diagnostic.ts";
import type { CheckedPipeline } from "../checked-pipeline.ts";
import { formatDuration } from "./durations.ts";
import { Latencies, type LatencyPath } from "./latency.ts";
import { resolveWay } from "./port-reference.ts";
import { isBroken, type Rule, type RuleContext } from "./rule.ts";

/** The latencies that are declared along the longest way between two ports must keep within the budget. */
export const budget: Rule = {
  codes: ["MESH8001", "MESH8004", "MESH2001", "MESH2002", "MESH3003", "MESH3005", "MESH5006"],
  check(context) {
    const latencies = new Latencies(context);
    for (const checked of context.pipelines.values()) {
      const budgets = checked.symbol.syntax.members.filter((one): one is BudgetSyntax => one.kind === "Budget");
      if (budgets.length === 0) continue;
      const broken = isBroken(checked.symbol, context);
      for (const one of budgets) check(checked, one, broken, latencies, context);
    }
  },
};

function check(
  checked: CheckedPipeline,
  syntax: BudgetSyntax,
  broken: boolean,
  latencies: Latencies,
  context: RuleContext,
): void {
  // What could not be read as a whole has been reported.
  if (context.reporter.hasErrorIn(checked.symbol.file.source, syntax.span)) return;
  const limitMs = limitOf(checked, syntax, context);
  const { from, to } = resolveWay(checked, syntax, context);
  if (from === undefined || to === undefined || syntax.from === undefined || syntax.to === undefined) return;
  const path = latencies.longest(checked, from, to);
  const { source } = checked.symbol.file;
  if (path === undefined) {
    // What is wrong elsewhere in the pipeline may be why no way is seen; so may what cannot be read.
    if (broken || context.reporter.hasSyntaxError(source) || hasErrors(checked, context)) return;
    const message = `No stream leads from \`${text(syntax.from)}\` to \`${text(syntax.to)}\`.`;
    const span = { start: syntax.from.span.start, end: syntax.to.span.end };
    context.reporter.report("MESH8004", source, span, message, {
      hint: "A budget holds between a port and another that its frames reach.",
    });
    return;
  }
  if (limitMs === undefined || path.totalMs <= limitMs || syntax.limit === undefined) return;
  const over = formatDuration(path.totalMs - limitMs);
  context.reporter.report(
    "MESH8001",
    source,
    syntax.limit.span,
    `From \`${text(syntax.from)}\` to \`${text(syntax.to)}\` it takes ${formatDuration(path.totalMs)} by what is declared, ${over} more than the budget.`,
    {
      notes: notesOf(path, text(syntax.from), text(syntax.to)),
      related: relatedOf(path),
      hint: "Take a faster node, shorten the way, or raise the budget.",
    },
  );
}

/** Errors of imports leave holes in the pipelines that use them. */
function hasErrors({ symbol }: CheckedPipeline, { reporter }: RuleContext): boolean {
  return symbol.file.syntax.imports.some((one) => reporter.hasErrorIn(symbol.file.source, one.span));
}

function limitOf(checked: CheckedPipeline, { limit }: BudgetSyntax, context: RuleContext): number | undefined {
  if (limit === undefined) return undefined;
  const { params } = checked.graph.signature;
  const value = context.values.read(checked.symbol.file, limit, { kind: "scalar", name: "duration" }, params);
  const known = value !== undefined && "param" in value ? params.get(value.param)?.defaultValue : value;
  if (known === undefined || !("literal" in known) || typeof known.literal !== "number") return undefined;
  if (known.literal < 0) {
    const { source } = checked.symbol.file;
    context.reporter.report(
      "MESH3005",
      source,
      limit.span,
      `${source.text.slice(limit.span.start, limit.span.end)} is not at least 0ms.`,
      {
        hint: "A budget is the time that a frame may take on its way.",
      },
    );
    return undefined;
  }
  return known.literal / 1000;
}

function notesOf({ steps }: LatencyPath, from: string, to: string): string[] {
  const way = steps.map(({ name, latencyMs }) =>
    latencyMs === undefined ? name : `${name} ${formatDuration(latencyMs)}`,
  );
  const silent = [...new Set(steps.flatMap((one) => (one.latencyMs === undefined ? [`\`${one.name}\``] : [])))];
  return [
    `The way is ${[from, ...way, to].join(" → ")}.`,
    ...(silent.length === 0
      ? []
      : [
          `${silent.join(", ")} ${silent.length === 1 ? "declares" : "declare"} no latency and ${silent.length === 1 ? "counts" : "count"} 0.`,
        ]),
  ];
}

/** The slowest first, six at most. */
function relatedOf({ steps }: LatencyPath): Related[] {
  return steps
    .filter((one) => (one.latencyMs ?? 0) > 0)
    .toSorted((a, b) => (b.latencyMs ?? 0) - (a.latencyMs ?? 0))
    .slice(0, 6)
    .map(({ name, latencyMs, place }) => ({ place, message: `\`${name}\` takes ${formatDuration(latencyMs ?? 0)}` }));
}

function text({ target, port }: PortReferenceSyntax): string {
  return port === undefined || isMissing(port) ? target.text : `${target.text}.${port.text}`;
}
