/**
 * From tokens to a document. The tree says where statements begin and what a bracket holds; the text comes from the
 * tokens alone, in their order, so that nothing can be lost or invented but commas and space.
 */
import type { Comment, Token } from "../scan.ts";
import type { AnySyntaxNode, FileSyntax } from "../syntax.ts";
import * as d from "./doc.ts";
import type { Break, Doc } from "./doc.ts";
import { itemsOf, type Gap, type Item } from "./gaps.ts";
import { marksOf, type Marks } from "./marks.ts";

const closing: ReadonlyMap<string, string> = new Map([
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
  ["<", ">"],
]);

const noSpaceBefore: ReadonlySet<string> = new Set([".", "?", ":", "("]);

export interface Source {
  readonly text: string;
  readonly file: FileSyntax;
  readonly tokens: readonly Token[];
  readonly comments: readonly Comment[];
}

interface Separation {
  /** What stands in the gap but for comments. */
  readonly by: Break | "" | " ";
  readonly comma?: Doc;
  /** Where empty lines of the source stay: before the token and its comments, between these only, or nowhere. */
  readonly blanks?: "all" | "inside";
}

interface SequenceOptions {
  /** Whether arrows are places to break; they are not in `budget 400ms a -> b`. */
  readonly chain: boolean;
  /** Inside of a bracket that holds no list. */
  readonly single?: boolean;
}

/** A token or bracket of a sequence with the gap before it. */
interface Piece {
  /** Undefined for the first. */
  readonly gap: Gap | undefined;
  readonly separation: Separation;
  /** The line may end in the gap, or is bound to. */
  readonly breaks: boolean;
  readonly bound: boolean;
  readonly isBracket: boolean;
  readonly doc: Doc;
}

function gapBefore({ gap, separation }: Piece, flat: boolean): Doc[] {
  if (gap === undefined) return [];
  return gapParts(gap, flat && typeof separation.by !== "string" ? { ...separation, by: " " } : separation);
}

/** The pieces as one document; what comes behind the first break is indented. */
function assembled(pieces: readonly Piece[]): Doc {
  const docs = (from: readonly Piece[]): Doc[] => from.flatMap((piece) => [...gapBefore(piece, false), piece.doc]);
  const first = pieces.findIndex(({ breaks }) => breaks);
  if (first < 0) return d.group(d.concat(docs(pieces)));
  const broken = [...docs(pieces.slice(0, first)), d.indent(d.concat(docs(pieces.slice(first))))];
  const others = pieces.slice(0, -1);
  const last = pieces.at(-1)!;
  const hugs = last.isBracket && !pieces.some(({ bound }) => bound) && !others.some(({ doc }) => d.forces(doc));
  if (!hugs) return d.group(d.concat(broken));
  const [start, ...rest] = pieces.slice(pieces.findLastIndex(({ breaks }) => breaks));
  const end = start === last ? [] : [start!.doc, ...docs(rest.slice(0, -1)), ...gapBefore(last, false)];
  const hugged = [...others.flatMap((piece) => [...gapBefore(piece, true), piece.doc]), ...gapBefore(last, true)];
  return d.hugging({ broken, end, hugged }, last.doc);
}

export class Writer {
  private readonly text: string;
  private readonly root: FileSyntax;
  private readonly width: number;
  private readonly items: readonly Item[];
  private readonly marks: Marks;
  private next = 0;

  constructor(source: Source, width: number) {
    this.text = source.text;
    this.root = source.file;
    this.width = width;
    this.items = itemsOf(source.text, source.tokens, source.comments);
    this.marks = marksOf(source.file);
  }

  // ---- files and blocks ---------------------------------------------------------------------------------------

  file(): Doc {
    const statements = inOrder([...this.root.imports, ...this.root.declarations]);
    const parts: Doc[] = [];
    let before: "import" | "line" | undefined;
    for (const [index, statement] of statements.entries()) {
      const { gap } = this.item();
      const body = this.statement(statement);
      const kind = statement.kind === "Import" ? "import" : this.isOneLine(gap, body) ? "line" : undefined;
      const together = kind !== undefined && kind === before && (kind === "import" || gap.own.length === 0);
      const by = together ? d.hardline : d.blankline;
      parts.push(...gapParts(gap, index === 0 ? { by: "", blanks: "inside" } : { by, blanks: "all" }), body);
      before = kind;
    }
    const after = parts.length > 0 ? "items" : "nothing";
    parts.push(...remains(this.item().gap, { after, keepsBlanks: true }));
    return d.concat(parts);
  }

