import type { Span } from "../../grammar/syntax.ts";
import { endKey, type GraphLink, type PipelineGraph } from "./graph.ts";
import type { Instance } from "./instances.ts";
import type { Reporter } from "./reporter.ts";

/**
 * What must hold of the shape of a pipeline: every input that is neither a signal nor optional has a source, every
 * output of the pipeline is given, streams run in no circle, and what has a name is used.
 */
export function checkGraph(graph: PipelineGraph, used: ReadonlySet<string>, reporter: Reporter): void {
  const { source } = graph.symbol.file;
  const fed = new Set(graph.links.map((link) => endKey(link.to)));
  const complete = graph.symbol.syntax.kind === "Pipeline" && !isBroken(graph);
  for (const [name, member] of [...graph.lets, ...graph.remotes]) {
    if (used.has(name)) continue;
    const word = member.kind === "Let" ? "let" : "remote";
    reporter.report("MESH2006", source, member.name.span, `The ${word} \`${name}\` is never used.`, {
      hint: "Connect it, or remove it.",
    });
  }
  if (!complete) return;
  for (const instance of graph.instances.values()) {
    if (instance.inserted || (graph.lets.has(instance.id) && !used.has(instance.id))) continue;
    if (graph.remotes.has(instance.id) && !used.has(instance.id)) continue;
    for (const port of instance.signature.inputs.values()) {
      if (port.signal || port.optional || fed.has(`${instance.id}.${port.name}`)) continue;
      reporter.report(
        "MESH5001",
        source,
        instance.span,
        `Nothing feeds the input \`${port.name}\` of \`${instance.id}\`.`,
        {
          hint: `Connect a stream: \`… -> ${instance.id}.${port.name}\`.`,
          related: [
            { place: { source: instance.signature.symbol.file.source, span: port.span }, message: "the input" },
          ],
        },
      );
    }
  }
  for (const port of graph.signature.outputs.values()) {
    if (fed.has(port.name) || port.optional) continue;
    reporter.report("MESH5004", source, port.span, `Nothing in the pipeline gives its output \`${port.name}\`.`, {
      hint: `Connect a stream: \`… -> ${port.name}\`.`,
    });
  }
  for (const { name, span } of loops(graph)) {
    reporter.report("MESH5003", source, span, `Streams run in a circle through \`${name}\`.`, {
      hint: "Break the circle, or close it through a `signal` input or a node marked `delays`.",
    });
  }
}

/** True when flows could not be read as a whole, so that a port that seems unfed may only be misspelt. */
function isBroken(graph: PipelineGraph): boolean {
  const members = graph.symbol.syntax.kind === "Pipeline" ? graph.symbol.syntax.members : [];
  let arrows = 0;
  for (const member of members) if (member.kind === "Flow") arrows += countTargets(member.hops);
  return arrows !== graph.links.length && graph.links.length < arrows;
}

interface HopLike {
  readonly step:
    | { readonly kind: string; readonly branches?: readonly { readonly hops: readonly HopLike[] }[] }
    | undefined;
}

/** How many inputs the arrows of a statement lead to at least. */
function countTargets(hops: readonly HopLike[]): number {
  let count = 0;
  for (const { step } of hops) {
    if (step?.kind === "Group") {
      for (const branch of step.branches ?? []) count += 1 + countTargets(branch.hops);
    } else count += 1;
  }
  return count;
}

/** One instance of each circle of streams. */
function loops(graph: PipelineGraph): { readonly name: string; readonly span: Span }[] {
  const next = new Map<Instance, { readonly to: Instance; readonly link: GraphLink }[]>();
  for (const link of graph.links) {
    const { instance: from } = link.from;
    const { instance: to, port } = link.to;
    if (from === undefined || to === undefined || port.signal || to.signature.delays) continue;
    const list = next.get(from) ?? [];
    list.push({ to, link });
    next.set(from, list);
  }
  const found: { name: string; span: Span }[] = [];
  const state = new Map<Instance, "open" | "done">();
  const visit = (instance: Instance): void => {
    state.set(instance, "open");
    for (const { to, link } of next.get(instance) ?? []) {
      const seen = state.get(to);
      if (seen === "open") found.push({ name: to.id, span: link.arrowSpan });
      else if (seen === undefined) visit(to);
    }
    state.set(instance, "done");
  };
  for (const instance of graph.instances.values()) if (!state.has(instance)) visit(instance);
  return found;
}
