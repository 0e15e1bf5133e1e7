import type { NameSyntax } from "../../grammar/syntax.ts";
import { isStandard, type DeclarationSymbol, type FileInfo } from "../check/program.ts";
import type { Fix, TextEdit } from "../diagnostics/diagnostic.ts";

/**
 * Gives a declaration another name, and all that refer to it in some files. Other programs that import it are not seen,
 * and a pipeline without an `as` is reached by its own name, so it is only suggested.
 */
export function renameDeclaration(symbol: DeclarationSymbol, newText: string, files: readonly FileInfo[]): Fix[] {
  const edits: TextEdit[] = [];
  for (const file of files) {
    if (isStandard(file.module)) continue;
    // A name that is taken in one of the files would come to mean something else.
    if (file.declarations.has(newText) || file.imports.has(newText)) return [];
    const edit = (name: NameSyntax): void => {
      edits.push({ place: { source: file.source, span: name.span }, newText });
    };
    const imported = [...file.imports.values()].find((one) => one.symbol === symbol);
    if (file !== symbol.file && imported === undefined) continue;
    if (file === symbol.file) edit(symbol.syntax.name);
    else if (imported !== undefined) edit(imported.syntax.name);
    // Under an alias it keeps that name here.
    if (imported?.syntax.alias !== undefined) continue;
    for (const name of file.references(symbol.name)) edit(name);
  }
  return [{ title: `Rename it to \`${newText}\``, edits, applicability: "suggested" }];
}
