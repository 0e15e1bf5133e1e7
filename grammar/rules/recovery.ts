/** Blocks, comma lists and brackets, and how each goes on after a mistake. */
import { EOF, type IToken, type TokenType } from "chevrotain";
import { spanOf, retype } from "../scan.ts";
import { suggestKeyword } from "../suggest.ts";
import * as t from "../tokens.ts";
import { BaseRules } from "./base.ts";
import { homeOf, leavesInner, type BlockKind } from "./kinds.ts";
import { declarationStarts, flowAhead, flowStarts, is, isAny, memberStarts } from "./starts.ts";

const openers: readonly TokenType[] = [t.LBrace, t.LParen, t.LBracket];
const closers: readonly TokenType[] = [t.RBrace, t.RParen, t.RBracket];

/** Beyond so many broken members in a row it is the block that is another one than it seems. */
const MOST_IN_ROW = 3;

/** How far ahead a closing bracket is searched: keeps recovery linear on hostile input. */
const MAX_SEARCH = 200;

export interface ListOptions {
  /** Undefined where it is missing. */
  readonly open: IToken | undefined;
  readonly close: TokenType;
  /** Tokens with which an item may begin. */
  readonly starts: readonly TokenType[];
  readonly item: () => void;
}

export abstract class RecoveryRules extends BaseRules {
  // ---- blocks -------------------------------------------------------------------------------------------------

  /**
   * `{ member* }`. `member` must be one SUBRULE. Every member is a statement of its own: what is wrong in one is
   * reported once and the next begins on the next line that can begin one.
   */
  protected block(idx: number, kind: BlockKind, member: () => void): void {
    const open = this.openBlock(idx, kind);
    this.previousBroken = this.broken;
    if (open === false) return;
    const resume = (): void => this.skip(kind);
    const comma = (): IToken => this.consume(idx, t.Comma);
    let inRow = 0;
    const statement = (body: () => void, after: () => void): void => {
      this.excuseNext ||= inRow >= MOST_IN_ROW;
      this.asStatement(body, after);
      inRow = this.previousBroken ? inRow + 1 : 0;
    };
    do {
      this.many(idx, {
        GATE: () => this.continues(kind) && !this.endsUnclosed(open),
        DEF: () => {
          statement(member, resume);
          if (kind.commas === true && this.may(t.Comma)) this.option(idx, comma);
        },
      });
    } while (!this.endsUnclosed(open) && this.junk(kind));
    this.closeBlock(idx, kind, open);
  }

  /** The `{`; undefined where it is missing but members follow; false where there is no block at all. */
  private openBlock(idx: number, kind: BlockKind): IToken | undefined | false {
    if (this.RECORDING_PHASE || this.at(t.LBrace)) return this.consume(idx, t.LBrace);
    this.missing("MESH1001", "`{`", `the body of ${kind.owner} stands in \`{ }\``);
    const ahead = this.braceOnLine();
    if (ahead > 0) {
      for (let skipped = 1; skipped < ahead; skipped++) this.SKIP_TOKEN();
      this.broken = false;
      return this.consume(idx, t.LBrace);
    }
    this.broken = false;
    if (this.at(t.RBrace) && !this.onSameLine()) return undefined;
    if (!this.onSameLine() && kind.begins(this.peek) && !declarationStarts(this.peek)) return undefined;
    this.broken = true;
    return false;
  }

  /** How many tokens ahead on this line a `{` stands, or 0: what is wrong before a body must not cost the body. */
  private braceOnLine(): number {
    for (let k = 1; k <= MAX_SEARCH && this.onSameLine(k); k++) {
      if (this.at(t.RBrace, k)) return 0;
      if (this.at(t.LBrace, k)) return k;
    }
    return 0;
  }

