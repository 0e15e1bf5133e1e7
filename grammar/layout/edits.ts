/** From a text and its layout to the edits between them: only space, commas and line ends change. */
import type { Token } from "../scan.ts";
import type { AnySyntaxNode, FileSyntax, Span } from "../syntax.ts";
import { children } from "../walk.ts";

/** Replaces the text of `span` by `text`. */
export interface TextEdit {
  readonly span: Span;
  readonly text: string;
}

/** Where text stands between tokens: from the end of one to the start of the next. Commas count as space. */
function gapsBetween(tokens: readonly Token[], end: number): Span[] {
  const gaps: Span[] = [];
  let start = 0;
  for (const { text, span } of tokens) {
    if (text === ",") continue;
    gaps.push({ start, end: span.start });
    start = span.end;
  }
  gaps.push({ start, end });
  return gaps;
}

function commonStart(a: string, b: string): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  return at;
}

function commonEnd(a: string, b: string, limit: number): number {
  let count = 0;
  while (count < limit && a[a.length - 1 - count] === b[b.length - 1 - count]) count++;
  return count;
}

/** The smallest edit that makes one text of another, undefined where they are the same. */
function editOf(before: string, after: string, offset: number): TextEdit | undefined {
  if (before === after) return undefined;
  const start = commonStart(before, after);
  const end = commonEnd(before, after, Math.min(before.length, after.length) - start);
  const span = { start: offset + start, end: offset + before.length - end };
  return { span, text: after.slice(start, after.length - end) };
}

/** Whether two texts say the same but for space and commas. */
function isSame(a: string, b: string): boolean {
  const [before = "", after = ""] = [a, b].map((text) => text.replace(/[\s,]+/g, ""));
  return before === after;
}

export interface Version {
  readonly text: string;
  readonly tokens: readonly Token[];
}

/**
 * The edits between two versions of a text that have the same tokens but for commas, in order of place.
 * Each line end parts an edit in two, so that what belongs to one line can be taken without the next.
 */
export function editsBetween(before: Version, after: Version): TextEdit[] {
  const edits: TextEdit[] = [];
  const gaps = gapsBetween(after.tokens, after.text.length);
  for (const [index, { start, end }] of gapsBetween(before.tokens, before.text.length).entries()) {
    const old = before.text.slice(start, end);
    const gap = gaps[index]!;
    const fresh = after.text.slice(gap.start, gap.end);
    if (old === fresh) continue;
    const oldLine = old.indexOf("\n");
    const freshLine = fresh.indexOf("\n");
    const endsLine = oldLine >= 0 && freshLine >= 0;
    const parts =
      !endsLine || !isSame(old.slice(0, oldLine), fresh.slice(0, freshLine))
        ? [editOf(old, fresh, start)]
        : [
            editOf(old.slice(0, oldLine), fresh.slice(0, freshLine), start),
            editOf(old.slice(oldLine), fresh.slice(freshLine), start + oldLine),
          ];
    for (const edit of parts) if (edit !== undefined) edits.push(edit);
  }
  return edits;
}

export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  let result = "";
  let from = 0;
  for (const { span, text: fresh } of edits) {
    result += text.slice(from, span.start) + fresh;
    from = span.end;
  }
  return result + text.slice(from);
}

const statements: ReadonlySet<string> = new Set([
  ...["Import", "Record", "Enum", "Interface", "Node", "Pipeline", "Policy", "Peer", "Scenario", "Field", "EnumValue"],
  ...["Port", "Requires", "Latency", "From", "Converts", "Join", "Marker", "Let", "Remote", "Flow", "Budget", "Target"],
  ...["Retry", "Timeout", "Breaker", "Via", "Resume", "Standby", "Auth", "Failback", "Runs", "PeerStrings", "Provides"],
  ...["AtStep", "FeedStep", "ExpectEmits", "ExpectUses", "ExpectGap", "ExpectLatency", "ExpectNo"],
]);

/** The lines from one place to another. */
function lines(text: string, { start, end }: Span): Span {
  const next = text.indexOf("\n", end);
  return { start: start === 0 ? 0 : text.lastIndexOf("\n", start - 1) + 1, end: next < 0 ? text.length : next };
}

/** The lines of the whole statements that a range touches: the innermost ones that hold it. */
export function statementLines(text: string, file: FileSyntax, range: Span): Span {
  const wanted = lines(text, range);
  let around: AnySyntaxNode = file;
  for (;;) {
    const inside: AnySyntaxNode[] = children(around).filter(({ kind }) => statements.has(kind));
    const touched = inside.filter(({ span }) => span.start <= wanted.end && span.end >= wanted.start);
    const [first] = touched;
    const last = touched.at(-1);
    if (first === undefined || last === undefined) return lines(text, around === file ? wanted : around.span);
    const below = children(first).filter(({ kind }) => statements.has(kind));
    const isInside =
      first === last &&
      below.length > 0 &&
      wanted.start >= lines(text, below[0]!.span).start &&
      wanted.end <= lines(text, below.at(-1)!.span).end;
    if (!isInside) {
      return lines(text, { start: Math.min(first.span.start, wanted.start), end: Math.max(last.span.end, wanted.end) });
    }
    around = first;
  }
}
