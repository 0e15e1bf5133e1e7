/**
 * Every token of the language once, in lexing order.
 *
 * Words are lexed as identifiers and then looked up in `keywords`: they are contextual, so almost all of them carry the
 * category `Name` and may still name a port, field, parameter, `let` or `remote`. A quantity with its unit is one
 * token; whether the unit exists is decided by `literals.ts`, so that a wrong one gives one good message.
 */
import { createToken, Lexer, type CustomPatternMatcherReturn, type ITokenConfig, type TokenType } from "chevrotain";

/** What a token is for an editor: decides its colour and what the formatter may do around it. */
export type TokenClass = "keyword" | "name" | "constant" | "number" | "string" | "operator" | "punctuation" | "comment";

function category(name: string, label: string): TokenType {
  return createToken({ name, label, pattern: Lexer.NA });
}

// ---- categories: what the rules ask for -----------------------------------------------------------------------

export const Name = category("Name", "a name");
export const Literal = category("Literal", "a value");
export const Text = category("Text", "a string in double quotes");
export const Arrow = category("Arrow", '"->" or "~>"');
export const Operator = category("Operator", "a comparison such as >=");
/** `:` and `=`: told apart only after reading, so that mixing them up gets its own message. */
export const Binder = category("Binder", '":" or "="');

// ---- hand-written matchers: linear, and free of a regular expression engine's limits -----------------------------

const QUOTE = 34;
const BACKSLASH = 92;

function isLineEnd(code: number): boolean {
  return code === 10 || code === 13;
}

function match(text: string, start: number, end: number): CustomPatternMatcherReturn {
  return [text.slice(start, end)];
}

/** The end of a string that closes on its own line, or the (negated) end of the line it runs into. */
export function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (isLineEnd(code)) return -at;
    if (code === BACKSLASH && at + 1 < text.length && !isLineEnd(text.charCodeAt(at + 1))) at++;
  }
  return -text.length;
}

function matchString(text: string, start: number): CustomPatternMatcherReturn | null {
  if (text.charCodeAt(start) !== QUOTE) return null;
  const end = stringEnd(text, start);
  return end > 0 ? match(text, start, end) : null;
}

function matchOpenString(text: string, start: number): CustomPatternMatcherReturn | null {
  if (text.charCodeAt(start) !== QUOTE) return null;
  return match(text, start, Math.abs(stringEnd(text, start)));
}

/** Block comments nest, which no regular expression can count. An unterminated one takes the rest of the file. */
export function blockCommentEnd(text: string, start: number): number {
  let depth = 1;
  let at = start + 2;
  while (at < text.length && depth > 0) {
    const code = text.charCodeAt(at);
    const next = text.charCodeAt(at + 1);
    if (code === 42 && next === 47) {
      depth--;
      at += 2;
    } else if (code === 47 && next === 42) {
      depth++;
      at += 2;
    } else {
      at++;
    }
  }
  return Math.min(at, text.length);
}

function matchBlockComment(text: string, start: number): CustomPatternMatcherReturn | null {
  return text.startsWith("/*", start) ? match(text, start, blockCommentEnd(text, start)) : null;
}

// ---- trivia ---------------------------------------------------------------------------------------------------

export const Space = createToken({ name: "Space", pattern: /[ \t\r\n\f\v\uFEFF\u00A0]+/, group: Lexer.SKIPPED });
export const LineComment = createToken({ name: "LineComment", pattern: /\/\/[^\n\r]*/, group: "comments" });
export const BlockComment = createToken({
  name: "BlockComment",
  pattern: { exec: matchBlockComment },
  line_breaks: true,
  start_chars_hint: ["/"],
  group: "comments",
});

// ---- words ----------------------------------------------------------------------------------------------------

export const Identifier = createToken({ name: "Identifier", pattern: /[A-Za-z_][A-Za-z0-9_]*/, categories: [Name] });
/** A name with letters outside ASCII; reported once, then used like any other name. */
export const ForeignName = createToken({
  name: "ForeignName",
  pattern: /(?:[A-Za-z_][A-Za-z0-9_]*)?[\u00AA-\u1FFF\u2C00-\uD7FF][A-Za-z0-9_\u00AA-\u1FFF\u2C00-\uD7FF]*/,
  categories: [Name],
});

function keyword(word: string, options: Partial<ITokenConfig> = {}): TokenType {
  const name = word[0]!.toUpperCase() + word.slice(1);
  return createToken({ name, label: `"${word}"`, pattern: Lexer.NA, categories: [Name], ...options });
}

const reserved: Partial<ITokenConfig> = { categories: [] };
const literal: Partial<ITokenConfig> = { categories: [Literal] };
const literalName: Partial<ITokenConfig> = { categories: [Name, Literal] };

