import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Picture } from "../../compiler/graph/picture.ts";
import type { FromPage, ToPage } from "../../vscode-extension/core/messages.ts";
import { graphPage } from "../../vscode-extension/host/graph-page.ts";
import { launchChromium, noChromium } from "./support/chromium.ts";

const extension = fileURLToPath(new URL("../../vscode-extension", import.meta.url));
const address = "http://graph.test";
const picture: Picture = {
  version: 1,
  title: "main.mesh",
  frames: [{ id: "f", kind: "pipeline", label: "Front", notes: [], frames: [], boxes: [] }],
  boxes: [],
  arrows: [],
};

let browser: Browser;
let script: string;

/** The page as an editor shows it, with the same policy. @param onSaid is told what the page says */
async function shown(onSaid: (message: FromPage) => void = () => undefined): Promise<Page> {
  const page = await browser.newPage();
  const uri = "file:///main.mesh";
  const html = graphPage({ script: "/graph.js", style: "/graph.css", source: address, nonce: "abc", uri });
  const style = readFileSync(join(extension, "media/graph.css"), "utf8");
  await page.route(`${address}/**`, (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === "/graph.js") return route.fulfill({ contentType: "text/javascript", body: script });
    if (pathname === "/graph.css") return route.fulfill({ contentType: "text/css", body: style });
    return route.fulfill({ contentType: "text/html", body: html });
  });
  await page.exposeFunction("say", onSaid);
  await page.addInitScript("globalThis.acquireVsCodeApi = () => ({ setState() {}, postMessage: globalThis.say })");
  await page.goto(address);
  return page;
}

/** Tells it several things in one go. */
function tell(page: Page, ...messages: readonly ToPage[]): Promise<void> {
  return page.evaluate(
    `for (const data of ${JSON.stringify(messages)}) window.dispatchEvent(new MessageEvent("message", { data }))`,
  );
}

beforeAll(async () => {
  if (noChromium !== undefined) return;
  const bundled = await build({
    entryPoints: [join(extension, "webview/graph.ts")],
    bundle: true,
    format: "iife",
    platform: "browser",
    external: ["web-worker"],
    write: false,
  });
  script = bundled.outputFiles[0]?.text ?? "";
  browser = await launchChromium();
});

afterAll(() => browser?.close());

describe.skipIf(noChromium !== undefined)("the page of the graph in a browser", () => {
  it("says that it is ready until it is heard", async () => {
    const said: FromPage[] = [];
    let onThird: () => void = () => undefined;
    const third = new Promise<void>((resolve) => void (onThird = resolve));
    const page = await shown((message) => {
      said.push(message);
      if (said.length === 3) onThird();
    });
    await third;
    expect([...new Set(said.map(({ type }) => type))]).toEqual(["ready"]);
    await page.close();
  });

  it("stays pale when the program breaks while its picture is being laid out", async () => {
    const page = await shown();
    await tell(page, { type: "heard" }, { type: "picture", picture }, { type: "stale", reason: "1 error" });
    await page.locator("#picture svg").waitFor();
    expect(await page.locator("#notice").textContent()).toBe("1 error");
    expect(await page.locator("body.stale").count()).toBe(1);
    await tell(page, { type: "picture", picture });
    await page.locator("body:not(.stale)").waitFor();
    expect(await page.locator("#notice").textContent()).toBe("");
    await page.close();
  });

  it("shows no picture of a program beside the word that there is none", async () => {
    const page = await shown();
    await tell(page, { type: "picture", picture });
    await page.locator("#picture svg").waitFor();
    await tell(page, { type: "picture", picture }, { type: "none", reason: "2 errors" });
    expect(await page.locator("#picture svg").count()).toBe(0);
    // What was being laid out comes after it.
    await tell(page, { type: "picture", picture: { ...picture, frames: [] } });
    await page.getByText("There is no pipeline here yet.").waitFor();
    await page.close();
  });
});
