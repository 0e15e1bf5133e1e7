import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { createServer, type ViteDevServer } from "vite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type meshPlugin from "../../compiler/bundler/vite.ts";
import { bundledProject } from "./support/bundled.ts";
import { launchChromium, noChromium } from "./support/chromium.ts";
import { installedPackage, type InstalledPackage } from "./support/installed.ts";

/** A page that says what the program does, and takes a changed one in without being loaded again. */
const page = `import { launchMain } from "./main.mesh";

async function show(launch) {
  const main = await launch();
  const reading = (async () => {
    for await (const { text, marks } of main.greeting) document.querySelector("p").textContent = text + "!".repeat(marks);
  })();
  await main.name.write("ada");
  main.end();
  await reading;
}

await show(launchMain);
if (import.meta.hot) import.meta.hot.accept("./main.mesh", (fresh) => fresh && show(fresh.launchMain));
`;

describe.skipIf(noChromium !== undefined)("Vite's dev server", () => {
  let installed: InstalledPackage;
  let mesh: typeof meshPlugin;
  let browser: Browser;
  let folder: string;
  let server: ViteDevServer;
  let opened: Page;
  let count = 0;

  beforeAll(async () => {
    installed = installedPackage();
    const url = pathToFileURL(join(installed.folder, "node_modules/pipeline-mesh/dist/vite.js")).href;
    mesh = ((await import(url)) as { default: typeof meshPlugin }).default;
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    installed?.[Symbol.dispose]();
  });

  beforeEach(async () => {
    folder = installed.project(`dev${count++}`, {
      ...bundledProject,
      "page.js": page,
      "index.html": `<!doctype html><p></p><script type="module" src="/page.js"></script>`,
    });
    server = await createServer({
      root: folder,
      configFile: false,
      logLevel: "silent",
      plugins: [mesh()],
      server: { host: "127.0.0.1", port: 0 },
      // The packages are looked through once for all tests.
      cacheDir: join(installed.folder, "node_modules/.vite"),
    });
    await server.listen();
    opened = await browser.newPage();
  });
  afterEach(async () => {
    await opened?.close();
    await server?.close();
  });

  const open = async (): Promise<void> => void (await opened.goto(server.resolvedUrls?.local[0] ?? ""));
  const said = (): Promise<string | null> => opened.evaluate("document.querySelector('p')?.textContent ?? null");
  const shows = (text: string): Promise<void> => expect.poll(said).toBe(text);
  const overlay = (): Promise<string | null> =>
    opened.evaluate(`(() => {
      const shown = document.querySelector("vite-error-overlay")?.shadowRoot.querySelectorAll(".message, .file, .frame");
      return shown === undefined ? null : [...shown].map((one) => one.textContent).join("\\n");
    })()`);
  const edit = (name: string, from: string, to: string): void => {
    const text = readFileSync(join(folder, name), "utf8");
    expect(text).toContain(from);
    writeFileSync(join(folder, name), text.replace(from, to));
  };
  /** What is put on the page is gone when it is loaded again. */
  const mark = (): Promise<void> => opened.evaluate("void (globalThis.marked = true)");
  const marked = (): Promise<boolean> => opened.evaluate("globalThis.marked === true");

  it("takes a changed program into the page, and what it imports, and the code of its nodes", async () => {
    await open();
    await shows("HELLO ADA!");
    await mark();
    edit("words.mesh", "marks: int = 1", "marks: int = 3");
    await shows("HELLO ADA!!!");
    edit("shout.ts", '"HELLO"', '"GOOD MORNING"');
    await shows("GOOD MORNING ADA!!!");
    edit("main.mesh", "-> greeting", "-> greeting // the same once more");
    edit("words.mesh", "marks: int = 3", "marks: int = 2");
    await shows("GOOD MORNING ADA!!");
    expect(await marked()).toBe(true);
  });

  it("lays a mistake over the page, with its place, until it is put right", async () => {
    await open();
    await shows("HELLO ADA!");
    edit("main.mesh", "Shouting() ->", "Shoutin() ->");
    await expect.poll(overlay).toContain("MESH2001");
    expect(await overlay()).toMatch(/main\.mesh:6:\d+/);
    expect(await overlay()).toContain("Did you mean `Shouting`?");
    edit("main.mesh", "Shoutin() ->", "Shouting() ->");
    await expect.poll(overlay).toBeNull();
    edit("words.mesh", "marks: int = 1", "marks: int = 2");
    await shows("HELLO ADA!!");
    // The mistake may be in what is imported, and in code that is not there.
    edit("words.mesh", "  text: text", "  text: txt");
    await expect.poll(overlay).toContain("words.mesh:3:");
    edit("words.mesh", "  text: txt", "  text: text");
    await expect.poll(overlay).toBeNull();
    await shows("HELLO ADA!!");
  });

  it("opens on a mistake, and goes on when it is put right", async () => {
    edit("words.mesh", "marks: int = 1", "marks: innt = 1");
    await open();
    await expect.poll(overlay).toContain("words.mesh:4:");
    edit("words.mesh", "marks: innt = 1", "marks: int = 2");
    await shows("HELLO ADA!!");
  });

  it("misses the code of a node until it is written", async () => {
    const code = readFileSync(join(folder, "shout.ts"), "utf8");
    rmSync(join(folder, "shout.ts"));
    await open();
    await expect.poll(overlay).toContain("MESH2020");
    writeFileSync(join(folder, "shout.ts"), code);
    await shows("HELLO ADA!");
  });

  it("loads a page again that takes nothing in by itself", async () => {
    writeFileSync(join(folder, "page.js"), page.replace(/^if \(import.*$/m, ""));
    await open();
    await shows("HELLO ADA!");
    await mark();
    edit("words.mesh", "marks: int = 1", "marks: int = 4");
    await shows("HELLO ADA!!!!");
    expect(await marked()).toBe(false);
  });
});
