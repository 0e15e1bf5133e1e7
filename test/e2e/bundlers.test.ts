import { execFile } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { SourceMap, type SourceMapPayload } from "node:module";
import { basename, extname, join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import {
  build as esbuild,
  context as esbuildContext,
  type BuildFailure,
  type BuildOptions,
  type Plugin,
} from "esbuild";
import type { Browser } from "playwright-core";
import { rollup, type RollupError, type RollupLog } from "rollup";
import { build as viteBuild, type InlineConfig } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import webpack, { type Configuration, type Stats } from "webpack";
import type esbuildMesh from "../../compiler/bundler/esbuild.ts";
import type rollupMesh from "../../compiler/bundler/rollup.ts";
import type viteMesh from "../../compiler/bundler/vite.ts";
import type webpackMesh from "../../compiler/bundler/webpack.ts";
import { bundledProject, heard } from "./support/bundled.ts";
import { launchChromium, noChromium } from "./support/chromium.ts";
import { installedPackage, type InstalledPackage } from "./support/installed.ts";

const execute = promisify(execFile);
let installed: InstalledPackage;
let folder: string;
let mesh: {
  readonly vite: typeof viteMesh;
  readonly rollup: typeof rollupMesh;
  readonly esbuild: typeof esbuildMesh;
  readonly webpack: typeof webpackMesh;
};

beforeAll(async () => {
  installed = installedPackage();
  folder = installed.project("bundled", bundledProject);
  const door = async (name: string): Promise<never> => {
    const url = pathToFileURL(join(installed.folder, "node_modules/pipeline-mesh/dist", `${name}.js`)).href;
    return ((await import(url)) as { default: never }).default;
  };
  mesh = {
    vite: await door("vite"),
    rollup: await door("rollup"),
    esbuild: await door("esbuild"),
    webpack: await door("webpack"),
  };
});
afterAll(() => installed?.[Symbol.dispose]());

/** A project like the other one, but for some files. */
const changed = (name: string, files: Readonly<Record<string, string>>): string =>
  installed.project(name, { ...bundledProject, ...files });

async function runInNode(file: string): Promise<unknown> {
  const { stdout } = await execute(process.execPath, [file], { cwd: folder });
  return JSON.parse(stdout);
}

/** Imports of Node in a bundle, and what bundlers put in their place. */
function leftOfNode(out: string): string[] {
  return readdirSync(out, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".js"))
    .flatMap((name) => [
      ...readFileSync(join(out, name), "utf8").matchAll(/["']node:\w+["']|__vite-browser-external|Dynamic require of/g),
    ])
    .map(([found]) => found);
}

describe.skipIf(noChromium !== undefined)("a page in Chromium", () => {
  let browser: Browser;
  let server: Server;
  let served = "";
  beforeAll(async () => {
    browser = await launchChromium();
    const types: Record<string, string> = { ".html": "text/html", ".js": "text/javascript" };
    server = createServer((request, response) => {
      const path = request.url === "/" ? "/index.html" : (request.url ?? "/");
      try {
        const body = readFileSync(join(served, path));
        response.setHeader("content-type", types[extname(path)] ?? "application/octet-stream");
        response.end(body);
      } catch {
        response.statusCode = 404;
        response.end();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  /** Opens a folder as a page and has it greet. */
  async function greeted(out: string): Promise<unknown> {
    served = out;
    const page = await browser.newPage();
    try {
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      await page.waitForFunction("'greet' in globalThis");
      return await page.evaluate(`greet(["ada", "grace"])`);
    } finally {
      await page.close();
    }
  }
  const expected = { heard, exports: ["launchMain", "plan"] };
  const html = `<!doctype html><script type="module" src="/page.js"></script>`;

  it("runs what Vite has built, which needs nothing of Node", async () => {
    const out = join(folder, "out-vite");
    await viteBuild(viteConfig(folder, { build: { outDir: out, minify: false } }));
    expect(leftOfNode(out)).toEqual([]);
    expect(await greeted(out)).toMatchObject(expected);
  });

  it("runs what esbuild has built, which needs nothing of Node", async () => {
    const out = join(folder, "out-esbuild-page");
    const { warnings } = await esbuild(esbuildOptions(folder, { entryPoints: ["page.js"], outdir: out }));
    expect(warnings).toEqual([]);
    writeFileSync(join(out, "index.html"), html);
    expect(leftOfNode(out)).toEqual([]);
    expect(await greeted(out)).toMatchObject(expected);
  });

  it("runs what webpack has built, which needs nothing of Node", async () => {
    const out = join(folder, "out-webpack-page");
    const stats = await webpackBuild(webpackConfig(folder, { entry: "./page.js", target: "web" }, out));
    expect(stats.toJson({ errors: true, warnings: true }).errors).toEqual([]);
    writeFileSync(join(out, "index.html"), `<!doctype html><script src="/main.js"></script>`);
    expect(leftOfNode(out)).toEqual([]);
    expect(await greeted(out)).toMatchObject(expected);
  });
});

describe("Node", () => {
  const expected = { heard, exports: ["launchMain", "plan", "servePeers"] };

  /** Where the line that launches the pipeline comes from, by the source map beside a bundle. */
  function launchedAt(file: string): string {
    const lines = readFileSync(file, "utf8").split("\n");
    const line = lines.findIndex((one) => /launchPipeline\d*\)?\(program\d*, "Main"/.test(one));
    const map = new SourceMap(JSON.parse(readFileSync(`${file}.map`, "utf8")) as SourceMapPayload);
    const entry = map.findEntry(line, lines[line]?.search(/\S/) ?? 0);
    return "originalLine" in entry ? `${basename(entry.originalSource)}:${entry.originalLine + 1}` : "nowhere";
  }

  it("runs what Vite has built for a server", async () => {
    const out = join(folder, "out-vite-node");
    const build = { outDir: out, ssr: "node.js", minify: false, sourcemap: true };
    await viteBuild(viteConfig(folder, { build }));
    expect(await runInNode(join(out, "node.js"))).toMatchObject(expected);
    expect(launchedAt(join(out, "node.js"))).toBe("main.mesh:3");
  });

  it("runs what esbuild has built", async () => {
    const out = join(folder, "out-esbuild");
    await esbuild(esbuildOptions(folder, { entryPoints: ["node.js"], outdir: out, platform: "node", sourcemap: true }));
    expect(await runInNode(join(out, "node.js"))).toMatchObject(expected);
    expect(launchedAt(join(out, "node.js"))).toBe("main.mesh:3");
  });

  it("runs what Rollup has built", async () => {
    const { bundle, warnings } = await rollupBuild(folder);
    await bundle.write({ dir: join(folder, "out-rollup"), format: "es", sourcemap: true });
    expect(warnings).toEqual([]);
    expect(await runInNode(join(folder, "out-rollup/node.js"))).toMatchObject(expected);
    expect(launchedAt(join(folder, "out-rollup/node.js"))).toBe("main.mesh:3");
    expect(bundle.watchFiles.map((file) => basename(file))).toEqual(expect.arrayContaining(["words.mesh", "shout.ts"]));
  });

  it("runs what webpack has built", async () => {
    const out = join(folder, "out-webpack");
    const settings: Configuration = { entry: "./node.js", target: "node20", devtool: "source-map" };
    const stats = await webpackBuild(webpackConfig(folder, settings, out));
    expect(stats.toJson({ errors: true }).errors).toEqual([]);
    expect(await runInNode(join(out, "main.mjs"))).toMatchObject(expected);
    expect(launchedAt(join(out, "main.mjs"))).toBe("main.mesh:3");
    const read = [...stats.compilation.fileDependencies].map((file) => basename(file));
    expect(read).toEqual(expect.arrayContaining(["main.mesh", "words.mesh", "shout.ts"]));
  });
});

it("esbuild builds again when a file changes that a program reads, and when a mistake is put right", async () => {
  const project = changed("watched", {});
  const builds: { readonly errors: readonly string[]; readonly text: string }[] = [];
  const listen: Plugin = {
    name: "listen",
    setup: (build) =>
      build.onEnd(({ errors, outputFiles = [] }) => {
        builds.push({ errors: errors.map(({ text }) => text), text: outputFiles[0]?.text ?? "" });
      }),
  };
  const options = esbuildOptions(project, { entryPoints: ["node.js"], platform: "node", write: false });
  const context = await esbuildContext({ ...options, plugins: [...(options.plugins ?? []), listen] });
  try {
    await context.watch();
    await expect.poll(() => builds.length).toBe(1);
    const words = bundledProject["words.mesh"];
    writeFileSync(join(project, "words.mesh"), words.replace("text: text", "text: txt"));
    await expect.poll(() => builds.at(-1)?.errors).toEqual([expect.stringContaining("MESH")]);
    writeFileSync(join(project, "words.mesh"), words.replace("marks: int = 1", "marks: int = 7"));
    await expect.poll(() => builds.at(-1)?.text).toContain("default: 7");
    expect(builds.at(-1)?.errors).toEqual([]);
  } finally {
    await context.dispose();
  }
});

describe("a mistake in a program", () => {
  const wrong = bundledProject["main.mesh"].replace("Shouting()", "Shoutin()");
  const place = { file: expect.stringMatching(/main\.mesh$/), line: 6, column: 10 };
  const warned = bundledProject["main.mesh"]
    .replace("pipeline Main", "pipeline main")
    .replace("runs Main", "runs main");

  it("is an error of Vite with its place and lines", async () => {
    const error = await failure<RollupError>(viteBuild(viteConfig(changed("wrong-vite", { "main.mesh": wrong }))));
    expect(error).toMatchObject({ loc: place, plugin: "pipeline-mesh" });
    expect(error.message).toContain("MESH2001: ");
    expect(error.frame).toContain("6 |   name -> Shoutin() -> greeting\n  |           ^^^^^^^");
  });

  it("is an error of Rollup with its place and lines", async () => {
    const error = await failure<RollupError>(rollupBuild(changed("wrong-rollup", { "main.mesh": wrong })));
    expect(error).toMatchObject({ loc: place, plugin: "pipeline-mesh" });
    expect(error.frame).toContain("Did you mean `Shouting`?");
  });

  it("is an error of esbuild with its place, its line, and what to do", async () => {
    const options = esbuildOptions(changed("wrong-esbuild", { "main.mesh": wrong }), { entryPoints: ["node.js"] });
    const { errors } = await failure<BuildFailure>(esbuild(options));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({
      pluginName: "pipeline-mesh",
      text: expect.stringContaining("MESH2001: "),
      location: { line: 6, column: 10, length: 7, lineText: "  name -> Shoutin() -> greeting" },
      notes: expect.arrayContaining([expect.objectContaining({ text: "Did you mean `Shouting`?" })]),
    });
  });

  it("is an error of webpack with its place and lines, without a stack", async () => {
    const project = changed("wrong-webpack", { "main.mesh": wrong });
    const stats = await webpackBuild(webpackConfig(project, { entry: "./node.js", target: "node20" }));
    const { errors = [] } = stats.toJson({ errors: true });
    expect(errors).toHaveLength(1);
    expect(errors[0]?.message).toContain("MESH2001: ");
    expect(errors[0]?.message).toContain("--> main.mesh:6:11");
    expect(errors[0]?.message).not.toContain("    at ");
  });

  it.each(["vite", "rollup", "esbuild", "webpack"] as const)("that is a warning is one in %s", async (bundler) => {
    const project = changed(`warned-${bundler}`, { "main.mesh": warned });
    const messages = await warningsOf(bundler, project, {});
    expect(messages).toHaveLength(1);
    expect(messages[0]).toContain("MESH9");
    // Where warnings are errors, the build fails.
    await expect(warningsOf(bundler, project, { warningsAsErrors: true })).rejects.toThrow("MESH9");
  });

  async function warningsOf(
    bundler: "vite" | "rollup" | "esbuild" | "webpack",
    project: string,
    options: { readonly warningsAsErrors?: boolean },
  ): Promise<string[]> {
    switch (bundler) {
      case "vite": {
        const messages: string[] = [];
        await viteBuild(
          viteConfig(
            project,
            {
              build: {
                outDir: "out",
                ssr: "node.js",
                rollupOptions: { onwarn: (one) => void (one.plugin === undefined || messages.push(one.message)) },
              },
            },
            options,
          ),
        );
        return messages;
      }
      case "rollup":
        return (await rollupBuild(project, options)).warnings.map(({ message }) => message);
      case "esbuild": {
        const { warnings } = await esbuild(esbuildOptions(project, { entryPoints: ["node.js"] }, options));
        return warnings.map(({ text }) => text);
      }
      case "webpack": {
        const stats = await webpackBuild(webpackConfig(project, { entry: "./node.js", target: "node20" }, "", options));
        const { errors = [], warnings = [] } = stats.toJson({ errors: true, warnings: true });
        if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join("\n"));
        return warnings.map(({ message }) => message);
      }
    }
  }
});

async function failure<E>(build: Promise<unknown>): Promise<E> {
  return build.then(
    () => {
      throw new Error("the build went through");
    },
    (error: unknown) => error as E,
  );
}

function viteConfig(root: string, config: InlineConfig = {}, options = {}): InlineConfig {
  return { root, configFile: false, logLevel: "silent", plugins: [mesh.vite(options)], ...config };
}

function esbuildOptions(folder: string, options: BuildOptions, plugin = {}): BuildOptions {
  return {
    absWorkingDir: folder,
    bundle: true,
    write: options.outdir !== undefined,
    format: "esm",
    packages: options.platform === "node" ? "external" : "bundle",
    plugins: [mesh.esbuild(plugin)],
    logLevel: "silent",
    ...options,
  };
}

/** Rollup itself takes only JavaScript and only files, so the code of the node is JavaScript there. */
async function rollupBuild(
  project: string,
  options = {},
): Promise<{ bundle: Awaited<ReturnType<typeof rollup>>; warnings: RollupLog[] }> {
  const warnings: RollupLog[] = [];
  const bundle = await rollup({
    input: join(project, "node.js"),
    external: [/^pipeline-mesh/],
    plugins: [mesh.rollup(options), typesAway],
    onwarn: (warning) => void warnings.push(warning),
  });
  return { bundle, warnings };
}

/** What a plugin for TypeScript does in a project. */
const typesAway = {
  name: "types-away",
  async transform(code: string, id: string) {
    if (!id.endsWith(".ts")) return undefined;
    const { transform } = await import("esbuild");
    return transform(code, { loader: "ts", sourcemap: true });
  },
};

function webpackConfig(
  project: string,
  config: Configuration,
  out = join(project, "out"),
  options = {},
): Configuration {
  return {
    mode: "development",
    devtool: false,
    context: project,
    output: { path: out === "" ? join(project, "out") : out, module: false },
    ...(config.target !== "web" && {
      output: { path: out === "" ? join(project, "out") : out, module: true, library: { type: "module" } },
      experiments: { outputModule: true },
      externals: [/^pipeline-mesh/],
      externalsType: "module",
    }),
    module: { rules: [{ test: /\.ts$/, use: [{ loader: join(project, "types-away.cjs") }] }] },
    plugins: [mesh.webpack(options)],
    ...config,
  };
}

async function webpackBuild(config: Configuration): Promise<Stats> {
  writeFileSync(
    join(config.context ?? "", "types-away.cjs"),
    `module.exports = function (code) { return require("esbuild").transformSync(code, { loader: "ts" }).code; };`,
  );
  const compiler = webpack(config);
  try {
    return await new Promise((resolve, reject) => {
      compiler.run((error, stats) => (stats === undefined ? reject(error ?? new Error("no stats")) : resolve(stats)));
    });
  } finally {
    await new Promise((resolve) => compiler.close(resolve));
  }
}
