import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchChromium, noChromium } from "../../e2e/support/chromium.ts";
import { memoryHost } from "../../../compiler/host/memory.ts";
import { launchPipeline, wasmNode } from "../../../runtime/platform/nodejs.ts";
import { inputPort, outputPort } from "../../../runtime/typed/ports.ts";
import { generate } from "../../compiler/codegen/support/generate.ts";
import { gainModule } from "../../support/wasm-module.ts";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const example = (name: string): URL => new URL(`../../../examples/wasm-nodes/${name}`, import.meta.url);

/** The nodes of the example, without converters. */
const source = `
node Gain(gain: decibel) { in audio<pcm_f32, 48kHz, mono>
 out audio<pcm_f32, 48kHz, mono>
 from "./gain.wasm" }
node Limiter(ceiling: decibel) { in audio<pcm_f32, 48kHz, mono>
 out audio<pcm_f32, 48kHz, mono>
 from "./limiter.wasm" }
pipeline Loud(gain: decibel = 12dB) { in voice: audio<pcm_f32, 48kHz, mono>
 out loud: audio<pcm_f32, 48kHz, mono>
 voice -> Gain(gain: gain) -> Limiter(ceiling: -3dB) -> loud }`;

/** What the page does: sends frames through the pipeline of the generated module, or says why that failed. */
const script = `
import { launchLoud } from "./main.mesh.ts";
import { wasmNode } from "pipeline-mesh";

globalThis.run = async (frames, address) => {
  try {
    const nodes = address === undefined ? {} : { Gain: wasmNode(new URL(address, location.href)) };
    await using pipeline = await launchLoud({ nodes });
    const heard = [];
    const reading = (async () => {
      for await (const frame of pipeline.loud) heard.push([...frame]);
    })();
    for (const frame of frames) await pipeline.voice.write(Float32Array.from(frame));
    pipeline.end();
    await reading;
    return { heard, frames: pipeline.describe().nodes.map((node) => node.frames) };
  } catch (error) {
    return { code: error.code, message: error.message, hint: error.hint };
  }
};`;

const frames = Array.from({ length: 20 }, (_frame, frame) =>
  Array.from({ length: 960 }, (_, index) => Math.fround(Math.sin(index / 7) * ((frame + 1) / 20))),
);

describe.skipIf(noChromium !== undefined)("a page in Chromium", () => {
  const said: string[] = [];
  let folder: string;
  let server: Server;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "mesh-wasm-"));
    const { text } = generate("main.mesh", memoryHost({ "main.mesh": source }), "browser");
    writeFileSync(join(folder, "main.mesh.ts"), text);
    const bundle = await build({
      stdin: { contents: script, resolveDir: folder, loader: "ts" },
      alias: { "pipeline-mesh": at("../../../runtime/platform/browser.ts") },
      bundle: true,
      write: false,
      format: "esm",
      platform: "browser",
    });
    const served: Readonly<Record<string, readonly [type: string, body: string | Uint8Array]>> = {
      "/": ["text/html", '<!doctype html><script type="module" src="/app/page.js"></script>'],
      "/app/page.js": ["text/javascript", bundle.outputFiles[0]?.text ?? ""],
      // Some servers know no type for it.
      "/app/gain.wasm": ["application/octet-stream", readFileSync(example("gain.wasm"))],
      "/app/limiter.wasm": ["application/wasm", readFileSync(example("limiter.wasm"))],
    };
    server = createServer(({ url = "" }, response) => {
      const [type, body] = served[url] ?? ["text/plain", undefined];
      response.writeHead(body === undefined ? 404 : 200, { "content-type": type }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    browser = await launchChromium();
    page = await browser.newPage();
    page.on("console", (message) => void said.push(`${message.type()}: ${message.text()}`));
    await page.goto(`http://127.0.0.1:${(server.address() as { port: number }).port}/`);
    await page.waitForFunction("globalThis.run !== undefined");
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (address?: string): Promise<unknown> =>
    page.evaluate(`run(${JSON.stringify(frames)}, ${JSON.stringify(address)})`);

  it("runs the modules of a generated module, with the same samples as in Node", async () => {
    const nodes = { Gain: wasmNode(example("gain.wasm")), Limiter: wasmNode(example("limiter.wasm")) };
    const { plan } = generate("main.mesh", memoryHost({ "main.mesh": source }));
    if (plan === undefined) throw new Error("no plan");
    await using pipeline = await launchPipeline(
      { plan, nodes },
      "Loud",
      { platform: { log: () => undefined } },
      { voice: inputPort<Float32Array>(), loud: outputPort<Float32Array>() },
    );
    const inNode: number[][] = [];
    const reading = (async () => {
      for await (const frame of pipeline.loud) inNode.push([...frame]);
    })();
    for (const frame of frames) await pipeline.voice.write(Float32Array.from(frame));
    pipeline.end();
    await reading;
    expect(inNode).toHaveLength(frames.length);
    expect(await run()).toEqual({ heard: inNode, frames: [20, 20] });
    // The standard error of the C library is a warning in the console of the page.
    expect(said.filter((one) => one.includes("being limited"))).toHaveLength(1);
  });

  it("runs a module that a bundler has put into its address", async () => {
    const address = `data:application/wasm;base64,${Buffer.from(gainModule()).toString("base64")}`;
    // Decibels as a factor, for that is what this module makes of them.
    const { heard } = (await run(address)) as { heard: number[][] };
    expect(heard).toHaveLength(frames.length);
    const first = heard[1] ?? [];
    expect(first.every((value, index) => Math.abs(value) >= Math.abs(frames[1]?.[index] ?? 0) * 0.99)).toBe(true);
  });

  it("says that there is no such module, and what to do", async () => {
    expect(await run("./none.wasm")).toMatchObject({
      code: "dependency-missing",
      message: expect.stringMatching(
        /^Node `Gain` of pipeline `Loud` \(main\.mesh:10:11\) failed: The WebAssembly module http:.*none\.wasm cannot be read: the server answers 404\.$/,
      ) as string,
      hint: expect.stringContaining("a bundler copies it along") as string,
    });
  });
});
