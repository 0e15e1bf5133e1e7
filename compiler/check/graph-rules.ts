import { suggest } from "../diagnostics/suggest.ts";
import type { FlowMarks } from "./flow-marks.ts";
import { nameOf, namesOf, type GraphLink, type Instance, type PipelineGraph } from "./graph.ts";
import type { Reporter } from "./reporter.ts";
import type { PortInfo } from "./signature.ts";
import { circlesIn, Streams, type Passes } from "./streams.ts";

/**
 * What must hold of the shape of a pipeline: every input that is neither a signal nor optional has a source, every
 * output of the pipeline is given, streams run in no circle, and what has a name is used.
 * @returns what leads through the pipeline
 */
export function checkGraph(graph: PipelineGraph, marks: FlowMarks, reporter: Reporter): Passes {
  const unreadable = graph.symbol.file.damage.loses(graph.symbol.syntax.span);
  if (!unreadable && !marks.lostName) reportUnused(graph, marks, reporter);
  // What an arrow that could not be read leads to may be any port that seems to have no source.
  if (!unreadable && !marks.lostTarget) {
    for (const instance of graph.instances.values()) reportUnfed(graph, instance, marks, reporter);
    reportNotGiven(graph, marks, reporter);
  }
  const streams = new Streams(graph, (instance) => instance.inlined?.checked.passes ?? new Map());
  const circles = circlesIn(streams);
  for (const circle of circles) reportCircle(graph, streams, circle, reporter);
  // What could not be read may be what leads there.
  const { file } = graph.symbol;
  const isWhole = file.problems.length === 0 && file.lost.size === 0;
  if (isWhole && circles.length === 0 && !reporter.hasErrorIn(file.source, graph.symbol.syntax.span)) {
    reportDead(graph, reporter);
  }
  return streams.passes(graph);
}

function reportUnused(graph: PipelineGraph, marks: FlowMarks, reporter: Reporter): void {
  for (const [name, member] of [...graph.lets, ...graph.remotes]) {
    if (marks.used.has(name) || !graph.instances.has(name) || mayBeMeant(name, marks.lostNames, graph)) continue;
    const word = member.kind === "Let" ? "let" : "remote";
    const message = `The ${word} \`${name}\` is never used.`;
    reporter.report("MESH2006", graph.symbol.file.source, member.name.span, message, {
      hint: "Connect it, or remove it.",
    });
  }
}

/** A name that was not found may be meant for one that it looks like, and for any where it looks like none. */
function mayBeMeant(name: string, lost: ReadonlySet<string>, graph: PipelineGraph): boolean {
  return [...lost].some((one) => suggest(one, [name]) !== undefined || suggest(one, namesOf(graph)) === undefined);
}

function reportUnfed(graph: PipelineGraph, instance: Instance, marks: FlowMarks, reporter: Reporter): void {
  const { id, signature } = instance;
  const named = graph.lets.has(id) || graph.remotes.has(id);
  if (instance.inserted || marks.unclear.has(id) || (named && !marks.used.has(id))) return;
  if (mayBeMeant(id, marks.lostTargets, graph)) return;
  const unfed = [...signature.inputs.values()].filter(
    (port) => !port.signal && !port.optional && port.type.kind !== "unknown" && !marks.fed.has(`${id}.${port.name}`),
  );
  const [first] = unfed;
  if (first === undefined) return;
  const names = unfed.map((port) => `\`${port.name}\``).join(", ");
  const word = unfed.length === 1 ? "input" : "inputs";
  reporter.report(
    "MESH5001",
    graph.symbol.file.source,
    instance.span,
    `Nothing feeds the ${word} ${names} of \`${nameOf(instance)}\`.`,
    {
      hint: `Connect a stream: \`… -> ${named ? id : `${signature.symbol.name}()`}.${first.name}\`.`,
      related: unfed.map((port: PortInfo) => ({
        place: { source: signature.symbol.file.source, span: port.span },
        message: "the input",
      })),
      about: [signature.symbol],
    },
  );
}

