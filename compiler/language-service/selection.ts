import type { Span } from "../../grammar/syntax.ts";
import { nodeAt } from "../../grammar/walk.ts";
import type { ParsedFile } from "../check/sources.ts";
import { tokenAt } from "./tokens.ts";

/** The spans around an offset that make sense to select, the innermost first; each holds the one before it. */
export function selectionSpans(file: ParsedFile, offset: number): readonly Span[] {
  const { syntax, source } = file;
  const token = tokenAt(file, offset);
  const whole = { start: 0, end: source.text.length };
  const nodes = nodeAt(syntax, offset)
    .toReversed()
    .map((one) => one.span);
  const spans: Span[] = [];
  for (const span of [token?.span, ...nodes, whole]) {
    if (span === undefined || span.start > offset || span.end < offset) continue;
    const inner = spans.at(-1);
    const isWider =
      inner === undefined ||
      (span.start <= inner.start && span.end >= inner.end && span.end - span.start > inner.end - inner.start);
    if (isWider) spans.push({ start: span.start, end: span.end });
  }
  return spans;
}
