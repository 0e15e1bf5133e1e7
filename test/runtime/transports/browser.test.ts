import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Connection, Listener } from "../../../runtime/interface/transport.ts";
import { weriftTransport } from "../../conformance/nodejs-transport.ts";

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const missing = existsSync(executablePath) ? undefined : `no Chromium at ${executablePath}; set CHROMIUM to its path`;
if (missing !== undefined) console.warn(`Skipping the tests in a browser: ${missing}.`);

describe.skipIf(missing !== undefined)("a page in Chromium and a peer in Node", () => {
  const accepted: Connection[] = [];
  let server: Server;
  let listener: Listener;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const entry = fileURLToPath(new URL("fixtures/browser-peer.ts", import.meta.url));
    const bundle = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      format: "iife",
      platform: "browser",
    });
    server = createServer((_, response) => {
      response.setHeader("content-type", "text/html");
      response.end(
        `<!doctype html><script>${bundle.outputFiles[0]?.text.replaceAll("</script", "<\\/script")}</script>`,
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    listener = await weriftTransport({ pipelines: () => ["Echo"] }).listen("webrtc://127.0.0.1:0", serve);
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as { port: number }).port}/`);
  });

  afterAll(async () => {
    await browser?.close();
    await listener?.close();
    server?.close();
  });

  function serve(connection: Connection): void {
    accepted.push(connection);
    connection.control.onMessage(() => void connection.close());
    const echo = connection.channel(1, "echo");
    echo.onMessage((message) => echo.send(message));
    let received = 0;
    connection.channel(21, "sink").onMessage((message) => {
      received++;
      if (message[0] === 255) connection.control.send(new TextEncoder().encode(String(received)));
    });
  }

  test("carry messages of all sizes both ways, and close in good order (R3)", async () => {
    const result = await page.evaluate(`exerciseIn(${JSON.stringify(listener.address)})`);
    expect(result).toMatchObject({
      echoed: [1, 1200, 1920, 16_384],
      received: 2000,
      error: undefined,
      state: { transport: "webrtc", state: "connected", role: "offerer" },
    });
    expect(await accepted.at(-1)?.closed).toEqual({ error: undefined });
    console.info(`Chromium to werift, 1920 B: ${(result as { megabytesPerSecond: number }).megabytesPerSecond} MB/s`);
  });

  test("let the page see an orderly close by the peer", async () => {
    expect(await page.evaluate(`endIn(${JSON.stringify(listener.address)})`)).toEqual({ code: undefined });
  });

  test("tell the page what is wrong", async () => {
    expect(await page.evaluate(`failIn(${JSON.stringify(`${listener.address}/Nope`)})`)).toMatchObject({
      code: "pipeline-not-found",
      message: /runs Echo/,
    });
    expect(await page.evaluate(`failIn("webrtc://127.0.0.1:9/Echo")`)).toMatchObject({ code: "peer-unreachable" });
  });

  test("let the peer notice at once that the page is left", async () => {
    const extra = await browser.newPage();
    await extra.goto(page.url());
    const before = accepted.length;
    await extra.evaluate(`stayIn(${JSON.stringify(listener.address)})`);
    await expect.poll(() => accepted.length).toBeGreaterThan(before);
    const start = performance.now();
    await extra.goto("about:blank");
    expect((await accepted.at(-1)?.closed)?.error).toMatchObject({ code: "peer-lost" });
    expect(performance.now() - start).toBeLessThan(2000);
    await extra.close();
  });
});
