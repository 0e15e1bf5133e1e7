/**
 * A text as a row of pieces, one for each import and declaration with the layout before it: after an edit only those that it
 * touches are read again, and the others moved. The result is that of reading the whole text anew; where that is not sure, there
 * are no pieces.
 */
import { changeBetween } from "./change.ts";
import type { SyntaxProblem } from "./problems.ts";
import type { Comment, Token } from "./scan.ts";
import { moved, movedLazily } from "./moved.ts";
import type { DeclarationSyntax, FileSyntax, ImportSyntax } from "./syntax.ts";
import type { TokenRow } from "./token-row.ts";

type Item = ImportSyntax | DeclarationSyntax;

/** What was read of a piece, with the places that it had then. */
interface Read {
  /** Where the piece began when it was read. */
  readonly at: number;
  readonly length: number;
  /** Undefined for layout at the end of a file. */
  readonly item: Item | undefined;
  readonly comments: readonly Comment[];
  readonly errors: readonly SyntaxProblem[];
  readonly tokens: () => readonly Token[];
}

/** A piece where it stands now; moved when somebody looks at it. */
export class Piece {
  readonly read: Read;
  readonly start: number;
  #item: Item | undefined;
  #tokens: readonly Token[] | undefined;

  constructor(read: Read, start: number) {
    this.read = read;
    this.start = start;
  }

  get end(): number {
    return this.start + this.read.length;
  }

  get item(): Item | undefined {
    const { item, at } = this.read;
    return (this.#item ??= item && movedLazily(item, this.start - at));
  }

  get comments(): readonly Comment[] {
    return this.read.comments.map((one) => moved(one, this.start - this.read.at));
  }

  get errors(): readonly SyntaxProblem[] {
    return this.read.errors.map((one) => moved(one, this.start - this.read.at));
  }

  get tokens(): readonly Token[] {
    const shift = this.start - this.read.at;
    return (this.#tokens ??= this.read.tokens().map(({ class: kind, text, span: { start, end } }) => {
      return { class: kind, text, span: { start: start + shift, end: end + shift } };
    }));
  }

  by(shift: number): Piece {
    return shift === 0 ? this : new Piece(this.read, this.start + shift);
  }
}

/** What was read of a text in one go. */
interface Whole {
  readonly file: FileSyntax;
  /** In order of place, as comments are. */
  readonly errors: readonly SyntaxProblem[];
  readonly comments: readonly Comment[];
}

/** Beyond this, problems are left out, so that those of one piece depend on the others. */
const mostProblems = 50;

/**
 * Cuts what was read of a text into pieces.
 * @param whole whether brackets and comments are closed everywhere, so that no piece reaches into another
 * @param lastEnd where the last token of the text ends
 * @returns undefined where what was read of one piece may hang on what stands in another
 */
export function piecesOf(
  text: string,
  { file, errors, comments }: Whole,
  tokens: TokenRow,
  { whole, lastEnd }: { readonly whole: boolean; readonly lastEnd: number },
): readonly Piece[] | undefined {
  if (!whole || errors.length > mostProblems) return undefined;
  const items = [...file.imports, ...file.declarations].toSorted((a, b) => a.span.start - b.span.start);
  const pieces: Piece[] = [];
  let [at, comment, error] = [0, 0, 0];
  for (const item of [...items, undefined]) {
    const end = item?.span.end ?? text.length;
    const start = item?.span.start ?? end;
    // One that follows on the same line may share a mistake with the one before it.
    if (start < at || end < at || (item !== undefined && at > 0 && !text.slice(at, start).includes("\n")))
      return undefined;
    const own: { comments: Comment[]; errors: SyntaxProblem[] } = { comments: [], errors: [] };
    for (let one = comments[comment]; one !== undefined && one.span.start < end; one = comments[++comment]) {
      // Documentation behind the end of a declaration is none.
      if (at > 0 && one.kind === "documentation" && !text.slice(at, one.span.start).includes("\n")) return undefined;
      own.comments.push(one);
    }
    for (let one = errors[error]; one !== undefined && one.span.start < end; one = errors[++error]) {
      if (!isWithin(one, item)) return undefined;
      own.errors.push(one);
    }
    if (item !== undefined && own.errors.length > 0 && !isClosed(text, item)) return undefined;
    if (item !== undefined || end > at || pieces.length === 0) {
      const from = at;
      pieces.push(new Piece({ at, length: end - at, item, ...own, tokens: () => tokens.between(from, end) }, at));
    }
    at = end;
  }
  if (error < errors.length || comment < comments.length || (items.at(-1)?.span.end ?? 0) < lastEnd) return undefined;
  return pieces;
}

/** A mistake in the members of a declaration, which is over before the declaration is. */
function isWithin({ span }: SyntaxProblem, item: Item | undefined): boolean {
  return item !== undefined && item.kind !== "Import" && span.start > item.span.start && span.end < item.span.end;
}

function isClosed(text: string, { span }: Item): boolean {
  return text[span.end - 1] === "}" && /[\r\n]\s*\}$/.test(text.slice(span.start, span.end));
}

/**
 * The pieces of a text that has been edited.
 * @param before the pieces of the text as it was
 * @param read reads a text by itself
 * @returns undefined where the whole has to be read again
 */
export function piecesAfter(
  before: readonly Piece[],
  was: string,
  text: string,
  read: (text: string) => readonly Piece[] | undefined,
): readonly Piece[] | undefined {
  const change = changeBetween(was, text);
  const first = before.findIndex((one) => one.end >= change.start);
  const last = before.findLastIndex((one) => one.start <= change.end);
  const [from, to] = [before[first], before[last]];
  if (from === undefined || to === undefined || last < first) return undefined;
  const shift = text.length - was.length;
  const end = to.end + shift;
  // What is read keeps parts of the text, which must not keep the whole.
  const own = ` ${text.slice(from.start, end)}`.slice(1);
  const fresh = read(own);
  if (fresh === undefined) return undefined;
  const isLast = last === before.length - 1;
  const behind = fresh.at(-1);
  // A declaration follows, so that one has to come before it and end where it did.
  if (!isLast && (behind?.item === undefined || behind.end !== own.length)) return undefined;
  const [head] = fresh;
  const start = head?.item?.span.start ?? own.length;
  // One on the line on which the one before it ends, as when they are read as a whole; and documentation there.
  if (first > 0 && !/^[^\n]*\n/.test(own.slice(0, start)) && head?.item !== undefined) return undefined;
  if (first > 0 && /^[^\n]*\/\/\//.test(own)) return undefined;
  const pieces = [
    ...before.slice(0, first),
    ...fresh.map((one) => one.by(from.start)),
    ...before.slice(last + 1).map((one) => one.by(shift)),
  ];
  const problems = pieces.reduce((sum, one) => sum + one.read.errors.length, 0);
  return problems > mostProblems ? undefined : pieces;
}

/** The tree of a text that stands in pieces. */
export function fileOf(pieces: readonly Piece[]): FileSyntax {
  const imports: ImportSyntax[] = [];
  const declarations: DeclarationSyntax[] = [];
  let end = 0;
  for (const { item } of pieces) {
    if (item === undefined) continue;
    if (item.kind === "Import") imports.push(item);
    else declarations.push(item);
    end = item.span.end;
  }
  return { kind: "File", span: { start: 0, end }, imports, declarations };
}
