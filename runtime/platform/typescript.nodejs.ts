import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import type { Loader, Plugin } from "esbuild";
import { MeshError } from "../interface/errors.ts";

/**
 * A TypeScript or JavaScript file as a module that can be imported at once, by threads too, without a build step of the
 * user's: what it imports by path is bundled in memory, packages are imported from where the file finds them.
 *
 * @param plugins go before what is said of packages here
 * @returns an address `data:…`: nothing to clean up, and nothing that two processes could trip over
 * @throws {MeshError} `dependency-missing` without esbuild; {BuildFailure} of esbuild
 */
export async function moduleOf(file: string, plugins: readonly Plugin[] = []): Promise<string> {
  const { build } = await import("esbuild").catch(() => {
    throw new MeshError("dependency-missing", "esbuild, which loads files written in TypeScript, is not installed.", {
      hint: "Run: npm install esbuild",
    });
  });
  const result = await build({
    entryPoints: [file],
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: "inline",
    sourcesContent: false,
    logLevel: "silent",
    plugins: [...plugins, outsidePackages, ownAddresses],
  });
  const text = result.outputFiles[0]?.text ?? "";
  return `data:text/javascript;base64,${Buffer.from(text).toString("base64")}`;
}

/** Keeps packages out of the bundle, by the address where the importing file finds them. */
const outsidePackages: Plugin = {
  name: "outside-packages",
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
      if (pluginData === "resolving" || kind === "entry-point" || /^[A-Za-z]:[\\/]/.test(path)) return undefined;
      if (path.startsWith("node:")) return { path, external: true };
      if (path === "pipeline-mesh" || path.startsWith("pipeline-mesh/")) {
        return { path: import.meta.resolve(path), external: true };
      }
      if (createRequire(importer || import.meta.url).resolve.paths(path) === null) return { path, external: true };
      const found = await build.resolve(path, { kind, resolveDir, importer, pluginData: "resolving" });
      if (found.errors.length > 0) return { errors: found.errors };
      if (found.external) return { path: found.path, external: true };
      // JSON, text and the like have to be bundled: Node imports them only with attributes.
      const isCode = [".js", ".mjs", ".cjs", ".node"].includes(extname(found.path));
      return isCode ? { path: pathToFileURL(found.path).href, external: true } : { path: found.path };
    });
  },
};

/** Leaves each file its own `import.meta.url`, which would be that of the bundle: what lies beside the file is found by it. */
const ownAddresses: Plugin = {
  name: "own-addresses",
  setup(build) {
    build.onLoad({ filter: /\.[cm]?[jt]sx?$/, namespace: "file" }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      if (!text.includes("import.meta.url")) return undefined;
      const [, kind, x = ""] = /([jt])s(x?)$/.exec(path) ?? [];
      return {
        contents: text.replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href)),
        loader: `${kind === "j" ? "js" : "ts"}${x}` as Loader,
      };
    });
  },
};
