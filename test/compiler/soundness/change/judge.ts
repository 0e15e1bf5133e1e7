import type { Diagnostic } from "../../../../compiler/diagnostics/diagnostic.ts";
import type { Arrow, Flow, Link, Port, Program, Use } from "../program/model.ts";
import type { Printed, PrintedSpan } from "../program/print.ts";
import type { Change } from "./change.ts";

/**
 * Why the errors of a changed program do not lead to the change: each of them stands at it, or names it among the places
 * that have to do with the mistake.
 * @returns undefined when all do
 */
export function misplaced(
  change: Change,
  errors: readonly Diagnostic[],
  printed: Printed,
  program: Program,
): string | undefined {
  const places = placesOf(change, program).flatMap((key) => printed.spans.get(key) ?? []);
  for (const error of errors) {
    const all = [error.place, ...error.related.map((one) => one.place)];
    const touches = all.some(({ source, span }) =>
      places.some((place) => place.file === source.path && place.start < span.end && span.start < place.end),
    );
    if (!touches) return `${error.code} has nothing to do with the change: ${error.message}`;
  }
  // A link that fails narrows nothing, so nothing else can fail because of it.
  const alone = isOnlyLink(change, program) && isOnLink(change, errors, printed, program);
  if (!alone || errors.length === 1) return undefined;
  return `one mistake, ${errors.length} errors: ${errors.map(({ code }) => code).join(", ")}`;
}

/** True where an error stands at the arrow that was changed, or at one that leads from or to the port. */
export function isOnLink(change: Change, errors: readonly Diagnostic[], printed: Printed, program: Program): boolean {
  const arrows = change.kind === "arrow" ? [change.arrow] : linksAt(change.port, program).map(({ arrow }) => arrow);
  const spans: readonly PrintedSpan[] = arrows.flatMap((arrow) => printed.spans.get(arrow) ?? []);
  return errors.some(({ place }) =>
    spans.some((one) => one.file === place.source.path && one.start < place.span.end && place.span.start < one.end),
  );
}

function linksAt(port: Port, program: Program): Link[] {
  const links = program.pipelines.flatMap((pipeline) => pipeline.links);
  return links.filter((link) => link.from.port === port || link.to.port === port);
}

/** What a reader may be led to: the change, and the links that touch it. */
function placesOf(change: Change, program: Program): object[] {
  if (change.kind === "arrow") return [change.arrow];
  const { port, owner } = change;
  const places: object[] = [port, owner];
  // What one port of a node no longer says, no other port says for it that a variable ties to it.
  const isTied = program.nodes.some((node) => node === owner && node.variables.length > 0);
  for (const pipeline of program.pipelines) {
    const inside = pipeline === owner;
    for (const { from, to, arrow } of pipeline.links) {
      const touches =
        from.port === port || to.port === port || (isTied && (from.use?.of === owner || to.use?.of === owner));
      // A port of a pipeline is the target of links inside it and, by another name, of those around it.
      if (!touches || !(inside || from.use?.of === owner || to.use?.of === owner)) continue;
      places.push(arrow, ...pipeline.flows.filter((flow) => arrowsOf(flow).includes(arrow)));
    }
    for (const use of pipeline.uses) if (concerns(use, owner)) places.push(use, ...use.targets);
    // The way that `~>` takes may depend on any converter.
    if ("converts" in owner && owner.converts !== undefined) {
      places.push(...pipeline.links.map(({ arrow }) => arrow).filter((arrow) => arrow.adapt));
    }
  }
  return places;
}

function arrowsOf({ hops }: Pick<Flow, "hops">): Arrow[] {
  return hops.flatMap(({ arrow, step }) => [
    arrow,
    ...(step.kind === "route" ? step.cases.flatMap((one) => arrowsOf(one)) : []),
  ]);
}

function concerns(use: Use, owner: Change extends { owner: infer O } ? O : unknown): boolean {
  return (
    use.of === owner || use.targets.some((target) => (target.kind === "local" ? target.of : target.pipeline) === owner)
  );
}

/** True where the change touches one link of one node, and no other that the same variable leads to. */
function isOnlyLink(change: Change, program: Program): boolean {
  const isSole = (one: Arrow): boolean =>
    program.pipelines.flatMap((pipeline) => pipeline.links).filter(({ arrow }) => arrow === one).length === 1;
  if (change.kind === "arrow") return isSole(change.arrow);
  const { port, owner } = change;
  const uses = program.pipelines.flatMap((pipeline) => pipeline.uses).filter((use) => use.of === owner);
  const plain = port.type.kind !== "media" || Object.values(port.type.dims).every((dim) => dim.kind === "values");
  const isNode = program.nodes.some((node) => node === owner && node.converts === undefined);
  // An arrow that forks is one of several links, and another of them may fail in the place of this one.
  const links = linksAt(port, program);
  return isNode && plain && uses.length <= 1 && links.length === 1 && links.every(({ arrow }) => isSole(arrow));
}
