/** From text to the tokens that the rules see, with every lexical problem already reported. */
import type { IToken, TokenType } from "chevrotain";
import { bracketFindings } from "./brackets.ts";
import { lex, type MeshToken } from "./lexer.ts";
import { explainLiteral, literalValue, type LiteralValue } from "./literals.ts";
import type { SyntaxProblem } from "./problems.ts";
import { unescape } from "./strings.ts";
import type { Span } from "./syntax.ts";
import * as t from "./tokens.ts";

/** A comment with its markers. `///` is documentation. */
export interface Comment {
  readonly kind: "line" | "block" | "documentation";
  readonly text: string;
  readonly span: Span;
}

/** A token as an editor or the formatter sees it. */
export interface Token {
  readonly class: t.TokenClass;
  readonly text: string;
  readonly span: Span;
}

export interface Scan {
  readonly text: string;
  /** What the rules see: faulty characters are left out. */
  readonly tokens: IToken[];
  /** Every token, faulty ones too. */
  readonly all: readonly IToken[];
  readonly comments: readonly Comment[];
  readonly problems: SyntaxProblem[];
  /** Offsets of lexical problems in ascending order: the rules stay silent about a statement that has one. */
  readonly faults: readonly number[];
  /** Brackets without an end: their offsets, with the column in which their line begins. */
  readonly unclosed: ReadonlyMap<number, number>;
  /** As many `{` as `}`. */
  readonly balanced: boolean;
  /** The end of the file says nothing, because the text before it was cut. */
  readonly truncated: boolean;
}

export const MAX_DEPTH = 200;
/** Largest source in UTF-16 code units. */
export const MAX_SOURCE = 4 * 1024 * 1024;
/** Enough for anyone to see what is wrong; a binary file must not give a million problems. */
const MAX_LEXICAL_PROBLEMS = 100;

export function spanOf(token: IToken): Span {
  return { start: token.startOffset, end: token.startOffset + token.image.length };
}

function toComment(token: IToken): Comment {
  const documentation = token.image.startsWith("///") && !token.image.startsWith("////");
  const kind = documentation ? "documentation" : token.tokenType === t.LineComment ? "line" : "block";
  return { kind, text: token.image, span: spanOf(token) };
}

/** Tokens that are wrong by themselves, or may be. */
const mayBeWrong: ReadonlySet<TokenType> = new Set([
  ...[
    t.StringToken,
    t.OpenString,
    t.ForeignString,
    t.ForeignName,
    t.ForeignArrow,
    t.BluntArrow,
    t.Semicolon,
    t.Unknown,
  ],
]);

function isTerminated(comment: string): boolean {
  let depth = 0;
  for (let at = 0; at < comment.length - 1; at++) {
    const pair = comment.slice(at, at + 2);
    if (pair !== "/*" && pair !== "*/") continue;
    depth += pair === "/*" ? 1 : -1;
    at++;
  }
  return depth === 0;
}

/** The problem of a token that is wrong by itself. */
function fault(token: IToken): SyntaxProblem | undefined {
  const span = spanOf(token);
  const text = token.image;
  switch (token.tokenType) {
    case t.Quantity: {
      if (token.payload !== undefined) return undefined;
      const { message, hint, replacement } = explainLiteral(text);
      const fix =
        replacement === undefined ? {} : { fix: { title: `Write \`${replacement}\``, span, text: replacement } };
      return { code: "MESH1018", span, message, hint, ...fix };
    }
    case t.OpenString: {
      const fix = { title: "Close the string", span: { start: span.end, end: span.end }, text: '"' };
      return { code: "MESH1016", span, message: "this string is not closed on its line", hint: 'end it with `"`', fix };
    }
    case t.StringToken: {
      const bad = unescape(text).badEscape;
      if (bad === undefined) return undefined;
      const place = { start: span.start + bad.start, end: span.start + bad.end };
      const message = `\`${text.slice(bad.start, bad.end)}\` is not an escape`;
      return {
        code: "MESH1020",
        span: place,
        message,
        hint: 'escapes are `\\"` `\\\\` `\\/` `\\b` `\\f` `\\n` `\\r` `\\t` and `\\u00e9`',
      };
    }
    case t.ForeignString: {
      const fix = { title: "Use double quotes", span, text: JSON.stringify(text.slice(1, -1)) };
      return { code: "MESH1021", span, message: "strings stand in double quotes", hint: `write \`${fix.text}\``, fix };
    }
    case t.ForeignName: {
      const hint = "use the letters A to Z, digits and _";
      return { code: "MESH1029", span, message: `\`${text.slice(0, 40)}\` has letters that a name cannot have`, hint };
    }
    case t.ForeignArrow:
    case t.BluntArrow: {
      const meant = text.startsWith("~") ? "~>" : "->";
      const fix = { title: `Write \`${meant}\``, span, text: meant };
      return {
        code: "MESH1011",
        span,
        message: `\`${text}\` is not an arrow of this language`,
        hint: `write \`${meant}\``,
        fix,
      };
    }
    case t.Semicolon: {
      const fix = { title: "Remove it", span, text: "" };
      return { code: "MESH1012", span, message: "statements need no semicolon", hint: "remove it", fix };
    }
    case t.Unknown: {
      if (text.startsWith("#")) {
        const fix = { title: "Write //", span: { start: span.start, end: span.start + 1 }, text: "//" };
        return {
          code: "MESH1019",
          span: fix.span,
          message: "the character `#` means nothing here",
          hint: "a comment begins with `//`",
          fix,
        };
      }
      const hint = text === "'" ? "strings stand in double quotes" : "remove it";
      return {
        code: "MESH1019",
        span,
        message: `the character \`${JSON.stringify(text).slice(1, -1)}\` means nothing here`,
        hint,
      };
    }
    default:
      return undefined;
  }
}

