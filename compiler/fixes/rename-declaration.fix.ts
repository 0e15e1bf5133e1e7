import type { AnySyntaxNode, NameSyntax } from "../../grammar/syntax.ts";
import { children } from "../../grammar/walk.ts";
import { isStandard, type DeclarationSymbol, type Program } from "../check/program.ts";
import type { Fix, TextEdit } from "../diagnostics/diagnostic.ts";

/**
 * Gives a declaration another name, and all that refer to it in the program. Other programs that import it are not seen,
 * and a pipeline without an `as` is reached by its own name, so it is only suggested.
 */
export function renameDeclaration(symbol: DeclarationSymbol, newText: string, program: Program): Fix[] {
  const edits: TextEdit[] = [];
  for (const file of program.files.values()) {
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
    for (const declaration of file.syntax.declarations) {
      for (const name of references(declaration)) if (name.text === symbol.name) edit(name);
    }
  }
  return [{ title: `Rename it to \`${newText}\``, edits, applicability: "suggested" }];
}

/** The names below a node that stand for declarations. */
function* references(node: AnySyntaxNode): Generator<NameSyntax, void, undefined> {
  switch (node.kind) {
    case "Instance":
      yield node.callee;
      break;
    case "NamedType":
      yield node.name;
      break;
    case "Pipeline":
      if (node.conformsTo !== undefined) yield node.conformsTo;
      break;
    case "Remote":
      if (node.interface !== undefined) yield node.interface;
      break;
    case "PeerTarget":
    case "Scenario":
      yield node.pipeline;
      break;
    case "ExpectUses":
      if (node.target?.kind === "Endpoint") yield node.target.target;
      break;
    default:
      break;
  }
  for (const child of children(node)) yield* references(child);
}
