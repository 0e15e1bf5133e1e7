import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type * as vite from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchChromium, noChromium } from "./support/chromium.ts";
import { readWav } from "./support/files.ts";
import { installedPackage, type InstalledPackage } from "./support/installed.ts";
import { meshc } from "./support/meshc.ts";

const execute = promisify(execFile);
let installed: InstalledPackage;
beforeAll(() => {
  installed = installedPackage(true);
});
afterAll(() => installed?.[Symbol.dispose]());

/** Runs a script of a project, and gives what it printed. */
async function npm(folder: string, ...args: readonly string[]): Promise<string> {
  const { NODE_OPTIONS: _options, VITEST: _vitest, NODE_ENV: _env, ...env } = process.env;
  try {
    const { stdout } = await execute("npm", args, { cwd: folder, env });
    return stdout;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`npm ${args.join(" ")}: ${stdout}${stderr}`, { cause: error });
  }
}

/** A project as `meshc init` writes it, in which packages are installed. */
async function project(template: string): Promise<string> {
  const folder = `my-${template}`;
  const { code, out, err } = await meshc(["init", folder, "--template", template], { cwd: installed.folder });
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toContain(`  cd ${folder}\n  npm install\n  npm start\n`);
  return join(installed.folder, folder);
}

/** What the project's own version of TypeScript takes, older ones take too. */
async function typechecks(folder: string, version: string): Promise<void> {
  const tsc = join(installed.folder, "node_modules", version, "bin/tsc");
  const args = [tsc, "--noEmit", "--pretty", "false"];
  const { stdout } = await execute(process.execPath, args, { cwd: folder }).catch((error: { stdout?: string }) => ({
    stdout: error.stdout ?? String(error),
  }));
  expect(stdout).toBe("");
}

// Each starts a dozen processes, among them TypeScript and a recogniser.
describe("a project of meshc init", { timeout: 400_000 }, () => {
  it("hello: checks, builds, runs and tests, as docs/getting-started.md has it", async () => {
    const page = readFileSync(new URL("../../docs/getting-started.md", import.meta.url), "utf8");
    const [first = "", then = ""] = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block);
    const args = first
      .trim()
      .replace(/^npx meshc /, "")
      .split(" ");
    expect(await meshc(args, { cwd: installed.folder })).toMatchObject({ code: 0, err: "" });
    const folder = join(installed.folder, "demo");
    const said: Record<string, string> = {};
    for (const line of then.trim().split("\n").slice(1)) {
      const command = line.replace(/\s+#.*$/, "").replace(/^npm /, "");
      said[command] = await npm(folder, ...command.split(" "));
    }
    expect(said["start"]).toContain("Hello, Ada!");
    expect(said["run check"]).toContain("1 file checked: no problems");
    expect(said["run build"]).toContain("1 program built");
    expect(said["test"]).toMatch(/pass 1$/m);
    await typechecks(folder, "typescript-5.9");
  });

  it("voice: checks, builds, runs and tests", async () => {
    const folder = await project("voice");
    expect(await npm(folder, "run", "check")).toContain("no problems");
    const said = await npm(folder, "start");
    expect(said).toContain("Going ten meters forward.");
    expect(readWav(join(folder, "answer.wav"))).toMatchObject({ sampleRate: 48_000, channels: 1 });
    expect(await npm(folder, "test")).toMatch(/pass 1$/m);
  });

  it("batch: checks, builds, runs and tests", async () => {
    const folder = await project("batch");
    expect(await npm(folder, "run", "check")).toContain("no problems");
    await npm(folder, "start");
    const lines = readFileSync(join(folder, "summaries.jsonl"), "utf8").trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
      { title: "Tea", summary: "Boil fresh water.", words: 18 },
      { title: "Bread", summary: "Mix flour, water, salt and yeast.", words: 14 },
    ]);
    expect(await npm(folder, "test")).toMatch(/pass 1$/m);
  });

  it("browser: checks, builds and tests", async () => {
    const folder = await project("browser");
    expect(await npm(folder, "run", "check")).toContain("no problems");
    await npm(folder, "run", "build");
    expect(existsSync(join(folder, "dist/index.html"))).toBe(true);
    expect(await npm(folder, "test")).toMatch(/pass 1$/m);
    await typechecks(folder, "typescript-5.9");
    await typechecks(folder, "typescript-6");
  });

  it.skipIf(noChromium !== undefined)("browser: runs in a page", async () => {
    const folder = join(installed.folder, "my-browser");
    const own = (await import(
      pathToFileURL(join(installed.folder, "node_modules/vite/dist/node/index.js")).href
    )) as Pick<typeof vite, "createServer">;
    let server: vite.ViteDevServer | undefined;
    const browser = await launchChromium();
    try {
      server = await own.createServer({ root: folder, logLevel: "silent", server: { host: "127.0.0.1", port: 0 } });
      await server.listen();
      const page = await browser.newPage();
      await page.goto(server.resolvedUrls?.local[0] ?? "");
      await page.getByRole("textbox").fill("come here!");
      await page.getByRole("button").click();
      await page.getByText("come here! (2 words, loud)").waitFor();
    } finally {
      await browser.close();
      await server?.close();
    }
  });
});
