import { existsSync, readFileSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { allCodes, titleOf } from "../../../compiler/diagnostics/catalog.ts";
import { blocksOf, indexPage, pageKind } from "../../../compiler/diagnostics/pages.ts";
import { renderDiagnostic } from "../../../compiler/diagnostics/render-text.ts";
import { parse } from "../../../grammar/index.ts";
import { compileText, summary } from "../support/marked.ts";

const folder = new URL("../../../docs/diagnostics/", import.meta.url);
const at = (code: string): URL => new URL(`${code}.md`, folder);

/** Codes whose pages have no example, and why. */
const withoutExample: Readonly<Record<string, string>> = {
  MESH1023: "no program gives it at present",
  MESH1026: "the program would be too long to read",
  MESH1027: "the program would be too long to read",
  MESH2020: "takes the file of a node",
  MESH2021: "takes the file of a node",
  MESH2022: "takes the file of a node",
  MESH3020: "takes the file of a node",
  MESH3021: "takes the file of a node",
  MESH3030: "takes a pipeline that runs",
  MESH3031: "takes a pipeline that runs",
  MESH5007: "no program gives it any more",
  MESH5014: "the program would be too long to read",
};

describe("the pages of diagnostics", () => {
  it("are one for each code, and no others", () => {
    const pages = readdirSync(folder).filter((name) => name !== "README.md");
    expect(pages.toSorted()).toEqual(allCodes().map((code) => `${code}.md`));
  });

  it("are listed in a generated index", async () => {
    await expect(indexPage()).toMatchFileSnapshot(new URL("README.md", folder).pathname);
  });

  it.each(allCodes().filter((code) => existsSync(at(code))))("%s: begins with what it is about", (code) => {
    const [heading, , kind, , ...rest] = readFileSync(at(code), "utf8").split("\n");
    expect(heading).toBe(`# ${code}: ${titleOf(code)}`);
    expect(kind).toBe(pageKind(code));
    expect(rest.join("\n")).toContain("\n## What to do\n");
  });

  it.each(allCodes().filter((code) => withoutExample[code] === undefined && existsSync(at(code))))(
    "%s: its first example gives it, its last one nothing",
    async (code) => {
      const page = readFileSync(at(code), "utf8");
      const [wrong = "", ...more] = blocksOf(page, "mesh");
      const right = more.at(-1);
      const found = compileText(wrong).diagnostics;
      expect(found.map(summary).map((one) => one.split(" ")[0])).toEqual([code]);
      expect(right).toBeDefined();
      expect(compileText(right ?? "").diagnostics.map(summary)).toEqual([]);
      // The page shows what is printed; `vitest -u` writes it anew.
      const shown = found.map((one) => renderDiagnostic(one, { columns: 100 })).join("\n");
      await expect(page.replace(/^```text\n[^]*?^```$/m, () => `\`\`\`text\n${shown}\`\`\``)).toMatchFileSnapshot(
        at(code).pathname,
      );
    },
  );

  it("give the two codes that are too long to show", () => {
    expect(parse(`record R { x: ${"[".repeat(2000)}text${"]".repeat(2000)} }`).errors.map((one) => one.code)).toContain(
      "MESH1026",
    );
    expect(parse(" ".repeat(32 * 1024 * 1024)).errors.map((one) => one.code)).toEqual(["MESH1027"]);
  });
});
