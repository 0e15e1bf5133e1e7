import { StructureKind, VariableDeclarationKind } from "ts-morph";
import { expect, it } from "vitest";
import { constDeclaration, structureKind } from "../../../compiler/codegen/structure-kind.ts";

it("calls the kinds of structures what ts-morph calls them", () => {
  for (const [name, kind] of Object.entries(structureKind)) expect(StructureKind[kind]).toBe(name);
  expect(constDeclaration).toBe(VariableDeclarationKind.Const);
});