  private closeBlock(idx: number, kind: BlockKind, open: IToken | undefined): void {
    if (this.RECORDING_PHASE) {
      this.consume(idx, t.RBrace);
      return;
    }
    if (this.at(t.RBrace) && !(open !== undefined && this.isUnclosed(open))) {
      this.consume(idx, t.RBrace);
      return;
    }
    if (open === undefined) return;
    // An unfinished line is one mistake: what is missing at its end goes without saying.
    if (this.previousBroken && open.startLine === this.LA(0).startLine) return;
    const related = [{ span: spanOf(open), message: `${kind.owner} begins here` }];
    const message = `expected \`}\` to close ${kind.owner}, found ${this.found()}`;
    this.report("MESH1005", this.place(), message, { hint: "add `}`", related });
    // The next statement of the block around it is intact.
    this.broken = false;
  }

  private continues(kind: BlockKind): boolean {
    if (this.at(t.RBrace) || this.atEnd()) return false;
    return kind.begins(this.peek) && !declarationStarts(this.peek) && !leavesInner(kind, this.peek);
  }

  /** Deals with what begins no member; false where the block ends. */
  private junk(kind: BlockKind): boolean {
    if (this.RECORDING_PHASE || this.at(t.RBrace) || this.atEnd()) return false;
    if (declarationStarts(this.peek) ? !this.isNested() : leavesInner(kind, this.peek)) return false;
    this.asStatement(
      () => this.reportJunk(kind),
      () => {
        this.skip(kind, true);
        if (kind.commas === true && this.at(t.Comma)) this.SKIP_TOKEN();
      },
    );
    return true;
  }

  /** Whether a declaration stands inside another one, rather than behind one whose `}` is missing. */
  private isNested(): boolean {
    return this.isBalanced && (this.LA(1).startColumn ?? 1) > 1;
  }

  /** Reports a token that begins no member; a misspelt keyword is put right and parsed again. */
  protected reportJunk(kind: BlockKind): void {
    const token = this.LA(1);
    const span = spanOf(token);
    const found = this.quoted(token);
    if (is(token, t.Arrow)) {
      const hint = "an arrow continues the step before it: put that step first";
      return this.report("MESH1010", span, `expected a step before ${found}`, { hint });
    }
    if (isAny(token, closers)) {
      const hint = "remove it";
      return this.report("MESH1006", span, `this ${found} closes nothing`, {
        hint,
        fix: { title: "Remove it", span, text: "" },
      });
    }
    if (is(token, t.Comma)) {
      const fix = { title: "Remove it", span, text: "" };
      return this.report("MESH1007", span, "there is one comma too many", { hint: "remove it", fix });
    }
    if (kind.words.includes(t.Import) && token.tokenType === t.From && is(this.LA(2), t.Text)) {
      const hint = `write \`import { Name } from ${this.LA(2).image}\``;
      this.report("MESH1013", span, "an import begins with its names", { hint });
      this.broken = false;
      this.excuseNext = true;
      this.SKIP_TOKEN();
      this.SKIP_TOKEN();
      return;
    }
    const home = homeOf(token.tokenType);
    const followsHead = is(this.LA(0), t.LBrace);
    if (this.previousBroken && (home !== undefined || kind.words.includes(t.Pipeline) || followsHead)) {
      this.broken = true;
      return;
    }
    // An arrow at the end of the line before wanted it.
    if (this.previousBroken && is(this.LA(0), t.Arrow) && is(token, t.Name)) {
      this.broken = true;
      return;
    }
    const isUsedAsWord = !isAny(this.LA(2), [t.Arrow, t.Dot, t.Comma, t.Binder]);
    if (home !== undefined && isUsedAsWord) {
      const hint = `move it there, or remove it`;
      return this.report("MESH1030", span, `${found} belongs ${home}, not in ${kind.owner}`, { hint });
    }
    const isTyped = is(token, t.Name) && isUsedAsWord && (this.onSameLine(2) || isAny(token, [t.Delays]));
    if (kind.words.includes(t.Let) && is(token, t.Name) && is(this.LA(2), t.Name) && is(this.LA(3), t.Equals)) {
      const fix = { title: "Write let", span, text: "let" };
      this.report("MESH1015", span, `${found} is not a keyword here`, { hint: "write `let`", fix });
      retype(token, t.Let);
      this.broken = false;
      this.excuseNext = true;
      return;
    }
    const meant = isTyped ? suggestKeyword(token.image, kind.words.map(t.wordOf)) : undefined;
    if (meant !== undefined) {
      const fix = { title: `Write ${meant}`, span, text: meant };
      this.report(this.unknownCode(kind), span, `${found} is not a keyword here`, {
        hint: `did you mean \`${meant}\`?`,
        fix,
      });
      retype(token, t.keywords.get(meant)!);
      // The statement is whole again, but its own mistakes would only repeat this one.
      this.broken = false;
      this.excuseNext = true;
      return;
    }
    if (is(token, t.Name) && kind.words.includes(t.Let)) {
      const hint = "join it to another step: `mic -> vad`";
      return this.report("MESH1028", span, `expected an arrow after ${found}: a step on its own does nothing`, {
        hint,
      });
    }
    const word = kind.words.includes(t.At) && this.looksLikeTarget() ? this.targetWord() : undefined;
    const instead =
      word === undefined
        ? {}
        : {
            hint: `write \`${word} ${this.targetShown()}\``,
            fix: { title: `Insert ${word}`, span: { start: span.start, end: span.start }, text: `${word} ` },
          };
    this.report(this.unknownCode(kind), span, `expected ${kind.expected}, found ${found}`, instead);
  }

