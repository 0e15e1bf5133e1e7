/**
 * Where brackets do not balance, nesting and indentation tell which one is to blame. Balanced files are never looked at,
 * so layout carries no meaning in a correct program.
 */
import type { IToken, TokenType } from "chevrotain";
import * as t from "./tokens.ts";

export interface BracketFindings {
  /** Brackets whose end is missing: their offsets, with the column in which their line begins. */
  readonly unclosed: ReadonlyMap<number, number>;
  /** `}` that close nothing, and `{` right behind another one. */
  readonly extra: ReadonlySet<IToken>;
  /** As many `{` as `}`. */
  readonly balanced: boolean;
}

interface OpenBracket {
  readonly type: TokenType;
  readonly offset: number;
  readonly line: number;
  /** Column of the first token of its line. */
  readonly indent: number;
}

interface Counts {
  braces: number;
  others: number;
}

function balance(tokens: readonly IToken[]): Counts {
  const counts = { braces: 0, parentheses: 0, brackets: 0 };
  for (let index = 0; index < tokens.length; index += 1) {
    const { tokenType } = tokens[index]!;
    if (tokenType === t.LBrace) counts.braces++;
    else if (tokenType === t.RBrace) counts.braces--;
    else if (tokenType === t.LParen) counts.parentheses++;
    else if (tokenType === t.RParen) counts.parentheses--;
    else if (tokenType === t.LBracket) counts.brackets++;
    else if (tokenType === t.RBracket) counts.brackets--;
  }
  return { braces: counts.braces, others: Math.abs(counts.parentheses) + Math.abs(counts.brackets) };
}

/** Whether a statement goes on behind a `}` as it never does behind the end of a block. */
function goesOnBehind(brace: IToken, next: IToken | undefined): boolean {
  if (next === undefined || next.startLine !== brace.startLine) return false;
  return ![t.RBrace, t.RParen, t.RBracket, t.Pipe, t.Adapt, t.With, t.From, t.Comma].includes(next.tokenType);
}

/** `remote stt: Transcriber` without its `{`, whose members follow on deeper lines. */
interface Headless {
  readonly indent: number;
}

class Finder {
  readonly unclosed = new Map<number, number>();
  readonly extra = new Set<IToken>();
  readonly balanced: boolean;
  /** How many `{` are too many (above 0) or too few (below 0) in what is not explained yet. */
  private braces: number;
  private readonly stack: OpenBracket[] = [];
  private line = 0;
  private indent = 0;
  private startsLine = false;
  private headless: Headless | undefined;

  constructor(braces: number) {
    this.braces = braces;
    this.balanced = braces === 0;
  }

  run(tokens: readonly IToken[]): void {
    for (let index = 0; index < tokens.length; index += 1) {
      const token = tokens[index]!;
      this.startsLine = token.startLine !== this.line;
      if (this.startsLine) {
        this.line = token.startLine!;
        this.indent = token.startColumn!;
        if (token.tokenType === t.Remote) this.headless = { indent: this.indent };
        else if (token.tokenType !== t.RBrace && this.headless !== undefined && this.indent <= this.headless.indent) {
          this.headless = undefined;
        }
      }
      this.take(token, tokens[index - 1], tokens[index + 1]);
    }
    for (const open of this.stack) if (open.type !== t.LBrace) this.blame(open);
  }

  private take(token: IToken, previous: IToken | undefined, next: IToken | undefined): void {
    const { tokenType } = token;
    if (tokenType === t.LBrace || tokenType === t.LParen || tokenType === t.LBracket) {
      const isDouble = tokenType === t.LBrace && previous?.tokenType === t.LBrace && this.braces > 0;
      if (isDouble) {
        this.extra.add(token);
        this.braces--;
        return;
      }
      if (tokenType === t.LBrace) this.headless = undefined;
      this.stack.push({ type: tokenType, offset: token.startOffset, line: this.line, indent: this.indent });
    } else if (tokenType === t.RParen) this.close(t.LParen);
    else if (tokenType === t.RBracket) this.close(t.LBracket);
    else if (tokenType === t.RBrace) this.closeBrace(token, next);
  }

  private blame({ offset, indent }: OpenBracket): void {
    this.unclosed.set(offset, indent);
  }

  /** Closes the innermost bracket of a type within the same braces; those opened after it have no end. */
  private close(type: TokenType): void {
    const from = this.stack.findLastIndex((open) => open.type === type || open.type === t.LBrace);
    if (from < 0 || this.stack[from]!.type !== type) return;
    for (const open of this.stack.splice(from).slice(1)) this.blame(open);
  }

  private closeBrace(token: IToken, next: IToken | undefined): void {
    while (this.stack.length > 0 && this.stack.at(-1)!.type !== t.LBrace) this.blame(this.stack.pop()!);
    const top = this.stack.at(-1);
    if (this.braces < 0 && top?.line !== this.line && goesOnBehind(token, next)) {
      this.extra.add(token);
      this.braces++;
      return;
    }
    if (this.startsLine && this.braces > 0) {
      // It stands under an outer line: what was opened further inside has no end.
      while (this.stack.length > 1 && this.stack.at(-1)!.indent > this.indent && this.braces > 0) {
        const open = this.stack.pop()!;
        this.blame(open);
        if (open.type === t.LBrace) this.braces--;
      }
    } else if (this.startsLine && this.braces < 0 && this.stack.length === 1 && this.indent > this.stack[0]!.indent) {
      // It may be the end of a block whose `{` is missing.
      const { headless } = this;
      this.headless = undefined;
      if (headless?.indent !== this.indent) this.extra.add(token);
      this.braces++;
      return;
    }
    this.stack.pop();
  }
}

export function bracketFindings(tokens: readonly IToken[]): BracketFindings {
  const { braces, others } = balance(tokens);
  const finder = new Finder(braces);
  if (braces !== 0 || others > 0) finder.run(tokens);
  return finder;
}
