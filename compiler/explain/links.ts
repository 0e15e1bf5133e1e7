import { fixDimension, formatDimension, mediaDimensions } from "../../runtime/interface/caps.ts";
import { overflowOf } from "../../runtime/interface/plan-defaults.ts";
import type { LinkPlan, Plan } from "../../runtime/interface/plan.ts";
import { cellOf, describeType, type Cell, type SolvedType } from "../check/cells.ts";
import type { CheckedProgram } from "../check/check.ts";
import type { CheckedPipeline } from "../check/checked-pipeline.ts";
import type { GraphLink } from "../check/graph.ts";
import type { Instance } from "../check/instances.ts";
import { locationOf } from "../source/source-file.ts";
import { narrowingsOf } from "./narrowings.ts";
import { fact, type Fact, type Section } from "./section.ts";
import { formatDuration } from "../check/rules/durations.ts";
import { transportOf } from "./transports.ts";
import { waysOf } from "./ways.ts";

/** What was decided for one arrow: the format and who settled it, converters, the queue, the transport. */
export function explainLink(
  checked: CheckedProgram,
  pipeline: CheckedPipeline,
  link: GraphLink,
  plan: Plan | undefined,
): Section {
  const facts: Fact[] = waysOf(link);
  if (link.chain.length === 0) facts.push(...formatFacts("format", link.to.type));
  else {
    facts.push(fact("from", describeType(link.from.type)));
    facts.push(convertersFact(link));
    facts.push(...formatFacts("to", link.to.type));
  }
  const queue = plan && queueFact(pipeline, link, plan);
  if (queue !== undefined) facts.push(queue);
  for (const end of [link.to, link.from]) {
    if (end.instance?.kind === "remote") facts.push(transportOf(checked, pipeline, end.instance));
  }
  return { head: `${link.from.text} ${link.adapt ? "~>" : "->"} ${link.to.text}`, facts };
}

function formatFacts(name: string, type: SolvedType): Fact[] {
  if (type.kind !== "media") return [fact(name, describeType(type))];
  const because: string[] = [];
  for (const dimension of dimensionsOf(type)) {
    const cell = cellOf(type, dimension);
    const text = formatDimension(dimension, cell.values);
    const who = narrowingsOf(cell).map((one) => {
      const { file, line } = locationOf(one.place);
      return `${one.who} ${formatDimension(dimension, one.values)} (${file}:${line})`;
    });
    because.push(
      `${dimension} ${text}${isOpen(cell) ? openNote(dimension, cell) : ""}${who.length === 0 ? "" : `: ${who.join("; ")}`}`,
    );
  }
  return [fact(name, describeType(type), because)];
}

function dimensionsOf(type: Extract<SolvedType, { kind: "media" }>): string[] {
  const known = mediaDimensions[type.media].filter((name) => name !== "shape");
  return [...new Set([...known, ...type.dims.keys()])];
}

function isOpen({ values }: Cell): boolean {
  const [only] = values ?? [];
  return values === undefined || values.length !== 1 || (typeof only === "object" && !("width" in only));
}

function openNote(dimension: string, cell: Cell): string {
  const first = formatDimension(dimension, [fixDimension(dimension, cell.values)]);
  return ` (open: settled when a session opens, ${first} where nobody minds)`;
}

function convertersFact(link: GraphLink): Fact {
  const cost = link.chain.reduce((sum, one) => sum + (one.signature.convertsAtCost ?? 1), 0);
  const names = link.chain.map((one) => `${one.signature.symbol.name}${argumentsOf(one)}`);
  return fact("converters", names.join(", then "), [
    `the cheapest chain that leads from the one format to the other, at cost ${cost}`,
  ]);
}

/** What the solver found for the parameters that are part of a format. */
function argumentsOf({ paramCells }: Instance): string {
  const found = [...paramCells].map(
    ([name, cell]) => `${name}: ${formatDimension(cell.dimension, [fixDimension(cell.dimension, cell.values)])}`,
  );
  return found.length === 0 ? "" : `(${found.join(", ")})`;
}

function queueFact({ symbol }: CheckedPipeline, link: GraphLink, plan: Plan): Fact | undefined {
  const at = locationOf({ source: symbol.file.source, span: link.arrowSpan });
  const found = plan.pipelines[symbol.key]?.links.find(
    ({ location, to }: LinkPlan) =>
      location.file === at.file &&
      location.line === at.line &&
      location.column === at.column &&
      to.port === link.to.port.name,
  );
  if (found === undefined) return undefined;
  const { capacityFrames, overflow, delivery = "reliable", deadlineMs } = found;
  return fact("queue", `${capacityFrames} frame${capacityFrames === 1 ? "" : "s"}, ${delivery}`, [
    `when it is full: ${whenFull[overflowOf(found)]}${overflow === undefined ? ", as usual" : ""}`,
    ...(deadlineMs === undefined
      ? []
      : [`frames that have waited longer than ${formatDuration(deadlineMs)} are dropped`]),
  ]);
}

const whenFull: Readonly<Record<NonNullable<LinkPlan["overflow"]>, string>> = {
  block: "the source waits",
  drop_oldest: "the oldest frame is dropped and counted",
  drop_newest: "the new frame is dropped and counted",
  error: "the session fails",
};