  /** What stands here names a place where a remote may run, without the word for it. */
  private looksLikeTarget(): boolean {
    if (this.at(t.Text) || (this.at(t.Service) && this.at(t.Text, 2))) return true;
    return this.at(t.Name) && (this.at(t.Dot, 2) || this.at(t.LParen, 2));
  }

  /** The first target of a remote begins with another word than those behind it. */
  private targetWord(): "at" | "else" {
    for (let back = 0; ; back--) {
      const token = this.LA(back);
      if (is(token, t.At)) return "else";
      if (is(token, t.LBrace) || token.tokenType === EOF) return "at";
    }
  }

  /** As much of a target as shows what is meant. */
  private targetShown(): string {
    const [first, second, third] = [this.LA(1), this.LA(2), this.LA(3)];
    if (is(first, t.Text)) return first.image;
    if (is(first, t.Service)) return `service ${second.image}`;
    return is(second, t.Dot) ? `${first.image}.${third.image}` : `${first.image}(…)`;
  }

  private unknownCode(kind: BlockKind): "MESH1014" | "MESH1015" {
    return kind.words.includes(t.Pipeline) ? "MESH1014" : "MESH1015";
  }

  /**
   * Skips to where the block can go on: its `}`, or a line that begins a member.
   * @param first whether the next token is skipped whatever it is
   */
  protected skip(kind: BlockKind, first = false): void {
    const depth: TokenType[] = [];
    if (first) {
      if (isAny(this.LA(1), openers) && !this.isUnclosed(this.LA(1))) depth.push(this.LA(1).tokenType);
      this.SKIP_TOKEN();
    }
    for (;;) {
      const token = this.LA(1);
      if (token.tokenType === EOF || declarationStarts(this.peek)) return;
      const inBraces = depth.includes(t.LBrace);
      if (depth.length === 0) {
        if (token.tokenType === t.RBrace && kind.owner !== "the file") return;
        if (this.onSameLine() ? kind.goesOn?.(this.peek) : kind.resumes(this.peek)) return;
        if (kind.commas === true && token.tokenType === t.Comma) return;
      } else if (!inBraces && (memberStarts(this.peek) || token.tokenType === t.RBrace)) {
        return;
      }
      if (isAny(token, openers)) {
        if (!this.isUnclosed(token)) depth.push(token.tokenType);
      } else if (isAny(token, closers)) depth.pop();
      this.SKIP_TOKEN();
    }
  }

  /** One or more items with commas between; `item` gets the suffix to use in the rule. */
  protected series(item: (idx: number) => void): void {
    item(1);
    this.many(1, () => {
      this.consume(1, t.Comma);
      item(2);
    });
  }

