/**
 * What stands between two tokens: space, a comma, comments. A comment stays in its gap whatever happens around it, and a
 * line that ends behind one in the source ends behind it in the layout, so no comment can change what a program means.
 */
import type { Comment, Token } from "../scan.ts";
import type { Span } from "../syntax.ts";

export interface OwnComment {
  readonly text: string;
  /** An empty line stands before it. */
  readonly blank: boolean;
}

/** The comments of a gap, in the order of the text. */
export interface Gap {
  readonly comma: boolean;
  /** Block comments that belong to the token before, in front of any comma. */
  readonly behind: readonly string[];
  /** At the end of the line of the token before. */
  readonly trailing: readonly string[];
  /** On lines of their own. */
  readonly own: readonly OwnComment[];
  /** Block comments on the line of the token after. */
  readonly leading: readonly string[];
  /** An empty line stands before the token after, or before the first of `leading`. */
  readonly blank: boolean;
}

/** A token and the gap before it. Commas are part of gaps. */
export interface Item {
  readonly text: string;
  readonly span: Span;
  readonly gap: Gap;
}

const closers: ReadonlySet<string> = new Set([")", "]", "}", ">"]);

/** Line ends between two places that hold only space and commas: none, one, or more, which leaves an empty line. */
function lineEnds(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code === 10 || (code === 13 && text.charCodeAt(at + 1) !== 10)) count++;
  }
  return count;
}

/** A comment as it is written: line ends as everywhere, no space at its end. */
export function commentText(comment: Comment): string {
  return comment.text.replace(/\r\n?/g, "\n").trimEnd();
}

interface Surroundings {
  readonly text: string;
  /** Where the token before ends, -1 at the start of the file. */
  readonly from: number;
  readonly comma: number | undefined;
  readonly next: Token | undefined;
}

/** Almost all gaps hold no comment. */
function bareGap(comma: boolean, blank: boolean): Gap {
  return { comma, blank, behind: [], trailing: [], own: [], leading: [] };
}

const bareGaps = {
  plain: bareGap(false, false),
  comma: bareGap(true, false),
  blank: bareGap(false, true),
  commaAndBlank: bareGap(true, true),
};

function gapOf(comments: readonly Comment[], { text, from, comma, next }: Surroundings): Gap {
  const to = next?.span.start ?? text.length;
  const start = Math.max(from, 0);
  const lastEnd = comments.at(-1)?.span.end ?? start;
  const blank = lineEnds(text, lastEnd, to) > 1;
  const beforeCloser = next !== undefined && closers.has(next.text);
  // How many comments at the end stand on the line of the token after.
  let meeting = 0;
  let meetsAt = to;
  for (const { span } of next === undefined ? [] : comments.toReversed()) {
    if (lineEnds(text, span.end, meetsAt) > 0) break;
    meeting++;
    meetsAt = span.start;
  }
  const behind: string[] = [];
  const trailing: string[] = [];
  const own: OwnComment[] = [];
  const leading: string[] = [];
  let onLine = from >= 0;
  let end = start;
  for (const [index, comment] of comments.entries()) {
    const ends = lineEnds(text, end, comment.span.start);
    end = comment.span.end;
    if (ends > 0) onLine = false;
    const meetsNext = comments.length - index <= meeting;
    const printed = commentText(comment);
    if (onLine) {
      const fitsBefore = (comma !== undefined && comment.span.start < comma) || beforeCloser;
      if (comment.kind === "block" && fitsBefore && trailing.length === 0) behind.push(printed);
      else if (meetsNext) leading.push(printed);
      else trailing.push(printed);
    } else if (meetsNext && !beforeCloser) leading.push(printed);
    else own.push({ text: printed, blank: ends > 1 });
  }
  const first = comments[comments.length - leading.length];
  const before = comments[comments.length - leading.length - 1]?.span.end ?? start;
  const blankBefore = first === undefined ? blank : lineEnds(text, before, first.span.start) > 1;
  return { comma: comma !== undefined, behind, trailing, own, leading, blank: blankBefore };
}

/** The tokens of a text with the gaps before them; the last one has no text and carries what stands at the end. */
export function itemsOf(text: string, tokens: readonly Token[], comments: readonly Comment[]): Item[] {
  const items: Item[] = [];
  let from = -1;
  let comma: number | undefined;
  let next = 0;
  const add = (token: Token | undefined): void => {
    const first = next;
    const to = token?.span.start ?? Number.POSITIVE_INFINITY;
    while (next < comments.length && comments[next]!.span.start < to) next++;
    const end = Math.min(to, text.length);
    let gap: Gap;
    if (first < next) gap = gapOf(comments.slice(first, next), { text, from, comma, next: token });
    else if (end - from > 1 && lineEnds(text, Math.max(from, 0), end) > 1) {
      gap = comma === undefined ? bareGaps.blank : bareGaps.commaAndBlank;
    } else gap = comma === undefined ? bareGaps.plain : bareGaps.comma;
    items.push({ text: token?.text ?? "", span: token?.span ?? { start: text.length, end: text.length }, gap });
    comma = undefined;
  };
  for (const token of tokens) {
    if (token.text === ",") {
      comma = token.span.start;
      continue;
    }
    add(token);
    from = token.span.end;
  }
  add(undefined);
  return items;
}
