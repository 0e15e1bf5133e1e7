import type { Span } from "../../grammar/syntax.ts";
import { catalog, type DiagnosticCode } from "../diagnostics/catalog.ts";
import type { Diagnostic, Fix, Related } from "../diagnostics/diagnostic.ts";
import type { SourceFile } from "../source/source-file.ts";

export interface Details {
  readonly label?: string | undefined;
  readonly notes?: readonly string[];
  readonly hint?: string | undefined;
  readonly related?: readonly Related[];
  readonly fixes?: readonly Fix[];
}

/** What is known of one file, in the order in which it was found. */
interface Found {
  readonly all: Diagnostic[];
  /** Where errors start, in order of place. */
  readonly errors: number[];
  /** The same of problems of syntax alone. */
  readonly syntax: number[];
}

const isSyntax = ({ code }: Diagnostic): boolean => code.startsWith("MESH1");

/** Collects what is wrong with a program; asked about a place, it looks at what stands there alone. */
export class Reporter {
  readonly #found = new Map<SourceFile, Found>();

  /** @param message what is wrong, in the user's own names; a full sentence */
  report(code: DiagnosticCode, source: SourceFile, span: Span, message: string, details: Details = {}): void {
    this.add({
      code,
      severity: catalog[code].severity,
      message,
      place: { source, span },
      ...(details.label !== undefined && { label: details.label }),
      notes: details.notes ?? [],
      ...(details.hint !== undefined && { hint: details.hint }),
      related: details.related ?? [],
      fixes: details.fixes ?? [],
    });
  }

  add(diagnostic: Diagnostic): void {
    const { source, span } = diagnostic.place;
    const known = this.#found.get(source) ?? { all: [], errors: [], syntax: [] };
    this.#found.set(source, known);
    known.all.push(diagnostic);
    if (diagnostic.severity === "error") insert(known.errors, span.start);
    if (isSyntax(diagnostic)) insert(known.syntax, span.start);
  }

  /** Takes back problems of syntax of one kind within a span, for something better is known of it. */
  supersede(code: string, source: SourceFile, span: Span): void {
    const all = this.#of(source);
    const kept = all.filter(
      (one) => one.code !== code || one.place.span.start < span.start || one.place.span.end > span.end,
    );
    if (kept.length === all.length) return;
    this.#found.delete(source);
    for (const one of kept) this.add(one);
  }

  /** True when an error is known that stands within a span: what follows from it need not be told again. */
  hasErrorIn(source: SourceFile, { start, end }: Span): boolean {
    return anyWithin(this.#found.get(source)?.errors, start, end);
  }

  /** True when a file could not be read as a whole, so that what seems unused may stand in the part that is lost. */
  hasSyntaxError(source: SourceFile): boolean {
    return (this.#found.get(source)?.syntax.length ?? 0) > 0;
  }

  /**
   * True when a problem of syntax stands on the lines of a span: what is read there may not be what was meant, so nothing
   * more is told of it.
   */
  isUnreadable(source: SourceFile, { start, end }: Span): boolean {
    const syntax = this.#found.get(source)?.syntax;
    if (syntax === undefined || syntax.length === 0) return false;
    const { text } = source;
    const first = text.lastIndexOf("\n", start - 1) + 1;
    const newline = text.indexOf("\n", end);
    return anyWithin(syntax, first, newline === -1 ? text.length : newline);
  }

  /** What is known of some files, in their order and then in that of place. */
  inOrder(files: readonly SourceFile[]): Diagnostic[] {
    return files.flatMap((source) => this.#of(source).toSorted((a, b) => a.place.span.start - b.place.span.start));
  }

  #of(source: SourceFile): readonly Diagnostic[] {
    return this.#found.get(source)?.all ?? [];
  }
}

/** The index of the first number that is not below another one. */
function lowerBound(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insert(sorted: number[], value: number): void {
  if ((sorted.at(-1) ?? -1) <= value) sorted.push(value);
  else sorted.splice(lowerBound(sorted, value), 0, value);
}

function anyWithin(sorted: readonly number[] | undefined, start: number, end: number): boolean {
  const next = sorted?.[lowerBound(sorted, start)];
  return next !== undefined && next <= end;
}

/** A fix that replaces the text of one span. */
export function replaceFix(title: string, source: SourceFile, span: Span, newText: string, safe: boolean): Fix {
  return { title, edits: [{ place: { source, span }, newText }], applicability: safe ? "safe" : "suggested" };
}
