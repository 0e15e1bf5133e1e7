import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { unzipSync } from "fflate";
import { chromium, type Browser, type FrameLocator, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { codeFolder } from "../../compiler/cli/lsp/code-cache.ts";
import { requests } from "../../compiler/language-server/protocol.ts";
import { buildExtension, packExtension } from "../../scripts/extension.mjs";
import { Client, folderWith } from "../compiler/language-server/support/client.ts";
import { editorHost, withHostTests, type EditorHost } from "./editor/host.ts";
import { marks, type HostResult, type WindowStep } from "./editor/protocol.ts";
import { tracks, writeTracking, writeWorkspace } from "./editor/workspace.ts";
import { noChromium } from "./support/chromium.ts";
import { freePorts } from "./support/processes.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Where pictures of the window are kept to be looked at; nowhere when it is not set. */
const pictures = process.env["MESH_EDITOR_PICTURES"];

/** What the tests in the host have said, in order. */
const results: HostResult[] = [];
let folder: string;
/** What the editor has opened. */
let opened: string;
let host: EditorHost;
let browser: Browser;
let vsix: { readonly file: string; readonly bytes: number };
/** Where the editor has put the extension. */
let extension: string;
let exit: number | undefined;
const windowErrors: string[] = [];

/** The page of the graph is a frame in a frame. */
function graphIn(page: Page): FrameLocator {
  return page.frameLocator("iframe.webview.ready").last().frameLocator("iframe#active-frame");
}

async function picture(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

/** Where lists and dialogs are typed into. */
const field = ".quick-input-widget input.input";

/** Resolves once the field of the dialog that is shown holds a text. */
async function offered(page: Page, text: string): Promise<void> {
  const holds = `document.querySelector(${JSON.stringify(field)})?.value.includes(${JSON.stringify(text)}) === true`;
  await page.waitForFunction(holds);
}

/** Chooses from the list that is shown. */
async function choose(page: Page, label: RegExp): Promise<void> {
  const row = page.locator(".quick-input-list .monaco-list-row", { hasText: label }).first();
  await row.waitFor();
  await row.click();
}

/** Takes a file or folder in the dialog that is shown, which asks for a path where the editor runs in a page. */
async function accept(page: Page, path: string): Promise<void> {
  const ok = page.locator(".quick-input-widget .quick-input-action .monaco-button");
  await ok.first().waitFor();
  const input = page.locator(field);
  // What is typed before the folder has been read is lost.
  await page.locator(".quick-input-list").getByText("..", { exact: true }).first().waitFor();
  if (path.startsWith("/")) await input.fill(path);
  await offered(page, path);
  await ok.first().click();
}

/** Resolves once the status of the language says whose server answers. */
async function serverOf(page: Page, owner: "project" | "extension"): Promise<void> {
  await page.locator('[id="status.languageStatus"]').hover();
  await page.getByText(`language server of the ${owner}`).first().waitFor();
}

/** What a person does in the window, when the tests in the host ask for it. */
function stepsOf(page: Page): Readonly<Record<WindowStep, () => Promise<void>>> {
  const box = (label: string) => graphIn(page).locator(`g.part:has(> text.t:text-is("${label}"))`).first();
  return {
    async fix() {
      await page.locator(".squiggly-error").first().waitFor();
      // It comes where the editor knows what can be done at the cursor.
      await page.locator("[class*=lightbulb], .lightBulbWidget").first().waitFor();
      const menu = page.locator(".action-widget");
      // Where the editor asks for fixes by itself meanwhile, it forgets that somebody has asked; who sees no menu asks again.
      const ask = async (): Promise<void> => {
        await page.keyboard.press("Control+.");
        await menu.getByText(/Shout/).first().waitFor({ timeout: 5000 });
      };
      await vi.waitFor(ask, { timeout: 60_000 });
      await picture(page, "fix");
      await page.keyboard.press("Enter");
    },
    async graph() {
      await box("loud").waitFor();
      await picture(page, "graph");
      await box("loud").click();
    },
    async "graph-stale"() {
      await graphIn(page).locator("body.stale").waitFor();
      expect(await graphIn(page).locator("#notice").textContent()).toContain("1 error");
      await picture(page, "graph-stale");
      await page.locator(".view-lines").first().click();
      await page.keyboard.press("Control+Z");
    },
    async "graph-mended"() {
      await box("Alone").waitFor();
      await box("Alone").locator("text.t").click();
    },
    async "graph-follows"() {
      await graphIn(page).getByText("1 error: there is nothing to draw yet").waitFor();
      writeFileSync(join(opened, "murmur.mesh"), "node Murmur {\n  in  text\n  out text\n}\n");
      await box("Murmur").locator("text.t").click();
    },
    async save() {
      await graphIn(page).locator("#save").click();
      await accept(page, "main.svg");
    },
    async pick() {
      await choose(page, /another file/);
      await accept(page, join(opened, "question.wav"));
      await choose(page, /write it to a file/);
      await accept(page, join(opened, "heard.wav"));
    },
    async scenario() {
      await page.getByText("`loud` uses `Loud()` in the").first().waitFor();
      await picture(page, "scenario");
      await page.locator(".view-lines").first().click();
      await page.keyboard.press("Control+Home");
    },
    async "new-project"() {
      await choose(page, /^hello/);
      await accept(page, opened);
      await offered(page, "my-hello");
      await page.keyboard.press("Enter");
    },
    async running() {
      // A line has no width, so that it does not count as visible.
      await graphIn(page).locator("path.flowing").first().waitFor({ state: "attached" });
      // At first it says how many there were in all.
      await graphIn(page)
        .locator("text.rate", { hasText: /^\d+(\.\d)?\/s/ })
        .first()
        .waitFor({ state: "attached" });
      await page.getByText("Ticks.tick -> loud.line").first().waitFor();
      await picture(page, "running");
      await page.locator(".editor-actions a.codicon-debug-stop").first().click();
    },
  };
}

/** The text of the window and of the pages of extensions in it, for one who reads why a step has failed. */
async function whatIsShown(page: Page): Promise<string> {
  const shown = page
    .frames()
    .filter((one) => one.parentFrame() === null || /^(active|pending)-frame$/.test(one.name()));
  const texts = shown.map((frame) => frame.evaluate<string>("document.body.innerText").catch(String));
  return (await Promise.all(texts)).filter((text) => text.trim() !== "").join("\n--\n");
}

/** Has the tests of the suite played in the editor's host, with a person at the window. */
async function playSuite(): Promise<void> {
  const suite = join(folder, "suite.cjs");
  await build({
    entryPoints: [join(root, "test/e2e/editor/suite.ts")],
    outfile: suite,
    bundle: true,
    platform: "node",
    format: "cjs",
    external: ["vscode"],
  });
  opened = join(folder, "tested");
  writeWorkspace(opened, root, await freePorts(2));
  const url = await host.serve(opened);
  const page = await browser.newPage({ viewport: { width: 1400, height: 860 }, reducedMotion: "reduce" });
  page.setDefaultTimeout(60_000);
  await withHostTests(page, url, extension, suite);
  const steps = stepsOf(page);
  await new Promise<void>((resolve, reject) => {
    void page.exposeFunction("codeAutomationLog", (_type: string, args: readonly unknown[]) => {
      const line = args.map(String).join(" ");
      if (process.env["MESH_EDITOR_LOG"] !== undefined) console.log(line);
      if (line.includes(marks.result)) {
        results.push(JSON.parse(line.slice(line.indexOf(marks.result) + marks.result.length)) as HostResult);
      } else if (line.includes(marks.step)) {
        const name = line.slice(line.indexOf(marks.step) + marks.step.length).trim() as WindowStep;
        steps[name]().catch(async (error: unknown) => {
          windowErrors.push(`${name}: ${String(error)}\n${await whatIsShown(page)}`);
          await picture(page, `failed-${name}`);
          // The host would wait in vain.
          resolve();
        });
      }
    });
    void page.exposeFunction("codeAutomationExit", (code: number) => {
      exit = code;
      resolve();
    });
    page.goto(url.href, { timeout: 60_000 }).catch(reject);
  });
  await picture(page, "end");
}

beforeAll(async () => {
  if (noChromium !== undefined) return;
  folder = mkdtempSync(join(tmpdir(), "mesh-editor-"));
  host = await editorHost(join(folder, "host"));
  await buildExtension();
  vsix = packExtension();
  await host.install(vsix.file);
  const [installed = ""] = readdirSync(join(folder, "host/extensions")).filter((name) => name.includes("mesh"));
  extension = join(folder, "host/extensions", installed);
  // A document that Playwright answers for counts as one of the wide net, which may not speak with this machine.
  const args = ["--no-sandbox", "--disable-features=LocalNetworkAccessChecks"];
  const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
  browser = await chromium.launch({ executablePath, args });
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await host?.[Symbol.asyncDispose]();
  // What the editor has started ends a moment after it, and may still write until then.
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
});

describe.skipIf(noChromium !== undefined)("the extension in the editor", () => {
  it("is a package of less than 3 MB without node_modules, which the editor installs", () => {
    expect(vsix.bytes).toBeLessThan(3_000_000);
    const names = Object.keys(unzipSync(readFileSync(vsix.file)));
    expect(names.slice(0, 2)).toEqual(["[Content_Types].xml", "extension.vsixmanifest"]);
    expect(names.filter((name) => name.includes("node_modules"))).toEqual([]);
    expect(existsSync(join(extension, "dist/meshc.mjs"))).toBe(true);
  });

  it("brings a language server along that works where nothing is installed, and runs no code unless it may", async () => {
    const files = { "main.mesh": "record R { a: txt }\n", "mesh.config.ts": 'export default { sourcez: ["."] };\n' };
    const caches = join(folder, "caches");
    const env = { ...process.env, XDG_CACHE_HOME: caches, LOCALAPPDATA: caches, HOME: caches };
    const started = (trusted: boolean): Client => {
      const project = folderWith(files);
      symlinkSync(join(root, "node_modules"), join(project, "node_modules"), "dir");
      const program = join(extension, "dist/meshc.mjs");
      const child = spawn(process.execPath, [program, "lsp", "--stdio"], { cwd: project, env });
      const init = { initializationOptions: { trusted } };
      return new Client(project, child.stdout, child.stdin, init, () => child.kill());
    };
    await using careful = await started(false).start();
    const { diagnostics } = await careful.diagnosed("main.mesh");
    expect(diagnostics).toMatchObject([{ code: "MESH2001" }]);
    expect(await careful.request(requests.explain, { code: "MESH2001" })).toMatch(/^# MESH2001/);
    careful.open("main.mesh", 'import { Vad } from "std/speech"\n');
    await careful.diagnosed("main.mesh", ({ version }) => version === 1);
    const config = careful.uri("mesh.config.ts");
    expect(careful.published.filter(({ uri, diagnostics: all }) => uri === config && all.length > 0)).toEqual([]);
    // With the esbuild of the project.
    await using trusting = await started(true).start();
    const told = await trusting.diagnosed("mesh.config.ts", ({ diagnostics: all }) => all.length > 0);
    expect(told.diagnostics[0]?.message).toContain("there is no setting `sourcez`");
    // At its end it keeps what V8 has compiled, for the next start.
    await careful.request("shutdown", undefined);
    expect(readdirSync(codeFolder(env) ?? "")).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.code$/)]);
  });

  it("runs nothing of a workspace until somebody trusts it, and all of it from then on", async () => {
    const careful = join(folder, "careful");
    writeTracking(careful, root, await freePorts(2));
    const ran = (): readonly string[] =>
      existsSync(join(careful, tracks)) ? readFileSync(join(careful, tracks), "utf8").split("\n") : [];
    const url = await host.serve(careful, true);
    const page = await browser.newPage({ viewport: { width: 1400, height: 860 }, reducedMotion: "reduce" });
    page.setDefaultTimeout(120_000);
    try {
      await page.goto(url.href);
      await page.getByRole("button", { name: "No, I don't trust the authors" }).click();
      await page.getByRole("treeitem", { name: "ticking.mesh" }).dblclick();
      const lens = (text: RegExp) => page.locator(".codelens-decoration a", { hasText: text }).first();
      // It is checked and drawn all the same.
      await lens(/ references$/).waitFor();
      await lens(/^graph$/).click();
      await graphIn(page).locator('g.part:has(> text.t:text-is("loud"))').first().waitFor();
      await serverOf(page, "extension");
      const run = page.locator(".editor-actions a.codicon-play").first();
      expect(await run.getAttribute("aria-disabled")).toBe("true");
      // A lens is there to be clicked in any case, and says why nothing comes of it.
      await lens(/^run$/).click();
      const asks = page.getByRole("button", { name: "Manage Trust" });
      await asks.first().waitFor();
      await picture(page, "untrusted");
      expect(ran()).toEqual([]);
      await asks.first().click();
      await page.getByRole("button", { name: "Trust", exact: true }).click();
      await page.getByText("You trust this folder").first().waitFor();
      // It lies over everything else.
      await page.locator(".modal-editor-header a.codicon-close").click();
      await serverOf(page, "project");
      expect(await run.getAttribute("aria-disabled")).toBe(null);
      await lens(/^run$/).click();
      await graphIn(page).locator("path.flowing").first().waitFor({ state: "attached" });
      await picture(page, "trusted");
      expect(new Set(ran())).toEqual(new Set(["configuration", "node", "code", ""]));
    } catch (error) {
      await picture(page, "failed-trust");
      throw error;
    } finally {
      await page.close();
    }
  }, 300_000);

  it("passes its tests in the editor's host, with a person at the window", async () => {
    await playSuite();
    // What fails in the window may follow from what has failed in the host before.
    const hostErrors = results.flatMap(({ name, error }) => (error === undefined ? [] : [`${name}: ${error}`]));
    expect([...hostErrors, ...windowErrors]).toEqual([]);
    expect(results.length).toBeGreaterThan(10);
    expect(exit).toBe(0);
  }, 400_000);
});
