import type { AnySyntaxNode, DeclarationSyntax, Span } from "../../../grammar/syntax.ts";
import type { NamedDeclaration } from "../../check/program.ts";

export type MeaningKind =
  | "record"
  | "enum"
  | "interface"
  | "node"
  | "pipeline"
  | "policy"
  | "peer"
  | "field"
  | "enumValue"
  | "port"
  | "parameter"
  | "variable"
  | "let"
  | "remote";

/** What a name stands for. */
export interface Meaning {
  /** The same for the same declaration, wherever it is named: `a.mesh#Vad`, `a.mesh#Vad.speech`. */
  readonly id: string;
  readonly kind: MeaningKind;
  readonly name: string;
  /** Where it is declared. */
  readonly module: string;
  /** The name itself; of a port without one, the word `in` or `out`. */
  readonly nameSpan: Span;
  readonly syntax: AnySyntaxNode;
  /** The declaration that it belongs to; itself where it is one. */
  readonly owner: NamedDeclaration;
}

/** A declaration with the file that it stands in. */
export interface Declared<S extends NamedDeclaration = NamedDeclaration> {
  readonly module: string;
  readonly syntax: S;
}

/** A place where a name stands, and what it means there. */
export interface Occurrence {
  readonly span: Span;
  readonly meaning: Meaning;
  readonly role: "definition" | "reference" | "import";
  /** It stands here under another name, which an import gave it. */
  readonly alias: boolean;
}

const kinds: Readonly<Record<NamedDeclaration["kind"], MeaningKind>> = {
  Record: "record",
  Enum: "enum",
  Interface: "interface",
  Node: "node",
  Pipeline: "pipeline",
  Policy: "policy",
  Peer: "peer",
};

export function meaningOf({ module, syntax }: Declared): Meaning {
  const { text: name, span: nameSpan } = syntax.name;
  return { id: `${module}#${name}`, kind: kinds[syntax.kind], name, module, nameSpan, syntax, owner: syntax };
}

export function isNamed(syntax: DeclarationSyntax): syntax is NamedDeclaration {
  return syntax.kind !== "Scenario" && syntax.name.text !== "";
}

/** What a declaration has inside it under some name; ports that have none are called `in` and `out`. */
export function membersOf({ module, syntax }: Declared): readonly Meaning[] {
  const found: Meaning[] = [];
  const add = (kind: MeaningKind, name: string, nameSpan: Span, node: AnySyntaxNode): void => {
    if (name === "") return;
    found.push({
      id: `${module}#${syntax.name.text}.${name}`,
      kind,
      name,
      module,
      nameSpan,
      syntax: node,
      owner: syntax,
    });
  };
  const addNamed = (kind: MeaningKind, node: AnySyntaxNode & { readonly name: { text: string; span: Span } }): void =>
    add(kind, node.name.text, node.name.span, node);
  if (syntax.kind === "Record") for (const one of syntax.fields) addNamed("field", one);
  if (syntax.kind === "Enum") for (const one of syntax.values) addNamed("enumValue", one);
  if (syntax.kind === "Node") for (const one of syntax.variables) addNamed("variable", one);
  if (syntax.kind === "Node" || syntax.kind === "Pipeline") {
    for (const one of syntax.parameters) addNamed("parameter", one);
  }
  if (syntax.kind !== "Interface" && syntax.kind !== "Node" && syntax.kind !== "Pipeline") return found;
  for (const member of syntax.members) {
    if (member.kind === "Let") addNamed("let", member);
    else if (member.kind === "Remote") addNamed("remote", member);
    else if (member.kind === "Port") {
      const word = { start: member.span.start, end: member.span.start + member.direction.length };
      add("port", member.name?.text ?? member.direction, member.name?.span ?? word, member);
    }
  }
  return found;
}

/** A port is named where its name is written; otherwise by `in` or `out`, which nobody can change. */
export function isUnnamedPort({ syntax }: Meaning): boolean {
  return syntax.kind === "Port" && syntax.name === undefined;
}
