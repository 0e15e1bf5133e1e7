import type { Span } from "../../grammar/syntax.ts";
import type { ParsedFile } from "../check/sources.ts";
import type { Analysis, FilePlace } from "./files.ts";
import { references } from "./references.ts";
import { isNamed } from "./names/meaning.ts";

export type CodeLens =
  | {
      readonly span: Span;
      readonly kind: "run";
      readonly name: string;
      readonly what: "pipeline" | "peer" | "scenario";
    }
  | { readonly span: Span; readonly kind: "graph" }
  | { readonly span: Span; readonly kind: "references"; readonly offset: number };

/** What stands above declarations to click on; how often they are named is counted when it is shown. */
export function codeLenses(file: ParsedFile): readonly CodeLens[] {
  return file.syntax.declarations.flatMap((syntax): CodeLens[] => {
    if (syntax.kind === "Scenario") {
      const { title } = syntax;
      return title === undefined ? [] : [{ span: title.span, kind: "run", name: title.value, what: "scenario" }];
    }
    if (!isNamed(syntax)) return [];
    const { span, text: name } = syntax.name;
    const counted: CodeLens = { span, kind: "references", offset: span.start };
    if (syntax.kind === "Pipeline")
      return [{ span, kind: "run", name, what: "pipeline" }, { span, kind: "graph" }, counted];
    return syntax.kind === "Peer" ? [{ span, kind: "run", name, what: "peer" }, counted] : [counted];
  });
}

export function lensReferences(analysis: Analysis, path: string, offset: number): readonly FilePlace[] {
  return references(analysis, path, offset, { includeDeclaration: false });
}
