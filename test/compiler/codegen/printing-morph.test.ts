import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import fc from "fast-check";
import * as morph from "ts-morph";
import { afterAll, describe, expect, it } from "vitest";
import type { Morph } from "../../../compiler/codegen/morph.ts";
import { ModulePrinter } from "../../../compiler/codegen/print.ts";
import { typescriptStandIn } from "../../../compiler/codegen/typescript-stand-in.ts";
// @ts-expect-error -- a script of the repository, which has no types
import { printingMorph } from "../../../scripts/printing-morph.mjs";

const require = createRequire(import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "printing-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Scanner {
  setText(text: string | undefined): void;
  scan(): number;
  reScanTemplateToken(isTagged: boolean): number;
  getTokenFullStart(): number;
}

describe("the ts-morph that modules are printed with", () => {
  it("prints what ts-morph prints, and loads no TypeScript for it, which is not to be found from there", async () => {
    const options = { bundle: true, target: "es2022", outdir: folder, metafile: true } as const;
    await build(printingMorph(options) as Parameters<typeof build>[0]);
    const file = join(folder, "printing-morph.cjs");
    expect(readFileSync(file).length).toBeLessThan(2_000_000);
    const bundled = require(file) as Morph;
    const draft = {
      statements: [
        {
          kind: morph.StructureKind.ImportDeclaration,
          moduleSpecifier: "zod",
          namedImports: ["z", "ZodType as Type"],
        },
        {
          kind: morph.StructureKind.Interface,
          name: "Caption",
          isExported: true,
          leadingTrivia: "/** What was said. */\n",
          properties: [{ name: "text", type: "string", isReadonly: true }],
        },
        {
          kind: morph.StructureKind.Function,
          name: "launch",
          isAsync: true,
          parameters: [
            { name: "options", type: "{ text: string }" },
            { name: "more", type: "string" },
          ],
          statements: ["return options;"],
        },
      ],
      held: [],
      planAt: undefined,
      origins: [],
    } satisfies Parameters<ModulePrinter["print"]>[0];
    const plan = { version: 1, source: "", compiler: "", schemas: {}, pipelines: {}, peers: {} } as const;
    const printed = new ModulePrinter(bundled).print(draft, plan);
    expect(printed.text).toContain("export interface Caption {");
    expect(printed).toEqual(new ModulePrinter(morph).print(draft, plan));
  });

  it("finds the end of a list's last token as TypeScript does", () => {
    const kinds = { SyntaxKind: morph.ts.SyntaxKind };
    let loads = 0;
    const standIn = typescriptStandIn(kinds, () => {
      loads += 1;
      return morph.ts as unknown as Record<string, unknown>;
    }) as { createScanner: (target: number, skipTrivia: boolean) => Scanner };
    const ours = standIn.createScanner(morph.ts.ScriptTarget.Latest, true);
    const theirs = morph.ts.createScanner(morph.ts.ScriptTarget.Latest, true) as Scanner;
    const end = (scanner: Scanner, text: string): number => {
      scanner.setText(text);
      while (scanner.scan() !== morph.ts.SyntaxKind.EndOfFileToken);
      return scanner.getTokenFullStart();
    };
    expect(end(ours, 'name: string = "x"  ')).toBe(18);
    expect(loads).toBe(0);
    const token = fc.constantFrom("name", "{", "}", ",", ":", '"a b"', "12", " ", "\n", "// x\n", "/* y */", "=", "?");
    fc.assert(
      fc.property(fc.array(token, { maxLength: 12 }), (tokens) => {
        const text = tokens.join(" ");
        expect(end(ours, text)).toBe(end(theirs, text));
      }),
    );
    expect(loads).toBe(1);
  });

  it("asks TypeScript for all else", () => {
    const standIn = typescriptStandIn({ version: "5" }, () => ({ isIdentifier: () => true, version: "6" })) as {
      version: string;
      isIdentifier: () => boolean;
    };
    expect(standIn.version).toBe("5");
    expect(standIn.isIdentifier()).toBe(true);
    expect("isIdentifier" in standIn).toBe(true);
    expect("isNothing" in standIn).toBe(false);
  });
});
