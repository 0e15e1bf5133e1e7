/** The parser: all rules in one class, and a function that runs them over a text. */
import type { ISerializedGast } from "chevrotain";
import type { DeclarationSyntax, FileSyntax, ImportSyntax } from "./syntax.ts";
import type { SyntaxProblem } from "./problems.ts";
import { DeclarationRules } from "./rules/declarations.ts";
import { fileOf, piecesAfter, piecesOf, type Piece } from "./pieces.ts";
import { MAX_SOURCE, scan as scanText, spanOf, type Comment, type Scan, type Token } from "./scan.ts";
import { TokenRow } from "./token-row.ts";

export interface ParseResult {
  /** Present however broken the text is. */
  readonly file: FileSyntax;
  /** In order of place. */
  readonly errors: readonly SyntaxProblem[];
  readonly comments: readonly Comment[];
  /** Every token of the text in order, comments aside, wrong ones included; made when first asked for. */
  readonly tokens: readonly Token[];
  /** Its imports and declarations, each kind in order; where they stood when they were read, which may have been elsewhere. */
  readonly items: readonly (ImportSyntax | DeclarationSyntax)[];
  /** Its imports and declarations by themselves; undefined where they cannot be told apart. */
  readonly pieces: readonly Piece[] | undefined;
  /** What is read of another text: the same as anew, in less time the less of it differs. */
  again(text: string): ParseResult;
}

class MeshParser extends DeclarationRules {
  constructor(options: { readonly validate: boolean }) {
    super(options);
    this.performSelfAnalysis();
  }

  run(scan: Scan): { file: FileSyntax; problems: SyntaxProblem[] } {
    this.load(scan);
    try {
      // Chevrotain gives nothing where a rule met what no alternative takes; the tree must be there all the same.
      const file: FileSyntax | undefined = this.file();
      if (file !== undefined) return { file, problems: this.problems };
      const empty: FileSyntax = { kind: "File", span: { start: 0, end: 0 }, imports: [], declarations: [] };
      const token = this.errors[0]?.token;
      const span = token === undefined || Number.isNaN(token.startOffset) ? empty.span : spanOf(token);
      return { file: empty, problems: [{ code: "MESH1001", span, message: "this could not be read" }] };
    } finally {
      this.release();
    }
  }
}

/** The rules as Chevrotain recorded them, for documentation. */
export function recordedRules(): ISerializedGast[] {
  return new MeshParser({ validate: true }).getSerializedGastProductions();
}

/**
 * Makes a parser; making one takes some milliseconds, using it again costs nothing more.
 * @param options `validate` checks the grammar itself, for tests
 */
export function createParser(
  options: { readonly validate: boolean } = { validate: false },
): (text: string) => ParseResult {
  const parser = new MeshParser(options);
  return (text) => parseWith(parser, text);
}

function parseWith(parser: MeshParser, text: string): ParseResult {
  const scan = scanText(text);
  const { file, problems } = parser.run(scan);
  const errors = [...scan.problems, ...problems].toSorted((a, b) => a.span.start - b.span.start);
  const { comments, balanced, truncated, unclosed, all } = scan;
  const last = scan.tokens.at(-1);
  const lastEnd = last === undefined ? 0 : spanOf(last).end;
  const whole = balanced && !truncated && unclosed.size === 0;
  const tokens = new TokenRow(text, all);
  const read = new WholeRead(file, errors, comments, tokens);
  return new Result(parser, text, read, () => piecesOf(text, read, tokens, { whole, lastEnd }));
}

type Read = Pick<ParseResult, "file" | "errors" | "comments" | "tokens" | "items">;

/** What was read of a text in one go. */
class WholeRead implements Read {
  readonly file: FileSyntax;
  readonly errors: readonly SyntaxProblem[];
  readonly comments: readonly Comment[];
  readonly #row: TokenRow;
  #tokens: readonly Token[] | undefined;

  constructor(file: FileSyntax, errors: readonly SyntaxProblem[], comments: readonly Comment[], row: TokenRow) {
    this.file = file;
    this.errors = errors;
    this.comments = comments;
    this.#row = row;
  }

  get items(): ParseResult["items"] {
    return [...this.file.imports, ...this.file.declarations];
  }

  get tokens(): readonly Token[] {
    return (this.#tokens ??= this.#row.between(0, Infinity));
  }
}

class Result implements ParseResult {
  readonly #parser: MeshParser;
  readonly #text: string;
  readonly #read: Read;
  /** Cut when they are first asked for. */
  #pieces: readonly Piece[] | undefined | (() => readonly Piece[] | undefined);

  constructor(
    parser: MeshParser,
    text: string,
    read: Read,
    pieces: readonly Piece[] | (() => readonly Piece[] | undefined),
  ) {
    this.#parser = parser;
    this.#text = text;
    this.#read = read;
    this.#pieces = pieces;
  }

  get file(): FileSyntax {
    return this.#read.file;
  }

  get errors(): readonly SyntaxProblem[] {
    return this.#read.errors;
  }

  get comments(): readonly Comment[] {
    return this.#read.comments;
  }

  get items(): ParseResult["items"] {
    return this.#read.items;
  }

  get tokens(): readonly Token[] {
    return this.#read.tokens;
  }

  get pieces(): readonly Piece[] | undefined {
    if (typeof this.#pieces === "function") this.#pieces = this.#pieces();
    return this.#pieces;
  }

  again(text: string): ParseResult {
    const { pieces } = this;
    const parser = this.#parser;
    const next =
      pieces !== undefined && text.length <= MAX_SOURCE
        ? piecesAfter(pieces, this.#text, text, (part) => parseWith(parser, part).pieces)
        : undefined;
    return next === undefined ? parseWith(parser, text) : new Result(parser, text, new Assembled(next), next);
  }
}

/** What was read, put together of pieces when somebody looks at it. */
class Assembled implements Read {
  readonly #pieces: readonly Piece[];
  readonly errors: readonly SyntaxProblem[];
  #file: FileSyntax | undefined;
  #comments: readonly Comment[] | undefined;
  #tokens: readonly Token[] | undefined;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
    this.errors = pieces.flatMap((one) => (one.read.errors.length === 0 ? [] : one.errors));
  }

  get file(): FileSyntax {
    return (this.#file ??= fileOf(this.#pieces));
  }

  get items(): ParseResult["items"] {
    return this.#pieces.flatMap(({ read }) => read.item ?? []);
  }

  get comments(): readonly Comment[] {
    return (this.#comments ??= this.#pieces.flatMap((one) => one.comments));
  }

  get tokens(): readonly Token[] {
    return (this.#tokens ??= this.#pieces.flatMap((one) => one.tokens));
  }
}
