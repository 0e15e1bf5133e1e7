/** Which token each comment belongs to. */
import type { Comment, Token } from "../scan.ts";

export interface Attached {
  /** On lines of their own before the token. */
  readonly own: Comment[];
  /** Block comments before the token, on its line. */
  readonly inline: Comment[];
  /** Behind the token, at the end of its line. */
  readonly trailing: Comment[];
}

function hasLineEnd(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code === 10 || code === 13) return true;
  }
  return false;
}

/** The comments of every token that has some, by its index; those behind the last token are at `tokens.length`. */
export function attach(text: string, tokens: readonly Token[], comments: readonly Comment[]): Map<number, Attached> {
  const found = new Map<number, Attached>();
  const of = (index: number): Attached => {
    const known = found.get(index);
    if (known !== undefined) return known;
    const fresh: Attached = { own: [], inline: [], trailing: [] };
    found.set(index, fresh);
    return fresh;
  };
  let next = 0;
  for (const [index, comment] of comments.entries()) {
    while (next < tokens.length && tokens[next]!.span.start < comment.span.start) next++;
    const before = tokens[next - 1];
    const after = tokens[next];
    // Comments in a row count as one where they stand on one line.
    let end = comment.span.end;
    for (const { span } of comments.slice(index + 1, index + 20)) {
      if (after !== undefined && span.start > after.span.start) break;
      if (hasLineEnd(text, end, span.start)) break;
      end = span.end;
    }
    const meetsNext = after !== undefined && !hasLineEnd(text, end, after.span.start);
    if (meetsNext && comment.kind === "block") of(next).inline.push(comment);
    else if (before !== undefined && !hasLineEnd(text, before.span.end, comment.span.start)) {
      of(next - 1).trailing.push(comment);
    } else of(next).own.push(comment);
  }
  return found;
}

/** Whether an empty line stands in the source right before an offset. */
export function blankBefore(text: string, offset: number): boolean {
  let ends = 0;
  for (let at = offset - 1; at >= 0; at--) {
    const char = text[at]!;
    if (char === "\n" || (char === "\r" && text[at + 1] !== "\n")) ends++;
    else if (!/\s/.test(char)) break;
    if (ends > 1) return true;
  }
  return false;
}