  /** Imports, and declarations that take one line, may stand together without an empty line between them. */
  private isOneLine(before: Gap, body: Doc): boolean {
    if (d.forces(body)) return false;
    const line = [...before.leading.map((text) => `${text} `), body, ...this.item().gap.trailing.map(trailingPart)];
    return d.print(d.concat(line), this.width).length === 1;
  }

  /** A statement from its first token on; the gap before it is printed already. */
  private statement(node: AnySyntaxNode): Doc {
    switch (node.kind) {
      case "Record":
        return this.withBody(node.fields, true);
      case "Enum":
        return this.withBody(node.values, true);
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
        const { end } = node.span;
        return this.sequence((item) => item.span.start >= end, { chain: node.kind === "Flow" });
      }
    }
  }

  /** What stands before the `{`, and the members: one on each line, or all on one where the source has it so. */
  private withBody(members: readonly AnySyntaxNode[], mayBeFlat: boolean): Doc {
    const head = this.sequence((item) => item.text === "{", { chain: false });
    const beforeBrace = gapParts(this.item().gap, { by: " " });
    const open = this.token();
    const flat = mayBeFlat && !this.startsLine();
    const inside: Doc[] = [];
    for (const [index, member] of inOrder(members).entries()) {
      const comma = flat && index > 0 ? d.choice("", ",") : "";
      const by = flat ? d.space : d.hardline;
      inside.push(...gapParts(this.item().gap, { by, comma, blanks: index === 0 ? "inside" : "all" }));
      inside.push(this.statement(member));
    }
    const { gap } = this.item();
    const isEmpty = members.length === 0;
    inside.push(...remains(gap, { after: isEmpty ? "opening" : "items", keepsBlanks: true }));
    const edge = forcesBreak(gap) ? d.hardline : isEmpty ? "" : flat ? d.space : d.hardline;
    const body = d.group(d.concat([open, d.indent(d.concat(inside)), edge, this.token()]));
    return d.concat([head, ...beforeBrace, body]);
  }

  // ---- sequences and brackets ---------------------------------------------------------------------------------

  /**
   * Tokens up to one that stops it, from the first one on, whose gap is printed already. A comma is a place to break,
   * all of them together; so is an arrow of a chain.
   */
  private sequence(stop: (item: Item) => boolean, options: SequenceOptions): Doc {
    const pieces: Piece[] = [];
    for (;;) {
      const item = this.item();
      if (item.text === "" || (pieces.length > 0 && stop(item))) return assembled(pieces);
      const isArrow = options.chain && (item.text === "->" || item.text === "~>");
      const breaks = pieces.length > 0 && (isArrow || item.gap.comma);
      const isBracket = this.isOpening(item);
      const isFirst = pieces.length === 0;
      pieces.push({
        gap: isFirst ? undefined : item.gap,
        separation: { by: breaks ? d.space : this.between(item), comma: item.gap.comma ? "," : "" },
        breaks: !isFirst && (breaks || forcesBreak(item.gap)),
        bound: !isFirst && forcesBreak(item.gap),
        isBracket,
        doc: isBracket ? this.bracket(options) : this.token(),
      });
    }
  }

  private isOpening(item: Item): boolean {
    if (item.text !== "<") return closing.has(item.text);
    return !this.marks.compared.has(this.previousEnd());
  }

  /** A bracket with what it holds. */
  private bracket(around: SequenceOptions): Doc {
    const { text, span } = this.item();
    const before = this.items[this.next - 1];
    const close = closing.get(text);
    const form = text === "[" ? span.start : before?.span.start;
    const single = around.single === true || (form !== undefined && this.marks.single.has(form));
    const open = this.token();
    const isBrace = text === "{";
    const keepsLines = isBrace && before?.text !== "with" && before?.text !== "import" && this.startsLine();
    const edge = single ? "" : keepsLines ? d.hardline : isBrace ? d.space : d.softline;
    const inside: Doc[] = [];
    const stop = (item: Item): boolean => item.gap.comma || item.text === close;
    while (this.item().text !== close && this.item().text !== "") {
      const isFirst = inside.length === 0;
      const by = isFirst ? edge : keepsLines ? d.hardline : d.space;
      const blanks = isFirst || !keepsLines ? {} : { blanks: "all" as const };
      inside.push(...gapParts(this.item().gap, { by, comma: isFirst ? "" : ",", ...blanks }));
      inside.push(this.sequence(stop, { chain: true, single }));
    }
    const { gap } = this.item();
    const isEmpty = inside.length === 0;
    const comma = single || isEmpty ? "" : d.choice(",", "");
    inside.push(...remains(gap, { comma, after: isEmpty ? "opening" : "items", keepsBlanks: keepsLines }));
    const end = forcesBreak(gap) ? d.hardline : isEmpty ? "" : edge;
    return d.group(d.concat([open, d.indent(d.concat(inside)), end, this.token()]));
  }

  // ---- tokens and the space between them ------------------------------------------------------------------------

  /** The next item; behind the last token one without text. */
  private item(): Item {
    return this.items[Math.min(this.next, this.items.length - 1)]!;
  }

  private previousEnd(): number {
    return this.items[this.next - 1]?.span.end ?? -1;
  }

  private token(): Doc {
    const { text, span } = this.item();
    this.next++;
    return text.padEnd(this.marks.padded.get(span.start) ?? 0);
  }

  private between({ text, span }: Item): "" | " " {
    if (this.items[this.next - 1]?.text === "." || noSpaceBefore.has(text)) return "";
    const end = this.previousEnd();
    if (this.marks.tightBefore.has(span.start) || this.marks.tightAfter.has(end)) return "";
    if ((text === "<" || text === ">") && !this.marks.compared.has(end)) return "";
    return " ";
  }

  /** Whether the next token stands on another line than the one before it. */
  private startsLine(): boolean {
    return /[\n\r]/.test(this.text.slice(Math.max(this.previousEnd(), 0), this.item().span.start));
  }
}

