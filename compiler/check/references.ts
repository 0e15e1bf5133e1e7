import type { AnySyntaxNode, FileSyntax, NameSyntax } from "../../grammar/syntax.ts";
import { visit } from "../../grammar/walk.ts";

/** Where a file names declarations, in order of place, by the name. */
export function referencesIn(file: FileSyntax): ReadonlyMap<string, readonly NameSyntax[]> {
  const found = new Map<string, NameSyntax[]>();
  for (const declaration of file.declarations) {
    visit(declaration, (node) => {
      const name = referenceOf(node);
      if (name === undefined) return;
      const known = found.get(name.text);
      if (known === undefined) found.set(name.text, [name]);
      else known.push(name);
    });
  }
  for (const names of found.values()) names.sort((a, b) => a.span.start - b.span.start);
  return found;
}

/** The name in a node that stands for a declaration. */
function referenceOf(node: AnySyntaxNode): NameSyntax | undefined {
  switch (node.kind) {
    case "Instance":
      return node.callee;
    case "NamedType":
      return node.name;
    case "Pipeline":
      return node.conformsTo;
    case "Remote":
      return node.interface;
    case "PeerTarget":
    case "Scenario":
      return node.pipeline;
    case "ExpectUses":
      return node.target?.kind === "Endpoint" ? node.target.target : undefined;
    default:
      return undefined;
  }
}
