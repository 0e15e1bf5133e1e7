/**
 * From tokens to a document. The tree says where statements begin and what a bracket holds; the text comes from the
 * tokens alone, in their order, so that nothing can be lost or invented but commas and space.
 */
import type { Comment, Token } from "../scan.ts";
import type { AnySyntaxNode, FileSyntax } from "../syntax.ts";
import { children } from "../walk.ts";
import { attach, blankBefore, type Attached } from "./comments.ts";
import { blankline, choice, concat, group, hardline, indent, softline, space, suffix, type Doc } from "./doc.ts";
import { marksOf, type Marks } from "./marks.ts";

const closing: ReadonlyMap<string, string> = new Map([
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
  ["<", ">"],
]);

const noSpaceBefore: ReadonlySet<string> = new Set([",", ")", "]", ".", "?", ":", "("]);

export interface Source {
  readonly text: string;
  readonly file: FileSyntax;
  readonly tokens: readonly Token[];
  readonly comments: readonly Comment[];
}

interface SequenceOptions {
  /** Whether arrows are places to break; they are not in `budget 400ms a -> b`. */
  readonly chain: boolean;
  /** Inside of a bracket that holds no list. */
  readonly single?: boolean;
}

export class Writer {
  private readonly source: Source;
  private readonly tokens: readonly Token[];
  private readonly attached: ReadonlyMap<number, Attached>;
  private readonly marks: Marks;
  private next = 0;
  /** A comment stood where none can stay: another pass may move what follows it. */
  moved = false;

  constructor(source: Source) {
    this.source = source;
    this.tokens = source.tokens;
    this.attached = attach(source.text, source.tokens, source.comments);
    this.marks = marksOf(source.file);
  }

  // ---- files and blocks ---------------------------------------------------------------------------------------

  file(): Doc {
    const { imports, declarations } = this.source.file;
    const items = [...imports, ...declarations].sort((a, b) => a.span.start - b.span.start);
    const parts: Doc[] = [];
    for (const [index, item] of items.entries()) {
      const bothImports = item.kind === "Import" && items[index - 1]?.kind === "Import";
      if (index > 0) parts.push(bothImports && !this.blankBeforeNext() ? hardline : blankline);
      parts.push(this.member(item));
    }
    const end = this.attached.get(this.tokens.length)?.own ?? [];
    for (const [index, comment] of end.entries()) {
      if (parts.length > 0 || index > 0) parts.push(this.isBlankBefore(comment) ? blankline : hardline);
      parts.push(this.commentText(comment));
    }
    return concat(parts);
  }

  private member(node: AnySyntaxNode): Doc {
    switch (node.kind) {
      case "Record":
      case "Enum":
        return this.withBody(node.kind === "Record" ? node.fields : node.values, true);
      case "Interface":
      case "Node":
      case "Pipeline":
      case "Peer":
        return this.withBody(node.members, false);
      case "Policy":
        return this.withBody(node.clauses, false);
      case "Scenario":
        return this.withBody(node.steps, false);
      case "Remote":
        return this.withBody([...node.targets, ...node.clauses], false);
      default: {
        const chain = node.kind === "Flow";
        return this.sequence((token) => token.span.start >= node.span.end, { chain }, true);
      }
    }
  }

