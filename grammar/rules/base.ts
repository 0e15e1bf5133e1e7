/**
 * What all rules share: consuming without ever throwing, one problem for each broken statement, and finding the next
 * statement again.
 *
 * Chevrotain records the rules as the exact grammar. While parsing, a token that is required and missing is reported
 * and left out (`take`), so that a rule always runs to its end and returns the node with the parts that are there.
 * Chevrotain's own recovery is off: it re-synchronises on any token of a follow set, and with contextual words every
 * name is one; here a statement ends at a line that begins another one.
 */
import { EmbeddedActionsParser, EOF, type IToken, type ParserMethod, type TokenType } from "chevrotain";
import { missingName, name as buildName } from "../build.ts";
import type { ProblemCode, SyntaxProblem } from "../problems.ts";
import { emptyScan, spanOf, type Comment, type Scan } from "../scan.ts";
import { units } from "../literals.ts";
import { suggestKeyword } from "../suggest.ts";
import type { NameSyntax, Span } from "../syntax.ts";
import * as t from "../tokens.ts";
import { declarationStarts, flowAhead, is, memberStarts, sameLine, type Peek } from "./starts.ts";

/** Takes the place of any argument while the grammar is recorded. */
const recordingArgument = Object.freeze({ push: () => 0, targets: { push: () => 0 }, clauses: { push: () => 0 } });

type Extras = Partial<Pick<SyntaxProblem, "hint" | "related" | "fix">>;

/** Beyond this, what stands on one line is no longer one mistake. */
const LONGEST_LINE = 1000;

export abstract class BaseRules extends EmbeddedActionsParser {
  private scan: Scan = emptyScan("", []);
  protected problems: SyntaxProblem[] = [];
  /** The current statement has a problem already: whatever follows in it stays silent. */
  protected broken = false;
  /** The statement before had one: what no longer fits after it is its consequence. */
  protected previousBroken = false;
  /** The next statement was put right before it is read: it gets no problem of its own. */
  protected excuseNext = false;
  private excused = false;
  /** Where the last problem stands. */
  private lastProblem = -1;
  private statementStart = 0;
  protected readonly peek: Peek = (k) => this.LA(k);

  constructor(options: { readonly validate: boolean }) {
    super([...t.allTokens], { recoveryEnabled: false, maxLookahead: 1, skipValidations: !options.validate });
  }

  /**
   * `RULE`, with the type of the node taken from where the rule is declared. While the grammar is recorded Chevrotain
   * calls the body without arguments; lists to fill are then stood in for.
   */
  protected define<A extends unknown[], R>(name: string, body: (...args: A) => R): ParserMethod<A, R> {
    const rule = this.RULE(name, body) as ParserMethod<A, R> & { originalGrammarAction: () => R };
    const standIns = Array.from({ length: body.length }, () => recordingArgument) as unknown as A;
    rule.originalGrammarAction = () => body(...standIns);
    return rule;
  }

  /** Takes the input of one parse; `release` lets go of it. */
  protected load(scan: Scan): void {
    this.scan = scan;
    this.problems = [];
    this.broken = false;
    this.previousBroken = false;
    this.excuseNext = false;
    this.excused = false;
    this.lastProblem = -1;
    this.statementStart = 0;
    this.input = scan.tokens;
  }

  protected release(): void {
    this.load(emptyScan("", []));
  }

  // ---- where we are -------------------------------------------------------------------------------------------

  /** Whether the next token is of this type or category. Never true while the grammar is recorded. */
  protected at(type: TokenType, k = 1): boolean {
    return is(this.LA(k), type);
  }

  /**
   * Whether an optional part may follow: always while the grammar is recorded, then only at its first token. Asked
   * before `OPTION`, for most parts are absent and asking is cheaper than setting one up.
   */
  protected may(type: TokenType): boolean {
    return this.RECORDING_PHASE || this.at(type);
  }

  protected atEnd(): boolean {
    return this.LA(1).tokenType === EOF;
  }

  protected onSameLine(k = 1): boolean {
    return sameLine(this.peek, k);
  }

  /** Whether another statement begins here, on a line of its own. */
  protected atStatement(): boolean {
    return memberStarts(this.peek) || declarationStarts(this.peek);
  }

  private get previousEnd(): number {
    const { startOffset, image } = this.LA(0);
    return Number.isNaN(startOffset) ? 0 : startOffset + image.length;
  }

