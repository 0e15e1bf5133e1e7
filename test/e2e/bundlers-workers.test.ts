import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build as esbuild } from "esbuild";
import type { Browser } from "playwright-core";
import { build as viteBuild } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import webpack from "webpack";
import type esbuildMesh from "../../compiler/bundler/esbuild.ts";
import type viteMesh from "../../compiler/bundler/vite.ts";
import type webpackMesh from "../../compiler/bundler/webpack.ts";
import { launchChromium, noChromium } from "./support/chromium.ts";
import { installedPackage, type InstalledPackage } from "./support/installed.ts";

const files = {
  "package.json": JSON.stringify({ name: "loud", type: "module" }),
  "main.mesh": `import { Gain } from "std/audio"

node Where {
  in  audio<pcm_f32, 48kHz, mono>
  out sound: audio<pcm_f32, 48kHz, mono>
  out place: text
  from "./nodes/where.ts"
}

pipeline Main {
  in  voice: audio<pcm_f32, 48kHz, mono>
  out loud: audio<pcm_f32, 48kHz, mono>
  out place: text

  let where = Where() with { worker: true }
  let gain = Gain(gain: -20dB) with { worker: true }

  voice -> where
  where.sound -> gain -> loud
  where.place -> place
}
`,
  "nodes/where.ts": `import { defineNode, ports } from "pipeline-mesh";
import { place } from "./place.ts";

export const Where = defineNode({
  inputs: { in: ports.floats },
  outputs: { sound: ports.floats, place: ports.text },
  open: (_, { emit }) => ({
    process({ payload }) {
      void emit("place", place());
      void emit("sound", payload);
    },
  }),
});
`,
  "nodes/place.ts": `export const place = (): string => typeof document === "undefined" ? "thread" : "page";
`,
  "page.js": `import { launchMain } from "./main.mesh";

globalThis.run = async () => {
  const main = await launchMain();
  try {
    const [loud, place] = [main.loud, main.place].map((port) => port[Symbol.asyncIterator]());
    await main.voice.write(Float32Array.of(1, -0.5));
    return [(await place.next()).value, ...(await loud.next()).value];
  } finally {
    await main.close();
  }
};
`,
  "index.html": `<!doctype html><script type="module" src="/page.js"></script>`,
};

const types: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript" };

describe.skipIf(noChromium !== undefined)("nodes on threads of a page in Chromium", () => {
  let installed: InstalledPackage;
  let folder: string;
  let browser: Browser;
  let server: Server;
  let served = "";

  beforeAll(async () => {
    installed = installedPackage();
    folder = installed.project("loud", files);
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

  async function expectRuns(out: string, html?: string): Promise<void> {
    if (html !== undefined) writeFileSync(join(out, "index.html"), html);
    served = out;
    const page = await browser.newPage();
    try {
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      await page.waitForFunction("'run' in globalThis");
      expect(await page.evaluate("run()")).toEqual(["thread", expect.closeTo(0.1, 5), expect.closeTo(-0.05, 5)]);
    } finally {
      await page.close();
    }
  }

  it("run in what Vite has built", async () => {
    const mesh = await plugin<typeof viteMesh>("vite");
    const out = join(folder, "out-vite");
    await viteBuild({ root: folder, configFile: false, logLevel: "silent", plugins: [mesh()], build: { outDir: out } });
    await expectRuns(out);
  });

  it("run in what webpack has built", async () => {
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
    await expectRuns(out, `<!doctype html><script src="/main.js"></script>`);
  });

  it.each([
    ["as a module", "esm", files["index.html"]],
    ["as a script", "iife", `<!doctype html><script src="/page.js"></script>`],
  ] as const)("run in what esbuild has built %s", async (name, format, html) => {
    const mesh = await plugin<typeof esbuildMesh>("esbuild");
    const out = join(folder, `out-esbuild ${name}`);
    const options = { absWorkingDir: folder, entryPoints: ["page.js"], outdir: out, bundle: true, format };
    await esbuild({ ...options, plugins: [mesh()], logLevel: "silent" });
    await expectRuns(out, html);
  });

  it("fail the build where their code cannot be bundled", async () => {
    const mesh = await plugin<typeof esbuildMesh>("esbuild");
    const wrong = installed.project("wrong", { ...files, "nodes/place.ts": "export const plaec = 1;\n" });
    const options = { absWorkingDir: wrong, entryPoints: ["page.js"], bundle: true, write: false };
    await expect(esbuild({ ...options, plugins: [mesh()], logLevel: "silent" })).rejects.toThrow(
      /on a thread cannot be bundled: nodes\/where\.ts:2:\d+: No matching export in "nodes\/place\.ts" for import "place"/,
    );
  });
});
