import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = join(root, "docs/upstream");
const names = readdirSync(folder).filter((name) => name !== "README.md");
const read = (name: string): string => readFileSync(join(folder, name), "utf8");

/** The one fenced block of a language. */
function block(name: string, language: string): string {
  const found = [...read(name).matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))];
  expect(found, `blocks of ${language} in ${name}`).toHaveLength(1);
  return found[0]?.[1] ?? "";
}

describe("a report for those upstream", () => {
  let scratch: string;
  let printed: Record<string, string>;

  beforeAll(async () => {
    // Inside of the project, where its packages are found.
    const cache = join(root, "node_modules/.cache");
    mkdirSync(cache, { recursive: true });
    scratch = mkdtempSync(join(cache, "upstream-"));
    const modules = names.map((name) => {
      const path = join(scratch, `${name}.mjs`);
      writeFileSync(path, block(name, "js"));
      return path;
    });
    const runner = fileURLToPath(new URL("fixtures/run-blocks.ts", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", runner, ...modules], {
      cwd: root,
    });
    printed = JSON.parse(stdout) as Record<string, string>;
  });

  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  test.for(names)("%s: its reproduction prints what it says", (name) => {
    expect(printed[`${name}.mjs`]).toBe(block(name, "text").trimEnd());
  });

  test.for(names)("%s: is about the version that is installed, complete, and in the list", (name) => {
    const text = read(name);
    const library = name.replace(/-\d\d-.*/, "");
    const path = join(root, "node_modules", library, "package.json");
    const { version } = JSON.parse(readFileSync(path, "utf8")) as { version: string };
    expect(text).toContain(`${library} ${version}, Node`);
    const headings = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual(["What happens", "Reproduction", "Cause", "Suggested fix", "Here, until then"]);
    expect(read("README.md")).toContain(`](${name})`);
  });
});
