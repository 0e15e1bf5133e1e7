import type { Span } from "../../grammar/syntax.ts";
import type { Analysis } from "./files.ts";
import { isNamed, meaningOf, type Meaning } from "./names/meaning.ts";
import { occurrenceAt, occurrencesOf } from "./names/lookup.ts";

/** One declaration that uses another, with the places where it does. */
export interface Call {
  readonly meaning: Meaning;
  /** The file in which the places are. */
  readonly path: string;
  readonly spans: readonly Span[];
}

/** The node, pipeline or peer at an offset; of a `let`, what is used by it. */
export function callItem(analysis: Analysis, path: string, offset: number): Meaning | undefined {
  const meaning = occurrenceAt(analysis, path, offset)?.meaning;
  return meaning !== undefined && callable.has(meaning.kind) ? meaning : undefined;
}

const callable: ReadonlySet<string> = new Set(["node", "pipeline", "peer", "interface"]);

/** The item as it is declared now, by its place. */
export function itemAt(analysis: Analysis, path: string, offset: number): Meaning | undefined {
  for (const syntax of analysis.parsed(path)?.syntax.declarations ?? []) {
    if (isNamed(syntax) && syntax.name.span.start === offset) return meaningOf({ module: path, syntax });
  }
  return undefined;
}

/** Who uses it: pipelines that have it as a box or a target, peers that run it. */
export function incomingCalls(analysis: Analysis, of: Meaning): readonly Call[] {
  const found = new Map<string, { meaning: Meaning; path: string; spans: Span[] }>();
  for (const { path, occurrence } of occurrencesOf(analysis, of)) {
    if (occurrence.role !== "reference") continue;
    const user = analysis
      .parsed(path)
      ?.syntax.declarations.find(({ span }) => span.start <= occurrence.span.start && occurrence.span.end <= span.end);
    if (user === undefined || !isNamed(user)) continue;
    const meaning = meaningOf({ module: path, syntax: user });
    const known = found.get(meaning.id) ?? { meaning, path, spans: [] };
    known.spans.push(occurrence.span);
    found.set(meaning.id, known);
  }
  return [...found.values()];
}

/** What it uses. */
export function outgoingCalls(analysis: Analysis, from: Meaning): readonly Call[] {
  const { span } = from.owner;
  const found = new Map<string, { meaning: Meaning; path: string; spans: Span[] }>();
  for (const one of analysis.occurrences(from.module)) {
    const isInside = span.start <= one.span.start && one.span.end <= span.end;
    if (!isInside || one.role !== "reference" || !callable.has(one.meaning.kind)) continue;
    const known = found.get(one.meaning.id) ?? { meaning: one.meaning, path: from.module, spans: [] };
    known.spans.push(one.span);
    found.set(one.meaning.id, known);
  }
  return [...found.values()];
}
