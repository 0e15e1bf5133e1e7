import type { Span } from "../../grammar/syntax.ts";
import type { Analysis } from "./files.ts";
import { isNamed, meaningOf, type Declared, type Meaning } from "./names/meaning.ts";
import { occurrencesOf } from "./names/lookup.ts";

/** The pipeline that names its interface at a span. */
export function conformingPipeline(analysis: Analysis, path: string, span: Span): Meaning | undefined {
  for (const syntax of analysis.parsed(path)?.syntax.declarations ?? []) {
    if (syntax.kind !== "Pipeline" || !isNamed(syntax) || syntax.conformsTo?.span.start !== span.start) continue;
    return meaningOf({ module: path, syntax });
  }
  return undefined;
}

/**
 * Ports that have one name because they stand for each other: of an interface, and of the pipelines that conform to it. The
 * given one is among them.
 */
export function alikePorts(analysis: Analysis, port: Meaning): readonly Meaning[] {
  const declared: Declared | undefined =
    port.owner.kind === "Interface" ? { module: port.module, syntax: port.owner } : contractOf(analysis, port);
  if (port.kind !== "port" || declared === undefined) return [port];
  const conforming = occurrencesOf(analysis, meaningOf(declared)).flatMap(
    ({ path, occurrence }) => conformingPipeline(analysis, path, occurrence.span) ?? [],
  );
  const owners: Declared[] = [declared, ...conforming.map(({ module, owner }) => ({ module, syntax: owner }))];
  const found = owners.flatMap((one) => analysis.names.member(one, port.name) ?? []);
  return found.filter((one) => one.kind === "port");
}

function contractOf({ names }: Analysis, { owner, module }: Meaning): Declared | undefined {
  const file = names.file(module);
  if (owner.kind !== "Pipeline" || owner.conformsTo === undefined || file === undefined) return undefined;
  const found = names.find(file, owner.conformsTo.text)?.declared;
  return found?.syntax.kind === "Interface" ? found : undefined;
}