  /** Where something that is missing should stand. */
  protected here(): number {
    const { startOffset } = this.LA(1);
    if (Number.isNaN(startOffset)) return this.atEnd() ? this.previousEnd : 0;
    return this.onSameLine() ? startOffset : this.previousEnd;
  }

  /** The start of the node that begins with the next token. */
  protected mark(): number {
    const { startOffset } = this.LA(1);
    return Number.isNaN(startOffset) ? this.previousEnd : startOffset;
  }

  /** From a mark to the last token consumed. */
  protected since(start: number): Span {
    const end = this.previousEnd;
    return end > start ? { start, end } : { start: Math.min(start, end), end: Math.min(start, end) };
  }

  // ---- problems -----------------------------------------------------------------------------------------------

  /** Reports a problem unless its statement has one already. */
  protected report(code: ProblemCode, span: Span, message: string, extras: Extras = {}): void {
    if (this.broken || this.RECORDING_PHASE) return;
    this.broken = true;
    if (this.excused) return;
    if (this.scan.truncated && this.atEnd()) return;
    const { faults } = this.scan;
    const end = Math.max(span.end, this.onSameLine() ? this.mark() : 0);
    if (faults.some((offset) => offset >= this.statementStart && offset <= end)) return;
    // What is wrong on a line has been said; what follows there is its consequence.
    const next = faults.find((offset) => offset >= span.start);
    const before = faults.findLast((offset) => offset < span.start);
    const isTold = [this.lastProblem, next, before].some((offset) => this.isOnLineOf(offset, span.start));
    this.lastProblem = span.start;
    if (isTold) return;
    this.problems.push({ code, span, message, ...extras, ...this.apartUnit() });
  }

  private isOnLineOf(earlier: number | undefined, offset: number): boolean {
    if (earlier === undefined || earlier < 0 || Math.abs(offset - earlier) > LONGEST_LINE) return false;
    return !/[\r\n]/.test(this.scan.text.slice(Math.min(earlier, offset), Math.max(earlier, offset)));
  }

  /** `20 ms`: what is wrong with a unit that does not stand right behind its number. */
  private apartUnit(): Partial<SyntaxProblem> {
    const [number, unit] = [this.LA(0), this.LA(1)];
    if (!is(number, t.Quantity) || !/[0-9]$/.test(number.image)) return {};
    if (!this.onSameLine() || !units.has(unit.image)) return {};
    const span = { start: number.startOffset, end: spanOf(unit).end };
    const text = number.image + unit.image;
    const fix = { title: `Write ${text}`, span, text };
    return { code: "MESH1018", span, message: "a unit stands right behind its number", hint: `write \`${text}\``, fix };
  }

  /** The next token in words. */
  protected found(): string {
    const token = this.LA(1);
    if (token.tokenType === EOF) return "the end of the file";
    if (!this.onSameLine() && !Number.isNaN(this.LA(0).startOffset)) return "the end of the line";
    return this.quoted(token);
  }

  protected quoted(token: IToken): string {
    const { image } = token;
    if (is(token, t.Text)) return image.length > 30 ? "a string" : `the string ${image}`;
    return `\`${image.length > 30 ? `${image.slice(0, 30)}…` : image}\``;
  }

  /** The place of a problem with the next token: the token, or the point where the line ends before it. */
  protected place(): Span {
    const token = this.LA(1);
    if (token.tokenType !== EOF && (this.onSameLine() || Number.isNaN(this.LA(0).startOffset))) return spanOf(token);
    return { start: this.previousEnd, end: this.previousEnd };
  }

  /** Reports that something is missing before the next token. */
  protected missing(code: ProblemCode, expected: string, hint?: string): void {
    const message = `expected ${expected}, found ${this.found()}`;
    this.report(code, this.place(), message, hint === undefined ? {} : { hint });
  }

  // ---- consuming ----------------------------------------------------------------------------------------------

  /** Consumes a required token, or reports that it is missing and goes on without it. */
  protected take(idx: number, type: TokenType, code: ProblemCode = "MESH1001", what?: string): IToken | undefined {
    if (this.RECORDING_PHASE || this.at(type)) return this.consume(idx, type);
    const expected = what ?? t.spoken(type);
    const token = this.LA(1);
    const isWord = t.keywords.get(t.wordOf(type)) === type;
    if (isWord && token.tokenType === t.Identifier && suggestKeyword(token.image, [t.wordOf(type)]) !== undefined) {
      const fix = { title: `Write ${t.wordOf(type)}`, span: spanOf(token), text: t.wordOf(type) };
      this.report("MESH1001", spanOf(token), `expected ${expected}, found ${this.quoted(token)}`, { fix });
      return (this.SKIP_TOKEN(), token);
    }
    this.missing(code, expected);
    return undefined;
  }

