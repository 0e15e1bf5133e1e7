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

/** Collects what is wrong with a program. */
export class Reporter {
  readonly #found: Diagnostic[] = [];

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
    this.#found.push(diagnostic);
  }

  /** Takes back problems of syntax of one kind within a span, for something better is known of it. */
  supersede(code: string, source: SourceFile, span: Span): void {
    const kept = this.#found.filter(
      (one) =>
        one.code !== code ||
        one.place.source !== source ||
        one.place.span.start < span.start ||
        one.place.span.end > span.end,
    );
    this.#found.splice(0, this.#found.length, ...kept);
  }

  /** True when an error is known that stands within a span: what follows from it need not be told again. */
  hasErrorIn(source: SourceFile, span: Span): boolean {
    return this.#found.some(
      ({ severity, place }) =>
        severity === "error" &&
        place.source === source &&
        place.span.start >= span.start &&
        place.span.start <= span.end,
    );
  }

  /** True when a file could not be read as a whole, so that what seems unused may stand in the part that is lost. */
  hasSyntaxError(source: SourceFile): boolean {
    return this.#found.some(({ code, place }) => place.source === source && code.startsWith("MESH1"));
  }

  /**
   * True when a problem of syntax stands on the lines of a span: what is read there may not be what was meant, so nothing
   * more is told of it.
   */
  isUnreadable({ text, path }: SourceFile, { start, end }: Span): boolean {
    const syntax = this.#found.filter(({ code, place }) => code.startsWith("MESH1") && place.source.path === path);
    if (syntax.length === 0) return false;
    const first = text.lastIndexOf("\n", start - 1) + 1;
    const newline = text.indexOf("\n", end);
    const last = newline === -1 ? text.length : newline;
    return syntax.some(({ place }) => place.span.start >= first && place.span.start <= last);
  }

  /** In order of file as they were loaded, then of place. */
  inOrder(files: readonly string[]): Diagnostic[] {
    const rank = new Map(files.map((path, index) => [path, index]));
    return this.#found.toSorted(
      (a, b) =>
        (rank.get(a.place.source.path) ?? 0) - (rank.get(b.place.source.path) ?? 0) ||
        a.place.span.start - b.place.span.start,
    );
  }
}

/** A fix that replaces the text of one span. */
export function replaceFix(title: string, source: SourceFile, span: Span, newText: string, safe: boolean): Fix {
  return { title, edits: [{ place: { source, span }, newText }], applicability: safe ? "safe" : "suggested" };
}
