import { changeBetween } from "../../grammar/change.ts";
import type { Span } from "../../grammar/syntax.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Place, SourceFile } from "../source/source-file.ts";

/**
 * What was known of a text before it was changed, as far as it still makes sense: moved with the text, without what stood in
 * the part that changed. Shown until the new text has been checked, so that nothing flickers while somebody types.
 */
export function carriedOver(before: readonly Diagnostic[], was: SourceFile, now: SourceFile): Diagnostic[] {
  const move = movement(was.text, now.text);
  const placed = (place: Place): Place | undefined => {
    if (place.source !== was) return place;
    const span = move(place.span);
    return span && { source: now, span };
  };
  return before.flatMap((one) => {
    const place = placed(one.place);
    if (place === undefined) return [];
    const related = one.related.flatMap((other) => {
      const at = placed(other.place);
      return at === undefined ? [] : [{ ...other, place: at }];
    });
    // Fixes are made for a text; they come again with the check.
    return [{ ...one, place, related, fixes: [] }];
  });
}

/** How spans of one text lie in another; undefined for those that touch what differs. */
function movement(before: string, after: string): (span: Span) => Span | undefined {
  const { start, end } = changeBetween(before, after);
  const shift = after.length - before.length;
  return (span) => {
    if (span.end <= start) return span;
    if (span.start >= end) return { start: span.start + shift, end: span.end + shift };
    return undefined;
  };
}