  /**
   * A required name; `what` says of what, as in `a name for the pipeline`. A flow on the next line is none, unless the
   * name begins a path itself, as in a budget.
   */
  protected takeName(idx: number, what: string, mayBeginPath = false): NameSyntax {
    if (this.RECORDING_PHASE) return buildName(this.consume(idx, t.Name));
    const isNext = this.atStatement() || (!mayBeginPath && flowAhead(this.peek));
    if (this.at(t.Name) && !isNext) return buildName(this.consume(idx, t.Name));
    const token = this.LA(1);
    if (this.onSameLine() && (token.tokenType === t.MapWord || is(token, t.Literal)) && /^[a-z]/.test(token.image)) {
      const hint = "choose another name; `true`, `false` and `map` are reserved";
      this.report("MESH1022", spanOf(token), `\`${token.image}\` is a reserved word and cannot be ${what}`, { hint });
      this.SKIP_TOKEN();
      return buildName(token);
    }
    const at = this.here();
    this.missing("MESH1002", what);
    return missingName(at);
  }

  /** `:` where a type or value follows; `=` in its place is a slip that costs nothing. */
  protected takeBinder(idx: number, wanted: TokenType, example: string): boolean {
    if (this.RECORDING_PHASE) return this.consume(idx, wanted) !== undefined;
    if (this.at(wanted)) return this.consume(idx, wanted) !== undefined;
    if (!this.at(t.Binder)) {
      this.missing("MESH1008", t.spoken(wanted), `write \`${example}\``);
      return false;
    }
    const span = spanOf(this.LA(1));
    const text = wanted === t.Colon ? ":" : "=";
    const fix = { title: `Write ${text}`, span, text };
    this.report("MESH1008", span, `expected \`${text}\`, found ${this.found()}`, { hint: `write \`${example}\``, fix });
    this.SKIP_TOKEN();
    return true;
  }

  // ---- documentation ------------------------------------------------------------------------------------------

  /** The `///` lines that stand directly before the next token, on lines of their own. */
  protected documentation(): string | undefined {
    const { comments } = this.scan;
    if (comments.length === 0 || this.RECORDING_PHASE) return undefined;
    const next = this.LA(1).startOffset;
    let low = 0;
    let high = comments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (comments[middle]!.span.start < next) low = middle + 1;
      else high = middle;
    }
    const floor = this.previousEnd;
    const lines: string[] = [];
    for (let index = low - 1; index >= 0; index--) {
      const comment = comments[index]!;
      if (comment.kind !== "documentation" || comment.span.start < floor || this.trails(comment, floor)) break;
      lines.unshift(comment.text.slice(3).replace(/^ /, "").trimEnd());
    }
    return lines.length === 0 ? undefined : lines.join("\n");
  }

  private trails(comment: Comment, floor: number): boolean {
    return floor > 0 && !/[\r\n]/.test(this.scan.text.slice(floor, comment.span.start));
  }

  /** Whether every brace of the text has its other half. */
  protected get isBalanced(): boolean {
    return this.scan.balanced;
  }

  protected isUnclosed(open: IToken | undefined): boolean {
    return open !== undefined && this.scan.unclosed.has(open.startOffset);
  }

  /** Whether what an unclosed bracket holds ends here: at a line that is not deeper than the one that opened it. */
  protected endsUnclosed(open: IToken | undefined): boolean {
    const indent = open && this.scan.unclosed.get(open.startOffset);
    return indent !== undefined && !this.onSameLine() && (this.LA(1).startColumn ?? 0) <= indent;
  }

  /** Runs the body as one statement: it may report one problem. */
  protected asStatement(body: () => void, resume: () => void): void {
    const outer = this.statementStart;
    this.statementStart = this.mark();
    this.broken = false;
    this.excused = this.excuseNext;
    this.excuseNext = false;
    body();
    this.excused = false;
    if (this.broken) resume();
    this.previousBroken = this.broken;
    this.broken = false;
    this.statementStart = outer;
  }
}
