/**
 * From text to tokens, by hand: the patterns of `tokens.ts` are what it finds, in one pass and several times as fast as
 * trying them one by one. (A test holds the two against each other.)
 */
import type { IToken, TokenType } from "chevrotain";
import type { LiteralValue } from "./literals.ts";
import * as t from "./tokens.ts";

/** A token with all the properties that one ever has, for objects of one shape are read faster. */
export interface MeshToken extends IToken {
  startLine: number;
  startColumn: number;
  /** What a number is worth; undefined for other tokens, and for a number that is wrong. */
  payload: LiteralValue | undefined;
}

export interface Lexed {
  /** Comments aside. */
  readonly tokens: MeshToken[];
  readonly comments: MeshToken[];
}

type Kind = number;
const OTHER = 0;
const SPACE = 1;
const LINE_END = 2;
/** The kinds from here on make words. */
const LETTER = 3;
const DIGIT = 4;

const ASCII = 128;
const kinds = Uint8Array.from({ length: ASCII }, (_, code) => {
  if (code === 10 || code === 13) return LINE_END;
  const char = String.fromCharCode(code);
  if (/\s/.test(char)) return SPACE;
  if (/[A-Za-z_]/.test(char)) return LETTER;
  return /[0-9]/.test(char) ? DIGIT : OTHER;
});

function kindOf(code: number): Kind {
  if (code < ASCII) return kinds[code]!;
  return code === 0xa0 || code === 0xfeff ? SPACE : OTHER;
}

/** Letters and digits of a name in ASCII. */
function isWord(code: number): boolean {
  return code < ASCII && kinds[code]! >= LETTER;
}

/** Letters of other alphabets: nothing that is punctuation, an arrow or an emoji. */
function isForeign(code: number): boolean {
  return (code >= 0xaa && code <= 0x1fff) || (code >= 0x2c00 && code <= 0xd7ff);
}

/** Punctuation that is one character, whatever follows it, and longer punctuation by its first character. */
interface Punctuation {
  /** Longest first. */
  readonly texts: readonly string[];
  readonly types: readonly TokenType[];
}

const literalTexts: readonly TokenType[] = [
  ...[t.Pipe, t.Adapt, t.EqualsEquals, t.NotEquals, t.GreaterEquals, t.LessEquals, t.Greater, t.Less, t.DotDot, t.Dot],
  ...[t.Equals, t.Colon, t.Comma, t.Bar, t.Question, t.LBrace, t.RBrace, t.LParen, t.RParen, t.LBracket, t.RBracket],
  t.Semicolon,
];

const punctuation: readonly (Punctuation | undefined)[] = byFirstCharacter([
  ...literalTexts.map((type) => [String(type.PATTERN), type] as const),
  ...t.foreignArrows.map((text) => [text, t.ForeignArrow] as const),
  ...["-", "~"].map((text) => [text, t.BluntArrow] as const),
]);

/** The longer ones first. */
function byFirstCharacter(all: readonly (readonly [string, TokenType])[]): readonly (Punctuation | undefined)[] {
  const found = Array.from<{ texts: string[]; types: TokenType[] } | undefined>({ length: ASCII });
  for (const [text, type] of all.toSorted(([a], [b]) => b.length - a.length)) {
    const own = (found[text.charCodeAt(0)] ??= { texts: [], types: [] });
    own.texts.push(text);
    own.types.push(type);
  }
  return found;
}

/** What text programs make of quotes. */
const curlyQuotes = ["“”„", "‘’‚"];

class Run {
  readonly tokens: MeshToken[] = [];
  readonly comments: MeshToken[] = [];
  private readonly text: string;
  private at = 0;
  private line = 1;
  private lineStart = 0;

  constructor(text: string) {
    this.text = text;
  }

  all(): Lexed {
    const { text } = this;
    while (this.at < text.length) {
      const code = text.charCodeAt(this.at);
      const kind = kindOf(code);
      if (kind === SPACE) this.at++;
      else if (kind === LINE_END) this.lineEnd(code);
      else if (kind === LETTER) this.word();
      else if (kind === DIGIT) this.number();
      else this.other(code);
    }
    return this;
  }

  private make(type: TokenType, image: string): MeshToken {
    const { at, line } = this;
    this.at = at + image.length;
    return {
      image,
      startOffset: at,
      startLine: line,
      startColumn: at - this.lineStart + 1,
      tokenTypeIdx: type.tokenTypeIdx!,
      tokenType: type,
      payload: undefined,
    };
  }

  private add(type: TokenType, end: number): void {
    this.tokens.push(this.make(type, this.text.slice(this.at, end)));
  }

