import { formatDimension, type FlowType, type Schemas } from "../../runtime/interface/caps.ts";
import type { Related } from "../diagnostics/diagnostic.ts";
import { adaptLink, type Converters } from "./adapt.ts";
import {
  agree,
  cellOf,
  describeType,
  Trail,
  type Bond,
  type Cell,
  type SolveConflict,
  type SolvedType,
} from "./cells.ts";
import { explain, explainNarrowing, withoutRepeats } from "./explain.ts";
import type { GraphEnd, GraphLink, PipelineGraph } from "./graph.ts";
import { dimensionWord } from "./media.ts";
import type { DeclarationSymbol } from "./program.ts";
import { shareSides } from "./shapes.ts";
import { replaceFix, type Reporter } from "./reporter.ts";

/**
 * Solves the formats of a pipeline: all `->` first, then each `~>` in text order with the cheapest converters.
 * @param converters what `~>` may insert
 */
export function solve(graph: PipelineGraph, schemas: Schemas, converters: Converters, reporter: Reporter): void {
  const solver = new Solver(graph, schemas, converters, reporter);
  for (const link of graph.links) if (!link.adapt) solver.join(link);
  const adapting = graph.links.filter((link) => link.adapt);
  for (const link of adapting.toSorted((a, b) => a.arrowSpan.start - b.arrowSpan.start)) solver.adapt(link);
}

class Solver {
  readonly #graph: PipelineGraph;
  readonly #schemas: Schemas;
  readonly #converters: Converters;
  readonly #reporter: Reporter;
  /** Arrows that something was said about: the branches behind one often fail for the same reason. */
  readonly #told = new Set<string>();
  /** The ends of links that failed: they are wider than they are meant to be, and with them what is settled by them. */
  readonly #unsettled: SolvedType[] = [];

  constructor(graph: PipelineGraph, schemas: Schemas, converters: Converters, reporter: Reporter) {
    this.#graph = graph;
    this.#schemas = schemas;
    this.#converters = converters;
    this.#reporter = reporter;
  }

  join(link: GraphLink): void {
    const found = this.#agree(link);
    if (found === undefined) return;
    this.#unsettled.push(link.from.type, link.to.type);
    if (this.#isTold(link, found)) return;
    const { source } = this.#graph.symbol.file;
    const chain = adaptLink(link, this.#graph, this.#schemas, this.#converters, { dryRun: true });
    this.#reporter.report("MESH3001", source, link.arrowSpan, mismatchMessage(link, found), {
      label: "no format in common",
      related: this.#related(link, found),
      about: symbolsOf(link),
      types: typesOf(link),
      hint:
        chain.kind === "chain"
          ? `Use \`~>\`, which puts ${chain.nodes.map((one) => `\`${one}\``).join(", ")} between them.`
          : undefined,
      fixes: chain.kind === "chain" ? [replaceFix("Change to `~>`", source, link.arrowSpan, "~>", false)] : [],
    });
  }

  adapt(link: GraphLink): void {
    const found = this.#agree(link);
    if (found === undefined) return;
    const chain = adaptLink(link, this.#graph, this.#schemas, this.#converters, { dryRun: false });
    if (chain.kind === "chain") {
      const ends = [link.from.type, link.to.type].map((type) =>
        shareSides(this.#graph, type, this.#bond(link), new Trail()),
      );
      if (ends.every((side) => side === undefined)) return;
    }
    if (this.#isUnsettled(link) || this.#isTold(link, found)) return;
    this.#reporter.report(
      "MESH3002",
      this.#graph.symbol.file.source,
      link.arrowSpan,
      `No converters lead from ${describeType(link.from.type)} to ${describeType(link.to.type)}.`,
      {
        label: `from \`${link.from.text}\` to \`${link.to.text}\``,
        notes: chain.kind === "chain" ? [] : chain.notes,
        related: withoutRepeats([...this.#related(link, found), ...narrowingsOf(link)]),
        about: symbolsOf(link),
        types: typesOf(link),
        hint: "Put a node between that converts, or import one that is marked `converts`.",
      },
    );
  }