function reportNotGiven(graph: PipelineGraph, marks: FlowMarks, reporter: Reporter): void {
  for (const port of graph.signature.outputs.values()) {
    if (marks.fed.has(port.name) || port.optional || graph.signature.lost.has(port.name)) continue;
    if (mayBeMeant(port.name, marks.lostTargets, graph)) continue;
    const message = `Nothing in the pipeline gives its output \`${port.name}\`.`;
    reporter.report("MESH5004", graph.symbol.file.source, port.span, message, {
      hint: `Connect a stream: \`… -> ${port.name}\`.`,
    });
  }
}

/** Of all arrows of a circle, the last one in the text closes it. */
function reportCircle(graph: PipelineGraph, streams: Streams, circle: ReadonlySet<string>, reporter: Reporter): void {
  const { source } = graph.symbol.file;
  const links = [...circle].flatMap((place) =>
    streams.next(place).flatMap(({ to, link }) => (link !== undefined && circle.has(to) ? [{ place, to, link }] : [])),
  );
  const closing = links.toSorted((a, b) => b.link.arrowSpan.start - a.link.arrowSpan.start)[0];
  if (closing === undefined) return;
  const way = shortestWay(streams, circle, closing.to, closing.place);
  const names = [...way.map((link) => link.from.text), closing.link.from.text, closing.link.to.text];
  const shown = names.filter((name, index) => name !== names[index - 1]).map((name) => `\`${name}\``);
  reporter.report(
    "MESH5003",
    source,
    closing.link.arrowSpan,
    `Streams run in a circle: ${shown.slice(0, 12).join(" → ")}.`,
    {
      related: way.slice(0, 8).map((link) => ({
        place: { source, span: link.arrowSpan },
        message: `\`${link.from.text}\` goes to \`${link.to.text}\``,
      })),
      hint: "Break the circle, or close it through a `signal` input or a node marked `delays`.",
    },
  );
}

function shortestWay(streams: Streams, within: ReadonlySet<string>, from: string, to: string): GraphLink[] {
  const cameBy = new Map<string, { readonly place: string; readonly link: GraphLink | undefined } | undefined>();
  cameBy.set(from, undefined);
  for (const place of cameBy.keys()) {
    for (const edge of streams.next(place)) {
      if (within.has(edge.to) && !cameBy.has(edge.to)) cameBy.set(edge.to, { place, link: edge.link });
    }
  }
  const way: GraphLink[] = [];
  for (let step = cameBy.get(to); step !== undefined; step = cameBy.get(step.place)) {
    if (step.link !== undefined) way.unshift(step.link);
  }
  return way;
}

/** Loops that nothing enters: all that feeds them comes from themselves. */
function reportDead(graph: PipelineGraph, reporter: Reporter): void {
  const live = new Set<Instance | undefined>([undefined]);
  for (const instance of graph.instances.values()) {
    const needed = [...instance.signature.inputs.values()].some((port) => !port.signal && !port.optional);
    if (!needed) live.add(instance);
  }
  for (const one of live) {
    for (const link of graph.links) if (link.from.instance === one) live.add(link.to.instance);
  }
  const dead = graph.links.filter((link) => link.to.instance !== undefined && !live.has(link.to.instance));
  const [first] = dead.toSorted((a, b) => a.arrowSpan.start - b.arrowSpan.start);
  if (first === undefined) return;
  const names = [...new Set(dead.map((link) => `\`${link.to.instance && nameOf(link.to.instance)}\``))].slice(0, 8);
  reporter.report(
    "MESH5013",
    graph.symbol.file.source,
    first.to.span,
    `Nothing ever reaches ${names.join(", ")}: what feeds ${names.length === 1 ? "it" : "them"} comes from there alone.`,
    { hint: "Let a stream from outside in: `[mic, echo] -> mix`." },
  );
}
