import type { NameSyntax } from "../../grammar/syntax.ts";
import type { CheckedPipeline, PipelineSymbol } from "./graph.ts";
import { checkPipeline, type PipelineTools } from "./pipeline.ts";

/** Deeper nesting is a mistake, and would need a deep stack. */
const deepest = 64;

/** Checks all pipelines, each after those that stand in it. @returns them by their keys, in the order given */
export function checkPipelines(
  symbols: readonly PipelineSymbol[],
  tools: Omit<PipelineTools, "checked">,
): ReadonlyMap<string, CheckedPipeline> {
  const done = new Map<string, CheckedPipeline>();
  const open: PipelineSymbol[] = [];
  const depths = new Map<string, number>();
  const check = (symbol: PipelineSymbol): CheckedPipeline => {
    const known = done.get(symbol.key);
    if (known !== undefined) return known;
    open.push(symbol);
    depths.set(symbol.key, 1);
    const checked = checkPipeline(symbol, { ...tools, checked: inner });
    open.pop();
    done.set(symbol.key, checked);
    return checked;
  };
  const inner = (symbol: PipelineSymbol, use: NameSyntax, user: PipelineSymbol): CheckedPipeline | undefined => {
    const start = open.indexOf(symbol);
    if (start >= 0) {
      reportCircle(open.slice(start), use, user, tools.reporter);
      return undefined;
    }
    const checked = open.length < deepest ? check(symbol) : undefined;
    const depth = (depths.get(symbol.key) ?? deepest) + 1;
    if (checked === undefined || depth > deepest) {
      const message = `Pipelines stand in each other more than ${deepest} deep here.`;
      tools.reporter.report("MESH5014", user.file.source, use.span, message, { hint: "Run some of it as a remote." });
      return undefined;
    }
    depths.set(user.key, Math.max(depths.get(user.key) ?? 1, depth));
    return checked;
  };
  for (const symbol of symbols) check(symbol);
  return new Map(
    symbols.flatMap(({ key }): [string, CheckedPipeline][] => {
      const checked = done.get(key);
      return checked === undefined ? [] : [[key, checked]];
    }),
  );
}

function reportCircle(
  circle: readonly PipelineSymbol[],
  use: NameSyntax,
  user: PipelineSymbol,
  reporter: PipelineTools["reporter"],
): void {
  const [first] = circle;
  const way = [...circle, first].map((one) => `\`${one?.name ?? ""}\``).join(" → ");
  const message =
    circle.length === 1 ? `\`${user.name}\` stands in itself.` : `Pipelines stand in each other in a circle: ${way}.`;
  reporter.report("MESH5008", user.file.source, use.span, message, {
    related: circle.map((one) => ({
      place: { source: one.file.source, span: one.syntax.name.span },
      message: `\`${one.name}\` is declared here`,
    })),
    hint: "Break the circle; a pipeline that calls another one for each session is a remote.",
  });
}
