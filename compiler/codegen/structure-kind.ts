import type { StructureKind, VariableDeclarationKind } from "ts-morph";

/**
 * The kinds of structures as ts-morph numbers them. To describe a module, ts-morph itself is not needed, and it takes a
 * third of a second to load; a test holds these against it.
 */
export const structureKind: { readonly [Kind in Used]: (typeof StructureKind)[Kind] } = {
  Function: 13 as StructureKind.Function,
  ImportDeclaration: 16 as StructureKind.ImportDeclaration,
  Interface: 19 as StructureKind.Interface,
  TypeAlias: 38 as StructureKind.TypeAlias,
  VariableStatement: 41 as StructureKind.VariableStatement,
};

type Used = "Function" | "ImportDeclaration" | "Interface" | "TypeAlias" | "VariableStatement";

export const constDeclaration = "const" as VariableDeclarationKind.Const;
