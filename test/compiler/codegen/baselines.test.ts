import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { manifestOf } from "../../../compiler/codegen/manifest-of.ts";
import { nodejsHost } from "../../../compiler/host/nodejs.ts";
import { generate } from "./support/generate.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const folder = "test/baselines/codegen";
const cases = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".mesh"),
);

// `npx vitest run test/compiler/codegen -u` writes them anew; the modules are also part of the type check of the project.
describe("generated modules", () => {
  it.each(cases)("of %s are as they were", async (name) => {
    const { text, plan } = generate(join(folder, name), nodejsHost(root));
    const stem = join(root, folder, name);
    await expect(text).toMatchFileSnapshot(`${stem}.ts`);
    if (plan !== undefined && Object.keys(plan.pipelines).length > 0) {
      const manifest = `${JSON.stringify(manifestOf(plan), undefined, 2)}\n`;
      await expect(manifest).toMatchFileSnapshot(stem.replace(/\.mesh$/, ".manifest.json"));
    }
  });

  it("pass the linter and the formatter of a project of their own", () => {
    const project = mkdtempSync(join(tmpdir(), "mesh-generated-"));
    try {
      const rules = JSON.parse(readFileSync(join(root, ".oxlintrc.json"), "utf8")) as Record<string, unknown>;
      writeFileSync(join(project, ".oxlintrc.json"), JSON.stringify({ ...rules, ignorePatterns: [] }));
      const modules = cases.map((name) => `${name}.ts`);
      for (const name of cases) {
        const { text } = generate(join(folder, name), nodejsHost(root));
        mkdirSync(dirname(join(project, name)), { recursive: true });
        // The formatter leaves alone what says that it is generated, but people look at it all the same.
        writeFileSync(join(project, `${name}.ts`), text.replace("@generated", "generated"));
      }
      const run = (tool: string, ...args: string[]) =>
        spawnSync(join(root, "node_modules/.bin", tool), [...args, ...modules], { cwd: project, encoding: "utf8" });
      const format = run("oxfmt", "--check");
      expect(format.status, format.stdout + format.stderr).toBe(0);
      expect(run("oxlint").stdout).toContain("Found 0 warnings and 0 errors");
    } finally {
      rmSync(project, { recursive: true, force: true });
    }
  });

  it("are the same for the same sources", () => {
    const path = join(folder, "everything/main.mesh");
    const [first, second] = [generate(path, nodejsHost(root)), generate(path, nodejsHost(root))];
    expect(second.text).toBe(first.text);
    expect(second.map).toBe(first.map);
  });
});