  // ---- lists --------------------------------------------------------------------------------------------------

  /** Items separated by commas, up to (not including) the closing bracket; a last comma is allowed. */
  protected list(idx: number, { open, close, starts, item }: ListOptions): void {
    const holdsNoFlow = close === t.Greater || close === t.RParen;
    this.strayCommas();
    this.many(idx, {
      GATE: () => !this.atStatement() && !this.endsUnclosed(open) && !(holdsNoFlow && flowAhead(this.peek)),
      DEF: () => {
        item();
        if (!this.endsUnclosed(open)) this.separator(idx, close, starts);
      },
    });
  }

  private separator(idx: number, close: TokenType, starts: readonly TokenType[]): void {
    if (this.RECORDING_PHASE) {
      this.option(idx, () => this.consume(idx, t.Comma));
      return;
    }
    if (this.at(t.Comma)) {
      this.consume(idx, t.Comma);
      this.strayCommas();
      return;
    }
    if (this.at(close) || this.atStatement() || !isAny(this.LA(1), starts)) return;
    // A name followed by an arrow on a new line is a statement after a list that was not closed.
    if (close !== t.RBracket && flowStarts(this.peek)) return;
    this.reportComma();
  }

  /** Reports that a comma is missing before the next token. */
  protected reportComma(): void {
    const { end } = spanOf(this.LA(0));
    const span = { start: end, end };
    const fix = { title: "Insert a comma", span, text: "," };
    this.report("MESH1007", span, `expected \`,\` before ${this.quoted(this.LA(1))}`, { hint: "add a comma", fix });
  }

  private strayCommas(): void {
    while (!this.RECORDING_PHASE && this.at(t.Comma)) {
      const span = spanOf(this.LA(1));
      const fix = { title: "Remove it", span, text: "" };
      this.report("MESH1007", span, "there is one comma too many", { hint: "remove it", fix });
      this.SKIP_TOKEN();
    }
  }

  /** The closing bracket of `open`; goes on behind it where something unexpected stands before it. */
  protected close(idx: number, type: TokenType, open: IToken | undefined, what: string): void {
    if (this.RECORDING_PHASE || this.at(type)) {
      this.consume(idx, type);
      return;
    }
    if (open === undefined) return;
    const ahead = this.isUnclosed(open) ? 0 : this.findCloser(type, open);
    if (ahead > 0) {
      this.missing("MESH1001", `\`,\` or ${t.spoken(type)} in ${what}`);
      for (let skipped = 1; skipped < ahead; skipped++) this.SKIP_TOKEN();
      this.consume(idx, type);
      return;
    }
    const related = [{ span: spanOf(open), message: "opened here" }];
    const message = `expected ${t.spoken(type)} to close ${what}, found ${this.found()}`;
    this.report("MESH1005", this.place(), message, { hint: `add ${t.spoken(type)}`, related });
  }

  private closesOnLine(type: TokenType, from: number): boolean {
    for (let k = from + 1; k <= MAX_SEARCH && this.onSameLine(k); k++) if (this.at(type, k)) return true;
    return false;
  }

  /** How many tokens ahead the closing bracket of the current list stands, or 0 where the statement ends before it. */
  private findCloser(type: TokenType, open: IToken): number {
    let depth = 0;
    for (let k = 1; k <= MAX_SEARCH; k++) {
      const token = this.LA(k);
      if (token.tokenType === EOF || memberStarts(this.peek, k) || declarationStarts(this.peek, k)) return 0;
      if (open.tokenType !== t.LBracket && flowStarts(this.peek, k)) return 0;
      if (depth === 0 && token.tokenType === type) return k;
      if (isAny(token, openers)) depth++;
      else if (isAny(token, closers) && --depth < 0) {
        // A wrong bracket may stand before the right one, on the same line.
        if (token.tokenType === t.RBrace || !this.closesOnLine(type, k)) return 0;
        depth = 0;
      }
    }
    return 0;
  }
}
