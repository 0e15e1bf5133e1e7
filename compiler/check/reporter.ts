import type { Span } from "../../grammar/syntax.ts";
import { catalog, type DiagnosticCode } from "../diagnostics/catalog.ts";
import type { Diagnostic, Fix, Related } from "../diagnostics/diagnostic.ts";
import type { Place, SourceFile } from "../source/source-file.ts";
import type { Damage } from "./damage.ts";
import type { DeclarationSymbol } from "./program.ts";

export interface Details {
  readonly label?: string | undefined;
  readonly notes?: readonly string[];
  readonly hint?: string | undefined;
  readonly related?: readonly Related[];
  readonly fixes?: readonly Fix[];
  /** Declarations that it follows from: nothing is told where one of them could not be read as a whole. */
  readonly about?: readonly DeclarationSymbol[];
  /** Records and enums that it follows from, by their keys; as `about`. */
  readonly types?: readonly string[];
  /** The code of a problem of syntax in its place, of which it knows better. */
  readonly supersedes?: string;
  /** What it comes from, where that may be told at several places: only the first of them in the text is. */
  readonly cause?: string;
}

/** Of one mistake that shows at many places, this many more are shown. */
const mostPlaces = 8;

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
  readonly #damage = new Map<SourceFile, Damage>();
  readonly #causes = new Map<Diagnostic, string>();
  readonly #lostTypes = new Set<string>();

  /** Tells what could not be read of a file. */
  damaged(source: SourceFile, damage: Damage): void {
    this.#damage.set(source, damage);
  }

  /** @param message what is wrong, in the user's own names; a full sentence */
  report(code: DiagnosticCode, source: SourceFile, span: Span, message: string, details: Details = {}): void {
    if (details.supersedes !== undefined) this.#supersede(details.supersedes, source, span);
    else if (this.#damage.get(source)?.covers(span) === true) return;
    if (details.about?.some((one) => one.file.damage.touches(one.syntax)) === true) return;
    if (details.types?.some((one) => this.#lostTypes.has(one)) === true) return;
    const diagnostic: Diagnostic = {
      code,
      severity: catalog[code].severity,
      message,
      place: { source, span },
      ...(details.label !== undefined && { label: details.label }),
      notes: details.notes ?? [],
      ...(details.hint !== undefined && { hint: details.hint }),
      related: details.related ?? [],
      fixes: details.fixes ?? [],
    };
    if (details.cause !== undefined) this.#causes.set(diagnostic, details.cause);
    this.add(diagnostic);
  }

  add(diagnostic: Diagnostic): void {
    const { source, span } = diagnostic.place;
    const known = this.#found.get(source) ?? { all: [], errors: [], syntax: [] };
    this.#found.set(source, known);
    known.all.push(diagnostic);
    if (diagnostic.severity === "error") insert(known.errors, span.start);
    if (isSyntax(diagnostic)) insert(known.syntax, span.start);
  }

  /** Tells that a record or enum is not known as a whole, by its key; why has been reported. */
  loseType(key: string): void {
    this.#lostTypes.add(key);
  }

  /** Takes back problems of syntax of one kind within a span. */
  #supersede(code: string, source: SourceFile, span: Span): void {
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

  /** True when something beyond its syntax is known to be wrong with a file. */
  hasMoreThanSyntax(source: SourceFile): boolean {
    const known = this.#found.get(source);
    return known !== undefined && known.all.length > known.syntax.length;
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

  /** The files of which something is known. */
  sources(): SourceFile[] {
    return [...this.#found.keys()];
  }

  /** What is known of some files, in their order and then in that of place. */
  inOrder(files: readonly SourceFile[]): Diagnostic[] {
    return this.#oncePerCause(
      files.flatMap((source) => this.#of(source).toSorted((a, b) => a.place.span.start - b.place.span.start)),
    );
  }

  /** Of what has one cause the first, with the other places beside it. */
  #oncePerCause(sorted: readonly Diagnostic[]): Diagnostic[] {
    if (this.#causes.size === 0) return [...sorted];
    const places = new Map<string, Place[]>();
    const first = sorted.filter((one) => {
      const cause = this.#causes.get(one);
      if (cause === undefined) return true;
      const earlier = places.get(cause);
      if (earlier === undefined) places.set(cause, []);
      else if (earlier.length < mostPlaces) earlier.push(one.place);
      return earlier === undefined;
    });
    return first.map((one) => {
      const more = places.get(this.#causes.get(one) ?? "") ?? [];
      const related = more.map((place) => ({ place, message: "the same here" }));
      return related.length === 0 ? one : { ...one, related: [...one.related, ...related] };
    });
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