  /** What stands before the `{`, and the body with its members one on each line. */
  private withBody(members: readonly AnySyntaxNode[], mayBeFlat: boolean): Doc {
    const sorted = members.toSorted((a, b) => a.span.start - b.span.start);
    const head = this.sequence((token) => token.text === "{", { chain: false }, true);
    const brace = this.tokens[this.next]!;
    const flat = mayBeFlat && !this.startsLine(this.next + 1);
    const open = this.token(false);
    if (sorted.length === 0) {
      const left = this.ownBefore();
      const body = left.length === 0 ? [] : [indent(concat(left.flatMap((part) => [hardline, part]))), hardline];
      return concat([head, this.between(brace.text, "{"), open, ...body, this.token(true)]);
    }
    const items: Doc[] = [];
    for (const [index, member] of sorted.entries()) {
      const blank = index > 0 && this.blankBeforeNext();
      items.push(flat ? space : blank ? blankline : hardline);
      items.push(this.member(member));
      if (this.tokens[this.next]?.text === ",") {
        items.push(this.comma(flat && index < sorted.length - 1 ? choice("", ",") : ""));
      } else if (flat && index < sorted.length - 1) {
        items.push(choice("", ","));
      }
    }
    for (const part of this.ownBefore()) items.push(hardline, part);
    const body = concat([open, indent(concat(items)), flat ? space : hardline, this.token(true)]);
    return group(concat([head, " ", body]));
  }

  // ---- sequences and brackets ---------------------------------------------------------------------------------

  /**
   * Tokens up to one that stops it, or the end. A comma is a place to break, all of them together; so is an arrow of a
   * chain. `fresh` says that a line or a bracket has just begun.
   */
  private sequence(stop: (token: Token) => boolean, options: SequenceOptions, fresh: boolean): Doc {
    const first: Doc[] = [];
    const rest: Doc[] = [];
    let parts = first;
    let before: Token | undefined;
    for (let token = this.tokens[this.next]; token !== undefined && !stop(token); token = this.tokens[this.next]) {
      const isArrow = options.chain && (token.text === "->" || token.text === "~>");
      const isFresh = before === undefined ? fresh : isArrow || before.text === ",";
      if (isArrow && before !== undefined) {
        parts = rest;
        parts.push(space);
      } else if (before !== undefined) {
        parts.push(before.text === "," && options.single !== true ? space : this.between(before.text, token.text));
      }
      before = this.isOpening() ? this.bracket(parts, options) : this.plain(parts, isFresh);
      if (before.text === ",") parts = rest;
    }
    const all = rest.length === 0 ? first : [...first, indent(concat(rest))];
    return group(concat(all));
  }

  private plain(parts: Doc[], fresh: boolean): Token {
    const token = this.tokens[this.next]!;
    parts.push(this.token(fresh));
    return token;
  }

  private isOpening(): boolean {
    const token = this.tokens[this.next]!;
    if (token.text !== "<") return closing.has(token.text);
    return !this.marks.compared.has(this.tokens[this.next - 1]?.span.end ?? -1);
  }

  /** A bracket with what it holds; returns its last token. */
  private bracket(parts: Doc[], around: SequenceOptions): Token {
    const open = this.tokens[this.next]!;
    const close = closing.get(open.text)!;
    const before = this.tokens[this.next - 1];
    const single =
      around.single === true || this.marks.single.has(open.text === "[" ? open.span.start : (before?.span.start ?? -1));
    const isBrace = open.text === "{";
    const keepsLines =
      isBrace && before?.text !== "with" && before?.text !== "import" && this.startsLine(this.next + 1);
    const opened = this.token(false);
    const items: Doc[] = [];
    const stop = (token: Token): boolean => token.text === "," || token.text === close;
    while (this.tokens[this.next] !== undefined && this.tokens[this.next]!.text !== close) {
      if (items.length > 0) items.push(keepsLines && this.blankBeforeNext() ? blankline : space);
      items.push(this.sequence(stop, { chain: true, single }, true));
      const isLast = this.tokens[this.next]?.text === close || this.tokens[this.next + 1]?.text === close;
      if (this.tokens[this.next]?.text === ",") items.push(this.comma(isLast ? "" : ","));
    }
    const left = this.ownBefore();
    const last = this.tokens[this.next]!;
    const closed = this.token(true);
    if (items.length === 0 && left.length === 0) {
      parts.push(opened, closed);
    } else if (single) {
      parts.push(opened, ...items, ...left, closed);
    } else {
      const edge = keepsLines ? hardline : isBrace ? space : softline;
      const inside = concat([
        edge,
        ...items,
        choice(items.length > 0 ? "," : "", ""),
        ...left.flatMap((part) => [hardline, part]),
      ]);
      parts.push(group(concat([opened, indent(inside), edge, closed])));
    }
    return last;
  }

