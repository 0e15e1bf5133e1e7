import { existsSync, readFileSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { allCodes, titleOf } from "../../../compiler/diagnostics/catalog.ts";
import { blocksOf, indexPage, pageKind } from "../../../compiler/diagnostics/pages.ts";
import { renderDiagnostic } from "../../../compiler/diagnostics/render-text.ts";
import { commandLine } from "../support/command-line.ts";
import { compileText, summary } from "../support/marked.ts";

const folder = new URL("../../../docs/diagnostics/", import.meta.url);
const at = (code: string): URL => new URL(`${code}.md`, folder);
const codes = allCodes().filter((code) => existsSync(at(code)));

/** Codes that no page can show by programs alone, and why. */
const withoutExample: Readonly<Record<string, string>> = {
  MESH2022: "takes a WebAssembly module",
  MESH3021: "takes a WebAssembly module",
  MESH3030: "takes a pipeline that runs",
  MESH3031: "takes a pipeline that runs",
};

/** Codes that take the code of a node, which `meshc build` looks at. */
const ofCode: readonly string[] = ["MESH2020", "MESH2021", "MESH3020"];

/** The codes that a program gives, in order. */
function codesOf(program: string): (string | undefined)[] {
  return compileText(program)
    .diagnostics.map(summary)
    .map((one) => one.split(" ")[0]);
}

/** The page shows what is printed; `vitest -u` writes it anew. */
async function expectShown(code: string, page: string, printed: string): Promise<void> {
  const fresh = page.replace(/^```text\n[^]*?^```$/m, () => `\`\`\`text\n${printed}\`\`\``);
  await expect(fresh).toMatchFileSnapshot(at(code).pathname);
}

describe("the pages of diagnostics", () => {
  it("are one for each code, and no others", () => {
    const pages = readdirSync(folder).filter((name) => name !== "README.md");
    expect(pages.toSorted()).toEqual(allCodes().map((code) => `${code}.md`));
  });

  it("are listed in a generated index", async () => {
    await expect(indexPage()).toMatchFileSnapshot(new URL("README.md", folder).pathname);
  });

  it.each(codes)("%s: begins with what it is about", (code) => {
    const [heading, , kind, , ...rest] = readFileSync(at(code), "utf8").split("\n");
    expect(heading).toBe(`# ${code}: ${titleOf(code)}`);
    expect(kind).toBe(pageKind(code));
    const sections = rest.filter((line) => line.startsWith("## "));
    expect(sections).toEqual(withoutExample[code] === undefined ? ["## Example", "## What to do"] : ["## What to do"]);
  });

  it.each(codes.filter((code) => !ofCode.includes(code) && withoutExample[code] === undefined))(
    "%s: its first example gives it, its last one nothing",
    async (code) => {
      const page = readFileSync(at(code), "utf8");
      const [shown = "", ...more] = blocksOf(page, "mesh");
      // Nobody wants to read a file that is too large.
      const [wrong, right] = code === "MESH1027" ? ["data ".repeat(1_000_000), shown] : [shown, more.at(-1)];
      expect(codesOf(wrong)).toEqual([code]);
      expect(right).toBeDefined();
      expect(codesOf(right ?? "")).toEqual([]);
      const printed = compileText(wrong).diagnostics.map((one) => renderDiagnostic(one, { columns: 100 }));
      await expectShown(code, page, printed.join("\n"));
    },
  );

  it.each(ofCode)("%s: its first example gives it, its last one nothing", async (code) => {
    const page = readFileSync(at(code), "utf8");
    const programs = blocksOf(page, "mesh");
    const texts = blocksOf(page, "ts");
    using meshc = commandLine();
    const build = async (which: 0 | -1): Promise<string> => {
      meshc.write("main.mesh", programs.at(which) ?? "");
      meshc.write("answer.ts", texts.at(which) ?? "");
      const { err } = await meshc.run("build");
      return err;
    };
    const printed = (await build(0)).replace(/\n\n[^\n]*\n?$/, "\n");
    expect(printed.match(/^\w+\[MESH\d+\]/gm)).toEqual([`error[${code}]`]);
    await expectShown(code, page, printed);
    expect(await build(-1)).toBe("");
  });
});