/** Where brackets nest deeper than the rules may recurse, or -1. */
function tooDeep(tokens: readonly IToken[]): number {
  const open: TokenType[] = [];
  for (let index = 0; index < tokens.length; index++) {
    const { tokenType } = tokens[index]!;
    if (tokenType === t.LBrace || tokenType === t.LParen || tokenType === t.LBracket) open.push(tokenType);
    else if (tokenType === t.Less && tokens[index - 1]?.tokenType === t.MapWord) open.push(tokenType);
    else if (tokenType === t.RBrace || tokenType === t.RParen || tokenType === t.RBracket) open.pop();
    else if (tokenType === t.Greater && open.at(-1) === t.Less) open.pop();
    if (open.length > MAX_DEPTH) return index;
  }
  return -1;
}

/** What is one mistake though it stands several times in a row. */
const rows: readonly TokenType[] = [t.Semicolon, t.BluntArrow, t.ForeignArrow];

/** Gives numbers their value and collects what is wrong; returns what is worth parsing. */
function sift(all: MeshToken[], problems: SyntaxProblem[]): MeshToken[] {
  const values = new Map<string, LiteralValue | undefined>();
  let unknownLine = -1;
  let previous: MeshToken | undefined;
  let hasJunk = false;
  // Over each token of a text it is counted, for what iterates makes an object a turn until it has been optimized.
  for (let index = 0; index < all.length; index += 1) {
    const token = all[index]!;
    const { tokenType } = token;
    if (tokenType === t.Quantity) {
      const { image } = token;
      if (!values.has(image)) values.set(image, literalValue(image));
      token.payload = values.get(image);
    } else if (!mayBeWrong.has(tokenType)) continue;
    const unknown = tokenType === t.Unknown;
    hasJunk ||= unknown || tokenType === t.Semicolon;
    // The unknown characters of one line are one mistake, and so are semicolons or dashes in a row.
    const inRow =
      previous?.tokenType === tokenType && previous.startOffset + previous.image.length === token.startOffset;
    const repeated = unknown ? token.startLine === unknownLine : inRow && rows.includes(tokenType);
    previous = token;
    if (unknown) unknownLine = token.startLine;
    const problem = repeated ? undefined : fault(token);
    if (problem !== undefined && problems.length < MAX_LEXICAL_PROBLEMS) problems.push(problem);
  }
  return hasJunk ? all.filter(({ tokenType }) => tokenType !== t.Unknown && tokenType !== t.Semicolon) : all;
}

/** Makes a token another one: a word its keyword, or a misspelt keyword the one that was meant. */
export function retype(token: IToken, type: TokenType): void {
  token.tokenType = type;
  token.tokenTypeIdx = type.tokenTypeIdx!;
}

export function emptyScan(text: string, problems: SyntaxProblem[]): Scan {
  return {
    text,
    tokens: [],
    all: [],
    comments: [],
    problems,
    faults: [],
    unclosed: new Map(),
    balanced: true,
    truncated: true,
  };
}

/** `4,194,304` */
function grouped(count: number): string {
  return count.toLocaleString("en-US");
}

/** Reads a text up to what the rules need. */
export function scan(text: string): Scan {
  if (text.length > MAX_SOURCE) {
    const message = `this file is too large: ${grouped(text.length)} characters`;
    const hint = `a file may have ${grouped(MAX_SOURCE)}; split it and import the parts`;
    return emptyScan(text, [{ code: "MESH1027", span: { start: 0, end: 0 }, message, hint }]);
  }
  const lexed = lex(text);
  const problems: SyntaxProblem[] = [];
  let tokens = sift(lexed.tokens, problems);
  const comments = lexed.comments.map(toComment);
  let truncated = false;
  const last = comments.at(-1);
  if (last?.kind === "block" && last.span.end === text.length && !isTerminated(last.text)) {
    const span = { start: last.span.start, end: last.span.start + 2 };
    problems.push({ code: "MESH1017", span, message: "this comment is not closed", hint: "end it with `*/`" });
    truncated = true;
  }
  const cut = tooDeep(tokens);
  if (cut >= 0) {
    const message = `brackets are nested more than ${MAX_DEPTH} deep`;
    problems.push({
      code: "MESH1026",
      span: spanOf(tokens[cut]!),
      message,
      hint: "give the inner parts a name: a record for a type, a `let` for a step",
    });
    tokens = tokens.slice(0, cut);
    truncated = true;
  }
  const brackets = bracketFindings(tokens);
  let extraLine = -1;
  for (const extra of brackets.extra) {
    if (extra.startLine === extraLine) continue;
    extraLine = extra.startLine!;
    const span = spanOf(extra);
    const fix = { title: "Remove it", span, text: "" };
    problems.push({
      code: "MESH1006",
      span,
      message: `this \`${extra.image}\` ${extra.image === "}" ? "closes" : "opens"} nothing`,
      hint: "remove it",
      fix,
    });
  }
  if (brackets.extra.size > 0) tokens = tokens.filter((token) => !brackets.extra.has(token));
  problems.sort((a, b) => a.span.start - b.span.start);
  const faults = problems.map((problem) => problem.span.start);
  return {
    text,
    tokens,
    all: lexed.tokens,
    comments,
    problems,
    faults,
    unclosed: brackets.unclosed,
    balanced: brackets.balanced,
    truncated,
  };
}