export const Import = keyword("import");
export const From = keyword("from");
export const As = keyword("as");
export const Record = keyword("record");
export const Enum = keyword("enum");
export const Interface = keyword("interface");
export const Node = keyword("node");
export const Pipeline = keyword("pipeline");
export const Policy = keyword("policy");
export const Peer = keyword("peer");
export const Scenario = keyword("scenario");
export const Batch = keyword("batch");
export const In = keyword("in");
export const Out = keyword("out");
export const Requires = keyword("requires");
export const Latency = keyword("latency");
export const Converts = keyword("converts");
export const At = keyword("at");
export const Cost = keyword("cost");
export const Join = keyword("join");
export const Within = keyword("within");
export const Delays = keyword("delays");
export const Idempotent = keyword("idempotent");
export const Let = keyword("let");
export const With = keyword("with");
export const Remote = keyword("remote");
export const Budget = keyword("budget");
export const Else = keyword("else");
export const Service = keyword("service");
export const Where = keyword("where");
export const Prefer = keyword("prefer");
export const Or = keyword("or");
export const Retry = keyword("retry");
export const Times = keyword("times");
export const Backoff = keyword("backoff");
export const Timeout = keyword("timeout");
export const Breaker = keyword("breaker");
export const Failures = keyword("failures");
export const Open = keyword("open");
export const Via = keyword("via");
export const Resume = keyword("resume");
export const Standby = keyword("standby");
export const Auth = keyword("auth");
export const Failback = keyword("failback");
export const After = keyword("after");
export const Runs = keyword("runs");
export const Shared = keyword("shared");
export const Listens = keyword("listens");
export const Registers = keyword("registers");
export const Allows = keyword("allows");
export const Admin = keyword("admin");
export const Provides = keyword("provides");
export const For = keyword("for");
export const Feed = keyword("feed");
export const Expect = keyword("expect");
export const Emits = keyword("emits");
export const Uses = keyword("uses");
export const Gap = keyword("gap");
export const No = keyword("no");
export const Any = keyword("any");
export const First = keyword("first");
export const Route = keyword("route");
export const Flush = keyword("flush");
export const Matches = keyword("matches");
export const Mono = keyword("mono", literalName);
export const Stereo = keyword("stereo", literalName);
export const True = keyword("true", literal);
export const False = keyword("false", literal);
export const MapWord = keyword("map", reserved);

// ---- values ---------------------------------------------------------------------------------------------------

/** A number with an optional unit, in one piece: `20ms`, `-6dB`, `80%`, `1280x720`, `12.4`; `µs` is a wrong one. */
export const Quantity = createToken({
  name: "Quantity",
  label: "a value",
  pattern: /-?[0-9]+(?:\.[0-9]+)*(?:%|[A-Za-z_\u00AA-\u1FFF\u2C00-\uD7FF][A-Za-z0-9_\u00AA-\u1FFF\u2C00-\uD7FF]*)?/,
  categories: [Literal],
});
export const StringToken = createToken({
  name: "String",
  pattern: { exec: matchString },
  line_breaks: false,
  start_chars_hint: ['"'],
  categories: [Text],
});
export const OpenString = createToken({
  name: "OpenString",
  pattern: { exec: matchOpenString },
  line_breaks: false,
  start_chars_hint: ['"'],
  categories: [Text],
});
/** Quotes of other languages; reported, then used as the string that was meant. */
export const ForeignString = createToken({
  name: "ForeignString",
  pattern:
    /'[^'\n\r]*'|`[^`\n\r]*`|[\u201C-\u201E][^\u201C-\u201E\n\r]*[\u201C-\u201E]|[\u2018-\u201A][^\u2018-\u201A\n\r]*[\u2018-\u201A]/,
  categories: [Text],
});

// ---- operators and punctuation: the longer spelling first --------------------------------------------------------

function punctuation(name: string, pattern: string, categories: TokenType[] = []): TokenType {
  return createToken({ name, pattern, label: `"${pattern}"`, categories });
}

export const foreignArrows: readonly string[] = ["-->", "=>", "|>", "~~>", "~->", "\u2192", "\u21D2", "\u21DD"];