  // ---- tokens and their comments ------------------------------------------------------------------------------

  /** The next token with its comments. `fresh` says that comments on lines of their own may stay before it. */
  private token(fresh: boolean): Doc {
    const index = this.next++;
    const { text, span } = this.tokens[index]!;
    const comments = this.attached.get(index);
    const padding = this.marks.padded.get(span.start);
    const word = padding === undefined ? text : text.padEnd(padding);
    if (comments === undefined) return word;
    const parts: Doc[] = [];
    for (const [place, comment] of comments.own.entries()) {
      if (!fresh) this.moved = true;
      const after = comments.own[place + 1]?.span.start ?? comments.inline[0]?.span.start ?? span.start;
      parts.push(this.commentText(comment), blankBefore(this.source.text, after) ? blankline : hardline);
    }
    for (const comment of comments.inline) parts.push(this.commentText(comment), " ");
    parts.push(word, ...this.trailing(comments.trailing));
    return concat(parts);
  }

  private trailing(comments: readonly Comment[]): Doc[] {
    if (comments.length > 1) this.moved = true;
    return comments.map((comment) =>
      comment.kind === "block" ? concat([" ", this.commentText(comment)]) : suffix(this.commentText(comment)),
    );
  }

  /** A comma of the source, written as `text`; its comments stay. */
  private comma(text: Doc): Doc {
    const comments = this.attached.get(this.next++);
    if (comments === undefined) return text;
    const before = [...comments.own, ...comments.inline];
    if (before.length > 0) this.moved = true;
    return concat([...this.trailing(before), text, ...this.trailing(comments.trailing)]);
  }

  /** Comments on lines of their own before the next token, taken away from it. */
  private ownBefore(): Doc[] {
    const own = this.attached.get(this.next)?.own.splice(0) ?? [];
    return own.map((comment) => {
      const text = this.commentText(comment);
      return text;
    });
  }

  private commentText(comment: Comment): string {
    return comment.text.replace(/\r\n?/g, "\n").trimEnd();
  }

  // ---- space --------------------------------------------------------------------------------------------------

  private between(before: string, token: string): string {
    const { span } = this.tokens[this.next]!;
    if (before === "." || noSpaceBefore.has(token)) return "";
    if (this.marks.tightBefore.has(span.start)) return "";
    const previousEnd = this.tokens[this.next - 1]?.span.end ?? -1;
    if (this.marks.tightAfter.has(previousEnd)) return "";
    if ((token === "<" || token === ">") && !this.marks.compared.has(previousEnd)) return "";
    return " ";
  }

  private blankBeforeNext(): boolean {
    const comments = this.attached.get(this.next);
    const first = comments?.own[0] ?? comments?.inline[0] ?? this.tokens[this.next];
    return first !== undefined && this.isBlankBefore(first);
  }

  private isBlankBefore(item: { readonly span: { readonly start: number } }): boolean {
    return blankBefore(this.source.text, item.span.start);
  }

  /** Whether a token stands on another line than the one before it. */
  private startsLine(index: number): boolean {
    const token = this.tokens[index];
    const before = this.tokens[index - 1];
    if (token === undefined || before === undefined) return false;
    return /[\n\r]/.test(this.source.text.slice(before.span.end, token.span.start));
  }
}

/** Children are what a formatter must not lose; used to compare trees. */
export function shape(node: AnySyntaxNode): unknown {
  const { span: _, ...rest } = node as AnySyntaxNode & Record<string, unknown>;
  const plain = Object.entries(rest).filter(([, value]) => typeof value !== "object" && value !== undefined);
  return [plain, children(node).map(shape)];
}
