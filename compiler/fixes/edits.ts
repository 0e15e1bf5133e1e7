import type { Diagnostic, Fix, TextEdit } from "../diagnostics/diagnostic.ts";
import type { SourceFile } from "../source/source-file.ts";

/** A replacement in one text; offsets in UTF-16 code units, `start <= end`. */
export interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly newText: string;
}

/** Puts replacements into a text; they must not overlap, their order does not matter. */
export function applyReplacements(text: string, replacements: readonly Replacement[]): string {
  let result = "";
  let at = 0;
  for (const one of [...replacements].toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    if (one.start < at) throw new RangeError("replacements that overlap");
    result += text.slice(at, one.start) + one.newText;
    at = one.end;
  }
  return result + text.slice(at);
}

/** The fixes that can be made together, and the texts that come out of it. */
export interface FixedFiles {
  readonly applied: readonly Fix[];
  /** New texts by source; files in which nothing changes are left out. */
  readonly texts: ReadonlyMap<SourceFile, string>;
}

/**
 * Applies the first acceptable fix of each diagnostic. A fix is made as a whole or not at all: where it would change what
 * another has changed already, it has to wait until the program has been checked again.
 */
export function applyFixes(diagnostics: readonly Diagnostic[], accepts: (fix: Fix) => boolean): FixedFiles {
  const taken = new Map<SourceFile, Replacement[]>();
  const applied: Fix[] = [];
  for (const { fixes } of diagnostics) {
    const fix = fixes.find(accepts);
    if (fix === undefined || fix.edits.some((edit) => collides(edit, taken))) continue;
    applied.push(fix);
    for (const { place, newText } of fix.edits) {
      const list = taken.get(place.source) ?? [];
      list.push({ start: place.span.start, end: place.span.end, newText });
      taken.set(place.source, list);
    }
  }
  const texts = new Map<SourceFile, string>();
  for (const [source, list] of taken) {
    const text = applyReplacements(source.text, list);
    if (text !== source.text) texts.set(source, text);
  }
  return { applied, texts };
}

/** Edits that touch each other collide as well: two insertions at one place have no order. */
function collides(
  { place: { source, span } }: TextEdit,
  taken: ReadonlyMap<SourceFile, readonly Replacement[]>,
): boolean {
  return (taken.get(source) ?? []).some((one) => span.start <= one.end && one.start <= span.end);
}