/** Arrows of other notations; reported, then used as `->`. */
export const ForeignArrow = createToken({
  name: "ForeignArrow",
  pattern: new RegExp(foreignArrows.map((text) => text.replace("|", "\\|")).join("|")),
  categories: [Arrow],
});
export const Pipe = punctuation("Pipe", "->", [Arrow]);
export const Adapt = punctuation("Adapt", "~>", [Arrow]);
/** What is left of an arrow whose tip was not typed. */
export const BluntArrow = createToken({ name: "BluntArrow", pattern: /[-~]/, categories: [Arrow] });
export const EqualsEquals = punctuation("EqualsEquals", "==", [Operator]);
export const NotEquals = punctuation("NotEquals", "!=", [Operator]);
export const GreaterEquals = punctuation("GreaterEquals", ">=", [Operator]);
export const LessEquals = punctuation("LessEquals", "<=", [Operator]);
export const Greater = punctuation("Greater", ">", [Operator]);
export const Less = punctuation("Less", "<", [Operator]);
export const DotDot = punctuation("DotDot", "..");
export const Dot = punctuation("Dot", ".");
export const Equals = punctuation("Equals", "=", [Binder]);
export const Colon = punctuation("Colon", ":", [Binder]);
export const Comma = punctuation("Comma", ",");
export const Bar = punctuation("Bar", "|");
export const Question = punctuation("Question", "?");
export const LBrace = punctuation("LBrace", "{");
export const RBrace = punctuation("RBrace", "}");
export const LParen = punctuation("LParen", "(");
export const RParen = punctuation("RParen", ")");
export const LBracket = punctuation("LBracket", "[");
export const RBracket = punctuation("RBracket", "]");
export const Semicolon = punctuation("Semicolon", ";");
/** Anything else, so that lexing never fails. Written out, for the lexer cannot index a complement. */
export const Unknown = createToken({ name: "Unknown", pattern: /#[^\n\r]*|[\u0000-/:-@[-^`{-\uFFFF]/ });

const keywordTokens: readonly TokenType[] = [
  ...[Import, From, As, Record, Enum, Interface, Node, Pipeline, Policy, Peer, Scenario, Batch, In, Out, Requires],
  ...[Latency, Converts, At, Cost, Join, Within, Delays, Idempotent, Let, With, Remote, Budget, Else, Service, Where],
  ...[Prefer, Or, Retry, Times, Backoff, Timeout, Breaker, Failures, Open, Via, Resume, Auth, Failback, After, Runs],
  ...[
    Standby,
    Shared,
    Listens,
    Registers,
    Allows,
    Admin,
    Provides,
    For,
    Feed,
    Expect,
    Emits,
    Uses,
    Gap,
    No,
    Any,
    First,
    Route,
  ],
  ...[Flush, Matches, Mono, Stereo, True, False, MapWord],
];

/** A token as a message speaks of it: as it is written, or in words. */
export function spoken(type: TokenType): string {
  return (type.LABEL ?? type.name).replaceAll('"', "`");
}

/** The word of a keyword token, as written in a program. */
export function wordOf(type: TokenType): string {
  return type.LABEL!.slice(1, -1);
}

export const keywords: ReadonlyMap<string, TokenType> = new Map(keywordTokens.map((type) => [wordOf(type), type]));

/** What the lexer finds: where several fit, the first of these. */
export const lexicalTokens: readonly TokenType[] = [
  ...[Space, LineComment, BlockComment, ForeignName, Identifier, ForeignArrow, Pipe, Adapt, Quantity, BluntArrow],
  ...[StringToken, OpenString, ForeignString, EqualsEquals, NotEquals, GreaterEquals, LessEquals, Greater, Less],
  ...[DotDot, Dot, Equals, Colon, Comma, Bar, Question, LBrace, RBrace, LParen, RParen, LBracket, RBracket],
  ...[Semicolon, Unknown],
];

/** The whole vocabulary, for the parser. */
export const allTokens: readonly TokenType[] = [
  ...[Name, Literal, Text, Arrow, Operator, Binder],
  ...keywordTokens,
  ...lexicalTokens,
];

const classes: ReadonlyMap<TokenType, TokenClass> = new Map<TokenType, TokenClass>([
  ...keywordTokens.map((type): [TokenType, TokenClass] => [type, "keyword"]),
  ...[Mono, Stereo, True, False].map((type): [TokenType, TokenClass] => [type, "constant"]),
  ...[Identifier, ForeignName].map((type): [TokenType, TokenClass] => [type, "name"]),
  [Quantity, "number"],
  ...[StringToken, OpenString, ForeignString].map((type): [TokenType, TokenClass] => [type, "string"]),
  ...[ForeignArrow, Pipe, Adapt, BluntArrow, EqualsEquals, NotEquals, GreaterEquals, LessEquals, Greater, Less].map(
    (type): [TokenType, TokenClass] => [type, "operator"],
  ),
  ...[DotDot, Equals, Bar, Question].map((type): [TokenType, TokenClass] => [type, "operator"]),
  ...[LineComment, BlockComment].map((type): [TokenType, TokenClass] => [type, "comment"]),
]);

export function classOf(type: TokenType): TokenClass {
  return classes.get(type) ?? "punctuation";
}
