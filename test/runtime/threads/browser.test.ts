import { createServer, type Server } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchChromium, noChromium } from "../../e2e/support/chromium.ts";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The module of the node, as a page serves it. */
const code = `
import { defineNode, MeshError, ports } from "pipeline-mesh";

export const Louder = defineNode({
  inputs: { in: ports.floats },
  outputs: { out: ports.floats },
  open({ gain }, { log, metrics }) {
    log("info", typeof window);
    return {
      process({ payload }) {
        metrics.count("frames");
        if (payload.length === 0) throw new MeshError("resource-exhausted", "no sound", { hint: "Speak." });
        return payload.map((sample) => sample * gain);
      },
      flush: (epoch) => log("info", "flush " + epoch),
      end: () => Float32Array.of(7),
    };
  },
});`;

const script = `
import { workerNode } from "pipeline-mesh";
import { testNode } from "pipeline-mesh/testing";

globalThis.run = async (wrong) => {
  const started = performance.now();
  const clock = {
    nowUs: () => performance.now() * 1000,
    wallMs: () => Date.now(),
    schedule(delayMs, callback) {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
  };
  const sound = "audio<pcm_f32, 48kHz, mono>";
  const ports = { inputs: { in: sound }, outputs: { out: sound } };
  try {
    const node = await testNode(workerNode("/app/louder.js", wrong ?? "Louder"), { params: { gain: 2 }, ...ports, clock });
    const frames = [0.1, 0.2, 0.3].map((value) => new Float32Array(960).fill(value));
    await node.feed("in", frames);
    node.flush();
    await node.feed("in", [frames[0]]);
    await node.end();
    const heard = node.frames("out").map(({ payload, epoch }) => [payload.length, Math.round(payload[0] * 10), epoch]);
    const failing = await testNode(workerNode("/app/louder.js", "Louder"), { params: { gain: 2 }, ...ports, clock });
    const failed = await failing.send("in", new Float32Array(0)).catch(({ code, hint }) => ({ code, hint }));
    await failing.close();
    const logs = node.logs.map(({ message }) => message);
    return { heard, failed, logs, metrics: node.metrics, kept: frames.map((frame) => frame.length) };
  } catch (error) {
    return { code: error.code, message: error.message };
  }
};`;

describe.skipIf(noChromium !== undefined)("a page in Chromium", () => {
  let server: Server;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const bundled = async (contents: string): Promise<string> => {
      const { outputFiles } = await build({
        stdin: { contents, resolveDir: at("."), loader: "ts" },
        alias: {
          "pipeline-mesh/testing": at("../../../runtime/testing/index.ts"),
          "pipeline-mesh": at("../../../runtime/platform/browser.ts"),
        },
        bundle: true,
        write: false,
        format: "esm",
        platform: "browser",
        // What a page is optimised by must not hurt what goes to the thread as text.
        minify: true,
      });
      return outputFiles[0]?.text ?? "";
    };
    const served: Readonly<Record<string, readonly [type: string, body: string]>> = {
      "/": ["text/html", '<!doctype html><script type="module" src="/app/page.js"></script>'],
      "/app/page.js": ["text/javascript", await bundled(script)],
      "/app/louder.js": ["text/javascript", await bundled(code)],
    };
    server = createServer(({ url = "" }, response) => {
      const [type, body] = served[url] ?? ["text/plain", undefined];
      response.writeHead(body === undefined ? 404 : 200, { "content-type": type }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    browser = await launchChromium();
    page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as { port: number }).port}/`);
    await page.waitForFunction("globalThis.run !== undefined");
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  it("runs a node on a module worker, with the same semantics", async () => {
    expect(await page.evaluate("run()")).toEqual({
      heard: [
        [960, 2, 0],
        [960, 4, 0],
        [960, 6, 0],
        [960, 2, 1],
        [1, 70, 1],
      ],
      failed: { code: "resource-exhausted", hint: "Speak." },
      logs: ["undefined", "flush 1"],
      metrics: { frames: 4 },
      kept: [960, 960, 960],
    });
  });

  it("says what is wrong with the module", async () => {
    expect(await page.evaluate('run("Quieter")')).toMatchObject({
      code: "node-failed",
      message: expect.stringMatching(/louder\.js exports no node `Quieter`/),
    });
  });
});
