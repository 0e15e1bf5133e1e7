/** A program as a list of its statements, to see which of them a mistake costs. */
import type { AnySyntaxNode, DeclarationSyntax, FileSyntax } from "../../../grammar/syntax.ts";

function text(node: unknown): string {
  return JSON.stringify(node, (key, value: unknown) => (key === "span" || key === "arrowSpan" ? undefined : value));
}

function membersOf(declaration: DeclarationSyntax): readonly unknown[] {
  switch (declaration.kind) {
    case "Record":
      return declaration.fields;
    case "Enum":
      return declaration.values;
    case "Policy":
      return declaration.clauses;
    case "Scenario":
      return declaration.steps;
    default:
      return (declaration.members as readonly AnySyntaxNode[]).flatMap((member): unknown[] => {
        if (member.kind !== "Remote") return [member];
        const { targets, clauses, ...head } = member;
        return [head, ...targets, ...clauses];
      });
  }
}

function headOf(declaration: DeclarationSyntax): string {
  const name = declaration.kind === "Scenario" ? declaration.title?.value : declaration.name.text;
  return `${declaration.kind} ${name}`;
}

/** Imports, the heads of declarations, and what they hold, each as a text without places. */
export function statementsOf(file: FileSyntax): string[] {
  const declarations = file.declarations.flatMap((declaration) => [
    headOf(declaration),
    ...membersOf(declaration).map(text),
  ]);
  return [...file.imports.map(text), ...declarations];
}

/** What is in the first list and not in the second, each as often as it is. */
export function without(all: readonly string[], others: readonly string[]): string[] {
  const left = [...all];
  for (const one of others) {
    const at = left.indexOf(one);
    if (at >= 0) left.splice(at, 1);
  }
  return left;
}