  private lineEnd(code: number): void {
    this.at += code === 13 && this.text.charCodeAt(this.at + 1) === 10 ? 2 : 1;
    this.line++;
    this.lineStart = this.at;
  }

  private wordEnd(from: number): number {
    let end = from;
    while (isWord(this.text.charCodeAt(end))) end++;
    return end;
  }

  private word(): void {
    const end = this.wordEnd(this.at + 1);
    if (isForeign(this.text.charCodeAt(end))) return this.add(t.ForeignName, this.foreignWordEnd(end));
    const image = this.text.slice(this.at, end);
    this.tokens.push(this.make(t.keywords.get(image) ?? t.Identifier, image));
  }

  private foreignWordEnd(from: number): number {
    let end = from;
    for (let code = this.text.charCodeAt(end); isForeign(code) || isWord(code); code = this.text.charCodeAt(end)) end++;
    return end;
  }

  /** From its sign or first digit on. */
  private number(): void {
    const { text } = this;
    const first = this.at;
    let end = this.digits(text.charCodeAt(first) === 45 ? first + 1 : first);
    while (text.charCodeAt(end) === 46 && kindOf(text.charCodeAt(end + 1)) === DIGIT) end = this.digits(end + 1);
    if (text.charCodeAt(end) === 37) end++;
    else end = this.foreignWordEnd(end);
    this.add(t.Quantity, end);
  }

  private digits(from: number): number {
    let end = from;
    while (kindOf(this.text.charCodeAt(end)) === DIGIT) end++;
    return end;
  }

  private other(code: number): void {
    const { text, at } = this;
    if (code === 47 && this.comment()) return;
    if (code === 34) {
      const end = t.stringEnd(text, at);
      return this.add(end > 0 ? t.StringToken : t.OpenString, Math.abs(end));
    }
    if (code === 45 && kindOf(text.charCodeAt(at + 1)) === DIGIT) return this.number();
    if (code === 39 || code === 96) {
      const end = this.closingQuote(code);
      return this.add(end < 0 ? t.Unknown : t.ForeignString, end < 0 ? at + 1 : end);
    }
    if (code === 35) return this.add(t.Unknown, this.restOfLine());
    if (code >= ASCII) {
      const curly = curlyQuotes.find((pair) => pair.includes(text[at]!));
      const end = curly === undefined ? -1 : this.closingQuote(...[...curly].map((one) => one.charCodeAt(0)));
      if (end > 0) return this.add(t.ForeignString, end);
      if (isForeign(code)) return this.add(t.ForeignName, this.foreignWordEnd(at));
      return this.add(t.foreignArrows.includes(text[at]!) ? t.ForeignArrow : t.Unknown, at + 1);
    }
    const known = punctuation[code];
    if (known === undefined) return this.add(t.Unknown, at + 1);
    const { texts, types } = known;
    for (let index = 0; index < texts.length; index++) {
      const found = texts[index]!;
      if (found.length > 1 && !text.startsWith(found, at)) continue;
      this.tokens.push(this.make(types[index]!, found));
      return;
    }
    this.add(t.Unknown, at + 1);
  }

  private comment(): boolean {
    const { text, at } = this;
    const next = text.charCodeAt(at + 1);
    if (next === 47) {
      let end = at + 2;
      while (end < text.length && kindOf(text.charCodeAt(end)) !== LINE_END) end++;
      this.comments.push(this.make(t.LineComment, text.slice(at, end)));
      return true;
    }
    if (next !== 42) return false;
    const end = t.blockCommentEnd(text, at);
    this.comments.push(this.make(t.BlockComment, text.slice(at, end)));
    for (let index = at; index < end; index++) {
      const code = text.charCodeAt(index);
      if (kindOf(code) !== LINE_END) continue;
      if (code === 13 && text.charCodeAt(index + 1) === 10 && index + 1 < end) index++;
      this.line++;
      this.lineStart = index + 1;
    }
    return true;
  }

  private restOfLine(): number {
    let end = this.at;
    while (end < this.text.length && kindOf(this.text.charCodeAt(end)) !== LINE_END) end++;
    return end;
  }

  /** Behind the quote that closes a string of another language on its line, or -1. */
  private closingQuote(...quotes: number[]): number {
    const { text } = this;
    for (let end = this.at + 1; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (quotes.includes(code)) return end + 1;
      if (kindOf(code) === LINE_END) return -1;
    }
    return -1;
  }
}

/** All tokens of a text. Never fails: what is no token is `Unknown`, one character at a time. */
export function lex(text: string): Lexed {
  return new Run(text).all();
}
