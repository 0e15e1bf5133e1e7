import type { SyntaxProblem } from "../../grammar/index.ts";
import type { SourceFile } from "../source/source-file.ts";
import type { Diagnostic } from "./diagnostic.ts";

/** Problems whose fix is the only thing that can have been meant. */
const safe: ReadonlySet<string> = new Set(["MESH1007", "MESH1011", "MESH1012", "MESH1021", "MESH1024"]);

/** What the grammar found in a file, as a diagnostic like any other. */
export function syntaxDiagnostic(problem: SyntaxProblem, source: SourceFile): Diagnostic {
  const { code, message, span, hint, related = [], fix } = problem;
  return {
    code,
    severity: "error",
    message: sentence(message),
    place: { source, span },
    notes: [],
    ...(hint !== undefined && { hint: sentence(hint) }),
    related: related.map((one) => ({ place: { source, span: one.span }, message: one.message })),
    fixes:
      fix === undefined
        ? []
        : [
            {
              title: fix.title,
              edits: [{ place: { source, span: fix.span }, newText: fix.text }],
              applicability: safe.has(code) ? "safe" : "suggested",
            },
          ],
  };
}

/** The grammar says what it expected in the middle of things; a reader is told in sentences. */
function sentence(text: string): string {
  const end = /[.?!]$/.test(text) ? "" : ".";
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${end}`;
}
