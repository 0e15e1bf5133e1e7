/** The parser: all rules in one class, and a function that runs them over a text. */
import type { ISerializedGast } from "chevrotain";
import type { FileSyntax } from "./syntax.ts";
import type { SyntaxProblem } from "./problems.ts";
import { DeclarationRules } from "./rules/declarations.ts";
import { scan as scanText, spanOf, toTokens, type Comment, type Scan, type Token } from "./scan.ts";

export interface ParseResult {
  /** Present however broken the text is. */
  readonly file: FileSyntax;
  /** In order of place. */
  readonly errors: readonly SyntaxProblem[];
  readonly comments: readonly Comment[];
  /** Every token of the text in order, comments aside, wrong ones included; made when first asked for. */
  readonly tokens: readonly Token[];
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
  return (text) => {
    const scan = scanText(text);
    const { file, problems } = parser.run(scan);
    const errors = [...scan.problems, ...problems].toSorted((a, b) => a.span.start - b.span.start);
    let tokens: readonly Token[] | undefined;
    return {
      file,
      errors,
      comments: scan.comments,
      get tokens() {
        return (tokens ??= toTokens(scan.all));
      },
    };
  };
}