  #agree(link: GraphLink): SolveConflict | undefined {
    const trail = new Trail();
    const bond = this.#bond(link);
    const found = agree(link.from.type, link.to.type, this.#schemas, bond, trail);
    if (found !== undefined) return found;
    const dimension = shareSides(this.#graph, link.from.type, bond, trail);
    if (dimension === undefined) return undefined;
    trail.undo();
    return { dimension, path: [] };
  }

  #bond(link: GraphLink): Bond {
    const place = { source: this.#graph.symbol.file.source, span: link.arrowSpan };
    return { place, text: `${link.from.text} ${link.adapt ? "~>" : "->"} ${link.to.text}` };
  }

  /** True where one of the ends is in some dimension what the end of a link that failed is. */
  #isUnsettled({ from, to }: GraphLink): boolean {
    const cells = (type: SolvedType): Cell[] => (type.kind === "media" ? [...type.dims.values()] : []);
    const wide = new Set(this.#unsettled.flatMap(cells).map(({ root }) => root));
    return [from.type, to.type].flatMap(cells).some(({ root }) => wide.has(root));
  }

  #isTold(link: GraphLink, { dimension }: SolveConflict): boolean {
    const key = `${link.arrowSpan.start} ${dimension ?? ""}`;
    if (this.#told.has(key)) return true;
    this.#told.add(key);
    return false;
  }

  /** The ports that narrowed the dimension in question, or else the ports at both ends. */
  #related(link: GraphLink, { dimension }: SolveConflict): Related[] {
    const { from, to } = link;
    if (dimension !== undefined && from.type.kind === "media" && to.type.kind === "media") {
      return explain(dimension, cellOf(from.type, dimension), cellOf(to.type, dimension));
    }
    const port = (end: GraphEnd, verb: string): Related => {
      const { symbol } = end.instance?.signature ?? this.#graph.signature;
      const text = `\`${end.text}\` ${end.instance === undefined ? "is" : verb} ${describeType(end.type)}`;
      return { place: { source: symbol.file.source, span: end.port.span }, message: text };
    };
    return [port(from, "gives"), port(to, "takes")];
  }
}

function mismatchMessage(link: GraphLink, found: SolveConflict): string {
  const { from, to } = link;
  const head = `\`${from.text}\` gives ${describeType(from.type)}, but \`${to.text}\` takes ${describeType(to.type)}`;
  if (found.dimension !== undefined && from.type.kind === "media" && to.type.kind === "media") {
    const given = formatDimension(found.dimension, cellOf(from.type, found.dimension).values);
    const taken = formatDimension(found.dimension, cellOf(to.type, found.dimension).values);
    return `${head}: ${dimensionWord(found.dimension)} ${given} is not ${taken}.`;
  }
  if (found.path.length > 0) return `${head}: the field \`${found.path.join(".")}\` is missing or of another type.`;
  return `${head}.`;
}

/** What the nodes at both ends of a link are uses of. */
function symbolsOf({ from, to }: GraphLink): DeclarationSymbol[] {
  return [from, to].flatMap(({ instance }) => (instance === undefined ? [] : [instance.signature.symbol]));
}

/** The records and enums that a link carries, by their keys. */
function typesOf({ from, to }: GraphLink): string[] {
  return [from, to].flatMap(({ type }) => (type.kind === "data" ? namedIn(type.type) : []));
}

function namedIn(type: FlowType): string[] {
  if (type.kind === "named") return [type.name];
  return "element" in type ? namedIn(type.element) : [];
}

/**
 * What narrowed the two ends of a link from elsewhere, in all dimensions: each may be why no converter fits. What stands at
 * the ends themselves is in the message.
 */
function narrowingsOf({ from, to }: GraphLink): Related[] {
  const ends = new Set([from.port.span, to.port.span]);
  return [from.type, to.type].flatMap((type) =>
    type.kind === "media"
      ? [...type.dims].flatMap(([dimension, cell]) => {
          const found = explainNarrowing(dimension, cell);
          return found.every(({ place }) => ends.has(place.span)) ? [] : found;
        })
      : [],
  );
}
