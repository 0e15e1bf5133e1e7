import { SymbolKind } from "vscode-languageserver/node";
import type { OutlineSymbol } from "../../language-service/symbols.ts";

/** How an editor draws what the language has. */
export const symbolKinds: Readonly<Record<OutlineSymbol["kind"], SymbolKind>> = {
  record: SymbolKind.Struct,
  enum: SymbolKind.Enum,
  interface: SymbolKind.Interface,
  node: SymbolKind.Class,
  pipeline: SymbolKind.Function,
  policy: SymbolKind.Constant,
  peer: SymbolKind.Module,
  scenario: SymbolKind.Event,
  field: SymbolKind.Field,
  enumValue: SymbolKind.EnumMember,
  port: SymbolKind.Property,
  parameter: SymbolKind.Variable,
  variable: SymbolKind.TypeParameter,
  let: SymbolKind.Variable,
  remote: SymbolKind.Object,
};
