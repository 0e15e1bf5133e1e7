import { formatDimension, formatType, type Schemas } from "../../runtime/interface/caps.ts";
import type { Related } from "../diagnostics/diagnostic.ts";
import { adaptLink, type Converters } from "./adapt.ts";
import { cellOf, conflict, currentType, describeType, unify, type SolveConflict, type SolvedType } from "./cells.ts";
import type { GraphLink, PipelineGraph } from "./graph.ts";
import { replaceFix, type Reporter } from "./reporter.ts";

/**
 * Solves the formats of a pipeline: all `->` first, then each `~>` in text order with the cheapest converters.
 * @param converters what `~>` may insert
 */
export function solve(graph: PipelineGraph, schemas: Schemas, converters: Converters, reporter: Reporter): void {
  const { source } = graph.symbol.file;
  const strict = graph.links.filter((link) => !link.adapt);
  const adapting = graph.links.filter((link) => link.adapt);
  for (const link of strict) {
    const found = conflict(link.from.type, link.to.type, schemas);
    if (found === undefined) {
      unify(link.from.type, link.to.type);
      continue;
    }
    const chain = adaptLink(link, graph, schemas, converters, { dryRun: true });
    reporter.report("MESH3001", source, link.arrowSpan, mismatchMessage(link, found), {
      label: "no format in common",
      related: narrowings(link, found),
      hint:
        chain.kind === "chain"
          ? `Use \`~>\`, which puts ${chain.nodes.map((one) => `\`${one}\``).join(", ")} between them.`
          : undefined,
      fixes: chain.kind === "chain" ? [replaceFix("Change to `~>`", source, link.arrowSpan, "~>", false)] : [],
    });
  }
  for (const link of [...adapting].sort((a, b) => a.arrowSpan.start - b.arrowSpan.start)) {
    const found = conflict(link.from.type, link.to.type, schemas);
    if (found === undefined) {
      unify(link.from.type, link.to.type);
      continue;
    }
    const chain = adaptLink(link, graph, schemas, converters, { dryRun: false });
    if (chain.kind === "chain") continue;
    reporter.report(
      "MESH3002",
      source,
      link.arrowSpan,
      `No converters lead from ${describeType(link.from.type)} to ${describeType(link.to.type)}.`,
      {
        label: `from \`${link.from.text}\` to \`${link.to.text}\``,
        notes: chain.nearest === undefined ? [] : [`The nearest that can be reached is ${chain.nearest}.`],
        related: narrowings(link, found),
        hint: "Put a node between that converts, or import one that is marked `converts`.",
      },
    );
  }
}

function mismatchMessage(link: GraphLink, found: SolveConflict): string {
  const { from, to } = link;
  const head = `\`${from.text}\` gives ${describeType(from.type)}, but \`${to.text}\` takes ${describeType(to.type)}`;
  if (found.dimension !== undefined && from.type.kind === "media" && to.type.kind === "media") {
    const given = formatDimension(found.dimension, cellOf(from.type, found.dimension).values);
    const taken = formatDimension(found.dimension, cellOf(to.type, found.dimension).values);
    return `${head}: ${dimensionWords[found.dimension] ?? `the ${found.dimension}`} ${given} is not ${taken}.`;
  }
  if (found.path.length > 0) return `${head}: the field \`${found.path.join(".")}\` is missing or of another type.`;
  return `${head}.`;
}

const dimensionWords: Readonly<Record<string, string>> = {
  codec: "the codec",
  rate: "the sample rate",
  channels: "the channels",
  size: "the picture size",
  fps: "the frame rate",
};

/** The ports that narrowed the dimension in question, in order, producer's side first. */
function narrowings(link: GraphLink, found: SolveConflict): Related[] {
  const { dimension } = found;
  if (dimension === undefined) return [];
  const side = (type: SolvedType): Related[] => {
    if (type.kind !== "media") return [];
    return cellOf(type, dimension).narrowings.map((one) => ({
      place: one.place,
      message: `${one.who} ${formatDimension(dimension, one.values)}`,
    }));
  };
  return [...side(link.from.type), ...side(link.to.type)].slice(0, 6);
}

export function solvedText(type: SolvedType): string {
  return formatType(currentType(type));
}