// ---- gaps -----------------------------------------------------------------------------------------------------

function inOrder<N extends AnySyntaxNode>(nodes: readonly N[]): N[] {
  return nodes.toSorted((a, b) => a.span.start - b.span.start);
}

/** A line ends in this gap, for a comment makes it. */
function forcesBreak({ trailing, own }: Gap): boolean {
  return trailing.length + own.length > 0;
}

function lineEnd(blank: boolean): Break {
  return blank ? d.blankline : d.hardline;
}

function trailingPart(text: string): Doc {
  return text.startsWith("//") ? { kind: "comment", text } : ` ${text}`;
}

function behindPart(text: string): Doc {
  return ` ${text}`;
}

/** A gap between two tokens. */
function gapParts(gap: Gap, { by, comma = "", blanks }: Separation): Doc[] {
  const parts: Doc[] = [...gap.behind.map(behindPart), comma, ...gap.trailing.map(trailingPart)];
  const isBlank = (by !== "" && by !== " " && by.blank) || (blanks === "all" && (gap.own[0]?.blank ?? gap.blank));
  if (forcesBreak(gap)) {
    const atStart = by === "" && blanks === "inside";
    if (!atStart) parts.push(lineEnd(isBlank));
    for (const [index, comment] of gap.own.entries()) {
      const blank = gap.own[index + 1]?.blank ?? gap.blank;
      parts.push(comment.text, lineEnd(blanks !== undefined && blank));
    }
  } else if (by === "" || by === " ") {
    parts.push(by === "" && gap.leading.length > 0 && blanks === undefined ? " " : by);
  } else {
    parts.push(isBlank ? { ...by, blank: true } : by);
  }
  for (const comment of gap.leading) parts.push(`${comment} `);
  return parts;
}

interface Remains {
  readonly comma?: Doc;
  /** What the comments come after. */
  readonly after: "nothing" | "opening" | "items";
  readonly keepsBlanks: boolean;
}

/** The comments before a closing bracket or the end of the file: on lines of their own behind what is there. */
function remains(gap: Gap, { comma = "", after, keepsBlanks }: Remains): Doc[] {
  const parts: Doc[] = [...gap.behind.map(behindPart), comma, ...gap.trailing.map(trailingPart)];
  for (const [index, comment] of gap.own.entries()) {
    if (index > 0 || after !== "nothing") {
      parts.push(lineEnd(keepsBlanks && comment.blank && (index > 0 || after === "items")));
    }
    parts.push(comment.text);
  }
  return parts;
}
