import type { Token } from "../../../grammar/index.ts";
import type { Span } from "../../../grammar/syntax.ts";
import type { ParsedFile } from "../../check/sources.ts";
import { firstBehind } from "../tokens.ts";

/** A bracket that is open where the cursor stands. */
export interface Opener {
  readonly text: string;
  /** Its index among the tokens. */
  readonly index: number;
}

/** What stands around a cursor, by tokens alone: a line that is half typed has no tree to speak of. */
export interface Cursor {
  readonly tokens: readonly Token[];
  /** The index of the first token that is not before the cursor's word. */
  readonly index: number;
  /** The word that is being typed; empty where none is. */
  readonly word: Span;
  /** Inside a string: its token. */
  readonly string: Token | undefined;
  /** The innermost first. */
  readonly openers: readonly Opener[];
  /** The texts of the tokens on the line before the word. */
  readonly line: readonly string[];
}

const closers: Readonly<Record<string, string>> = { "}": "{", ")": "(", "]": "[", ">": "<" };
const isWord = /^[A-Za-z_]\w*$/;

/** More tokens than a declaration has. */
const furthest = 20_000;

/** @returns undefined in a comment, and behind a number that is being typed */
export function cursorAt(file: ParsedFile, offset: number): Cursor | undefined {
  const { source } = file;
  const { tokens, comments } = around(file, offset);
  if (
    comments.some(
      ({ span, kind }) => span.start < offset && (offset < span.end || (kind !== "block" && offset === span.end)),
    )
  ) {
    return undefined;
  }
  let index = firstBehind(tokens, offset - 1);
  const at = tokens[index];
  let word: Span = { start: offset, end: offset };
  let string: Token | undefined;
  if (at !== undefined && at.span.start < offset && offset <= at.span.end) {
    if (at.class === "string") {
      const isClosed = at.text.length > 1 && at.text.endsWith('"');
      if (offset < at.span.end || !isClosed) string = at;
      else index += 1;
    } else if (isWord.test(at.text)) word = at.span;
    else index += 1;
  }
  return {
    tokens,
    index,
    word,
    string,
    openers: openersAt(tokens, index),
    line: lineAt(tokens, index, source.text, offset),
  };
}

/** The tokens and comments of the declaration around a place, and of those before and behind it. */
function around(file: ParsedFile, offset: number): Pick<ParsedFile, "tokens" | "comments"> {
  const { pieces } = file;
  const at = pieces?.findIndex(({ end }) => end >= offset) ?? -1;
  if (pieces === undefined || at < 0) return file;
  const near = pieces.slice(Math.max(0, at - 1), at + 2);
  return { tokens: near.flatMap((one) => one.tokens), comments: near.flatMap((one) => one.comments) };
}

/** The brackets that are open before a token, as far as the declaration goes. */
function openersAt(tokens: readonly Token[], index: number): Opener[] {
  const found: Opener[] = [];
  const closed: string[] = [];
  for (let at = index - 1; at >= 0 && index - at < furthest; at -= 1) {
    const { text } = tokens[at] ?? { text: "" };
    const opens = closers[text];
    // A comparison is no bracket.
    if (text === ">" && !isCapsEnd(tokens, at)) continue;
    if (opens !== undefined) closed.push(opens);
    else if (text === "{" || text === "(" || text === "[" || (text === "<" && isCapsStart(tokens, at))) {
      const last = closed.lastIndexOf(text);
      if (last >= 0) closed.length = last;
      // What is open inside braces that have been closed is a mistake further up.
      else if (closed.includes("{")) continue;
      else {
        found.push({ text, index: at });
        if (text === "{" && isDeclarationHead(headOf(tokens, at))) return found;
      }
    }
  }
  return found;
}

const capsBefore: ReadonlySet<string> = new Set(["audio", "video", "tensor", "map"]);

function isCapsStart(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1]?.text ?? "";
  return capsBefore.has(before) || tokens[at - 2]?.text === "node";
}

/** `>` closes formats where one has been opened on the same line or shortly before. */
function isCapsEnd(tokens: readonly Token[], at: number): boolean {
  for (let back = at - 1; back >= 0 && at - back < 40; back -= 1) {
    const { text } = tokens[back] ?? { text: "" };
    if (text === "<" && isCapsStart(tokens, back)) return true;
    if (text === "{" || text === "}" || text === ";") return false;
  }
  return false;
}

const declarations: ReadonlySet<string> = new Set([
  ...["record", "enum", "interface", "node", "pipeline", "policy", "peer", "scenario", "import"],
]);

/** The words before a brace, back to the one that begins its block. */
export function headOf(tokens: readonly Token[], open: number): readonly string[] {
  const head: string[] = [];
  let depth = 0;
  for (let at = open - 1; at >= 0 && open - at < 200; at -= 1) {
    const { text } = tokens[at] ?? { text: "" };
    if (text === ")" || text === "]") depth += 1;
    if (text === "(" || text === "[") depth -= 1;
    if (depth < 0 || text === "{" || text === "}") break;
    head.unshift(text);
    if (depth > 0) continue;
    if (text === "with" || text === "route") break;
    const isStart = declarations.has(text) || text === "remote";
    const next = tokens[at + 1]?.text ?? "";
    if (isStart && (isWord.test(next) || next.startsWith('"') || next === "{")) break;
  }
  return head;
}

function isDeclarationHead(head: readonly string[]): boolean {
  return declarations.has(head[0] ?? "");
}

function lineAt(tokens: readonly Token[], index: number, text: string, offset: number): string[] {
  const lineStart = text.lastIndexOf("\n", offset - 1) + 1;
  const line: string[] = [];
  for (let at = index - 1; at >= 0; at -= 1) {
    const token = tokens[at];
    if (token === undefined || token.span.start < lineStart) break;
    line.unshift(token.text);
  }
  return line;
}
