import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import type { BuildFailure, Loader, Plugin } from "esbuild";
import { environmentError } from "./exit-code.ts";

/**
 * Runs a TypeScript or JavaScript file without a build step of the user's, and gives its exports.
 *
 * Files are bundled in memory; packages are imported from where the file finds them.
 * @param plugins go before what is said of packages here
 * @throws {BuildFailure} of esbuild, which `firstOf` tells in a line; or what the file itself throws
 */
export async function importCode(
  file: string,
  plugins: readonly Plugin[] = [],
): Promise<Readonly<Record<string, unknown>>> {
  const { build } = await import("esbuild").catch(() => {
    throw environmentError(
      "esbuild, which loads files written in TypeScript, is not installed.",
      "Run: npm install esbuild",
    );
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
  // A module without a file: nothing to clean up, and nothing that two processes could trip over.
  const url = `data:text/javascript;base64,${Buffer.from(text).toString("base64")}`;
  return (await import(url)) as Readonly<Record<string, unknown>>;
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

/** The first thing that is wrong, with its place, in one line. */
export function firstOf(error: unknown): string {
  const [first] = (error as Partial<BuildFailure>).errors ?? [];
  if (first === undefined) return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const { location, text } = first;
  return location === null ? text : `${location.file}:${location.line}:${location.column + 1}: ${text}`;
}
