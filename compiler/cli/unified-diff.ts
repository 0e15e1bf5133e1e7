import type { TextEdit } from "../../grammar/index.ts";
import type { Style } from "../diagnostics/style.ts";
import { positionAt, sourceFile } from "../source/source-file.ts";

/** Unchanged lines around each change. */
const context = 3;

/** Lines of the old text that become others: `at` and `count` in the old text, from 0. */
interface Change {
  readonly at: number;
  readonly count: number;
  readonly lines: readonly string[];
}

/** The lines of a text with their ends; the last one may have none. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** The edits as whole lines, those of one line together. */
function changesOf(text: string, edits: readonly TextEdit[]): Change[] {
  const source = sourceFile("", text);
  const all = linesOf(text);
  const lineOf = (offset: number): number => positionAt(source, offset).line;
  const startOf = (line: number): number => source.lineStarts[line] ?? text.length;
  const changes: Change[] = [];
  for (let index = 0; index < edits.length;) {
    const first = lineOf(edits[index]!.span.start);
    let last = first;
    let fresh = "";
    let from = startOf(first);
    while (index < edits.length && lineOf(edits[index]!.span.start) <= last) {
      const { span, text: replacement } = edits[index]!;
      fresh += text.slice(from, span.start) + replacement;
      from = span.end;
      last = lineOf(span.end);
      index++;
    }
    fresh += text.slice(from, startOf(last + 1));
    changes.push(trimmed(first, all.slice(first, last + 1), linesOf(fresh)));
  }
  return changes;
}

/** A change without the lines at its ends that stay the same. */
function trimmed(at: number, old: readonly string[], fresh: readonly string[]): Change {
  const shorter = Math.min(old.length, fresh.length);
  let start = 0;
  while (start < shorter && old[start] === fresh[start]) start++;
  let end = 0;
  while (end < shorter - start && old.at(-1 - end) === fresh.at(-1 - end)) end++;
  return { at: at + start, count: old.length - start - end, lines: fresh.slice(start, fresh.length - end) };
}

function range(start: number, count: number): string {
  // An empty range is told by the line before it.
  const from = count === 0 ? start : start + 1;
  return count === 1 ? `${from}` : `${from},${count}`;
}

/**
 * A unified diff, as `patch` and `git apply` read it; empty where nothing changes.
 * @param edits in order of place
 */
export function unifiedDiff(path: string, text: string, edits: readonly TextEdit[], style: Style): string {
  const all = linesOf(text);
  const changes = changesOf(text, edits).filter(({ count, lines }) => count + lines.length > 0);
  if (changes.length === 0) return "";
  let output = `${style.bold(`--- ${path}`)}\n${style.bold(`+++ ${path}`)}\n`;
  const print = (mark: string, line: string, paint: (text: string) => string = String): void => {
    const ended = line.endsWith("\n");
    output += `${paint(mark + (ended ? line.slice(0, -1) : line))}\n`;
    if (!ended) output += "\\ No newline at end of file\n";
  };
  let moved = 0;
  for (let index = 0; index < changes.length;) {
    const hunk = [changes[index]!];
    let end = hunk[0]!.at + hunk[0]!.count;
    for (index++; index < changes.length && changes[index]!.at - end <= 2 * context; index++) {
      hunk.push(changes[index]!);
      end = changes[index]!.at + changes[index]!.count;
    }
    const start = Math.max(0, hunk[0]!.at - context);
    const stop = Math.min(all.length, end + context);
    const grown = hunk.reduce((sum, { count, lines }) => sum + lines.length - count, 0);
    const heading = `@@ -${range(start, stop - start)} +${range(start + moved, stop - start + grown)} @@`;
    output += `${style.information(heading)}\n`;
    let next = start;
    for (const { at, count, lines } of hunk) {
      for (; next < at; next++) print(" ", all[next]!);
      for (; next < at + count; next++) print("-", all[next]!, style.error);
      for (const line of lines) print("+", line, style.good);
    }
    for (; next < stop; next++) print(" ", all[next]!);
    moved += grown;
  }
  return output;
}
