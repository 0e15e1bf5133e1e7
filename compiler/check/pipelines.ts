import type { NameSyntax } from "../../grammar/syntax.ts";
import type { CheckedPipeline, PipelineSymbol } from "./graph.ts";
import { checkPipeline, type PipelineTools } from "./pipeline.ts";
import type { FileInfo } from "./program.ts";

/** Deeper nesting is a mistake, and would need a deep stack. */
const deepest = 64;

/** Checks pipelines, each once and after those that stand in it. */
export class PipelineReader {
  readonly #tools: PipelineTools;
  readonly #home: FileInfo;
  readonly #done = new Map<PipelineSymbol, CheckedPipeline>();
  readonly #open: PipelineSymbol[] = [];
  readonly #depths = new Map<PipelineSymbol, number>();

  /** @param home the file whose mistakes are wanted: it is told of what goes wrong too deep in others */
  constructor(home: FileInfo, tools: Omit<PipelineTools, "checked">) {
    this.#home = home;
    this.#tools = { ...tools, checked: (symbol, use, user) => this.#inner(symbol, use, user) };
  }

  read(symbol: PipelineSymbol): CheckedPipeline {
    const known = this.#done.get(symbol);
    if (known !== undefined) return known;
    this.#open.push(symbol);
    this.#depths.set(symbol, 1);
    const checked = checkPipeline(symbol, this.#tools);
    this.#open.pop();
    this.#done.set(symbol, checked);
    return checked;
  }

  /** How deep pipelines stand in each other in one that has been checked. */
  depth(symbol: PipelineSymbol): number {
    return this.#depths.get(symbol) ?? 1;
  }

  #inner(symbol: PipelineSymbol, use: NameSyntax, user: PipelineSymbol): CheckedPipeline | undefined {
    const start = this.#open.indexOf(symbol);
    if (start >= 0) {
      reportCircle(this.#open.slice(start), use, user, this.#tools.reporter);
      return undefined;
    }
    const checked = this.#open.length < deepest || this.#done.has(symbol) ? this.read(symbol) : undefined;
    const depth = checked === undefined ? deepest + 1 : this.depth(symbol) + 1;
    if (depth > deepest && user.file !== this.#home) {
      // It is told where the file that is looked at begins to go so deep.
      this.#depths.set(user, deepest);
      return undefined;
    }
    if (checked === undefined || depth > deepest) {
      const message = `Pipelines stand in each other more than ${deepest} deep here.`;
      this.#tools.reporter.report("MESH5014", user.file.source, use.span, message, {
        hint: "Run some of it as a remote.",
      });
      return undefined;
    }
    this.#depths.set(user, Math.max(this.depth(user), depth));
    return checked;
  }
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
