import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build as esbuild, type BuildOptions } from "esbuild";
import type { Browser } from "playwright-core";
import { build as viteBuild, type InlineConfig } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import webpack from "webpack";
import type esbuildMesh from "../../compiler/bundler/esbuild.ts";
import type viteMesh from "../../compiler/bundler/vite.ts";
import type webpackMesh from "../../compiler/bundler/webpack.ts";
import { launchChromium, noChromium } from "./support/chromium.ts";
import { installedPackage, type InstalledPackage } from "./support/installed.ts";

const example = fileURLToPath(new URL("../../examples/wasm-nodes", import.meta.url));

const files = {
  "package.json": JSON.stringify({ name: "loud", type: "module" }),
  "main.mesh": `node Gain(gain: decibel) {
  in  audio<pcm_f32, 48kHz, mono>
  out audio<pcm_f32, 48kHz, mono>
  from "./nodes/gain.wasm"
}

node Limiter(ceiling: decibel) {
  in  audio<pcm_f32, 48kHz, mono>
  out audio<pcm_f32, 48kHz, mono>
  from "./nodes/limiter.wasm"
}

pipeline Main {
  in  voice: audio<pcm_f32, 48kHz, mono>
  out loud: audio<pcm_f32, 48kHz, mono>
  voice -> Gain(gain: -20dB) -> Limiter(ceiling: 0dB) -> loud
}
`,
  "page.js": `import { launchMain } from "./main.mesh";

globalThis.louder = async (samples) => {
  const main = await launchMain();
  try {
    const reading = main.loud[Symbol.asyncIterator]();
    await main.voice.write(Float32Array.from(samples));
    return [...(await reading.next()).value];
  } finally {
    await main.close();
  }
};
`,
  "index.html": `<!doctype html><script type="module" src="/page.js"></script>`,
};

const types: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript" };

const isLouder = (samples: readonly number[]): void => {
  expect(samples.map((one) => Number(one.toFixed(5)))).toEqual([0.1, -0.05, 0.025]);
};

describe.skipIf(noChromium !== undefined)("WebAssembly nodes in a page in Chromium", () => {
  let installed: InstalledPackage;
  let folder: string;
  let browser: Browser;
  let server: Server;
  let served = "";

  beforeAll(async () => {
    installed = installedPackage();
    folder = installed.project("loud", files);
    mkdirSync(join(folder, "nodes"));
    for (const name of ["gain.wasm", "limiter.wasm"]) copyFileSync(join(example, name), join(folder, "nodes", name));
    browser = await launchChromium();
    server = createServer(({ url }, response) => {
      const path = url === "/" ? "/index.html" : (url ?? "/");
      try {
        const body = readFileSync(join(served, path));
        response.setHeader("content-type", types[extname(path)] ?? "application/octet-stream").end(body);
      } catch {
        response.writeHead(404).end();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
    installed?.[Symbol.dispose]();
  });

  async function plugin<T>(name: string): Promise<T> {
    const file = join(installed.folder, "node_modules/pipeline-mesh/dist", `${name}.js`);
    return ((await import(pathToFileURL(file).href)) as { default: T }).default;
  }

  /** What the page makes of some samples. */
  async function louder(out: string, html?: string): Promise<number[]> {
    if (html !== undefined) writeFileSync(join(out, "index.html"), html);
    served = out;
    const page = await browser.newPage();
    try {
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      await page.waitForFunction("'louder' in globalThis");
      return await page.evaluate("louder([1, -0.5, 0.25])");
    } finally {
      await page.close();
    }
  }

  it.each([
    ["in files of their own", 0],
    ["the small one in the code", 4096],
  ])("are there in what Vite has built, %s", async (_, assetsInlineLimit) => {
    const mesh = await plugin<typeof viteMesh>("vite");
    const out = join(folder, `out-vite-${assetsInlineLimit}`);
    const build = { outDir: out, assetsInlineLimit };
    const config: InlineConfig = { root: folder, configFile: false, logLevel: "silent", plugins: [mesh()], build };
    await viteBuild(config);
    isLouder(await louder(out));
  });

  it("are there in what webpack has built", async () => {
    const mesh = await plugin<typeof webpackMesh>("webpack");
    const out = join(folder, "out-webpack");
    const compiler = webpack({
      mode: "development",
      devtool: false,
      context: folder,
      entry: "./page.js",
      target: "web",
      output: { path: out },
      plugins: [mesh()],
    });
    const stats = await new Promise<webpack.Stats | undefined>((resolve, reject) => {
      compiler.run((error, found) => (error === null ? resolve(found) : reject(error)));
    });
    await new Promise((resolve) => compiler.close(resolve));
    expect(stats?.toJson({ errors: true }).errors).toEqual([]);
    isLouder(await louder(out, `<!doctype html><script src="/main.js"></script>`));
  });

  it.each<readonly [string, BuildOptions, string]>([
    ["as a module", { format: "esm" }, files["index.html"]],
    ["as a script", { format: "iife" }, `<!doctype html><script src="/page.js"></script>`],
    ["with files of their own", { format: "esm", loader: { ".wasm": "file" } }, files["index.html"]],
  ])("are there in what esbuild has built %s", async (name, options, html) => {
    const mesh = await plugin<typeof esbuildMesh>("esbuild");
    const out = join(folder, `out-esbuild ${name}`);
    await esbuild({
      absWorkingDir: folder,
      entryPoints: ["page.js"],
      outdir: out,
      bundle: true,
      plugins: [mesh()],
      logLevel: "silent",
      ...options,
    });
    isLouder(await louder(out, html));
  });

  it("fail the build where they do not fit", async () => {
    const mesh = await plugin<typeof esbuildMesh>("esbuild");
    const wrong = installed.project("wrong", {
      ...files,
      "main.mesh": files["main.mesh"]
        .replaceAll("gain: decibel", "level: decibel")
        .replace("gain: -20dB", "level: -20dB"),
    });
    mkdirSync(join(wrong, "nodes"));
    for (const name of ["gain.wasm", "limiter.wasm"]) copyFileSync(join(example, name), join(wrong, "nodes", name));
    const built = esbuild({
      absWorkingDir: wrong,
      entryPoints: ["page.js"],
      write: false,
      bundle: true,
      plugins: [mesh()],
      logLevel: "silent",
    });
    await expect(built).rejects.toThrow("MESH3021: `nodes/gain.wasm` does not fit `Gain`: it exports no `set_level`.");
  });
});
