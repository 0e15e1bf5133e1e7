import { createRequire } from "node:module";
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, extname } from "node:path";
import { pathToFileURL } from "node:url";
import type { BuildFailure, Plugin } from "esbuild";
import { formatLocation, type Location } from "../../../runtime/interface/errors.ts";
import type { NodeDefinition } from "../../../runtime/interface/node.ts";
import { suggest } from "../../diagnostics/suggest.ts";
import { CommandError, environmentError, exitCode } from "../exit-code.ts";

/** What a module of the user is wanted for. */
export interface CodeWanted {
  /** Absolute path of the file. */
  readonly file: string;
  /** The path as the program gives it, relative to the project. */
  readonly shown: string;
  /** The name of the node, which is the name of the export. */
  readonly name: string;
  readonly location: Location;
}

/** Modules that were loaded, by file: a module that two nodes come from is run once. */
export type LoadedModules = Map<string, Promise<Readonly<Record<string, unknown>>>>;

/**
 * Loads the code of a node from a TypeScript or JavaScript file, without a build step of the user's.
 *
 * Files are bundled in memory; packages are imported from where the file finds them, and `pipeline-mesh` is the very
 * runtime that runs here.
 *
 * @throws {CommandError} with exit code 1 that names the place in the `.mesh` file
 */
export async function loadUserNode(wanted: CodeWanted, loaded: LoadedModules): Promise<NodeDefinition> {
  const { file, shown, name } = wanted;
  const where = `${formatLocation(wanted.location)}: the node \`${name}\``;
  if (!existsSync(file)) {
    const near = suggest(basename(file), namesIn(dirname(file)));
    throw new CommandError(
      exitCode.programErrors,
      `${where} comes from ${shown}, and there is no such file.`,
      near === undefined ? "Paths after `from` are relative to the .mesh file." : `Did you mean ${near}?`,
    );
  }
  const pending = loaded.get(file) ?? importFile(file);
  loaded.set(file, pending);
  let module: Readonly<Record<string, unknown>>;
  try {
    module = await pending;
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(
      exitCode.programErrors,
      `${where} comes from ${shown}, which cannot be loaded: ${told(error)}`,
    );
  }
  const definition = module[name];
  if (isDefinition(definition)) return definition;
  const names = Object.keys(module);
  if (definition !== undefined) {
    throw new CommandError(
      exitCode.programErrors,
      `${where} comes from ${shown}, where \`${name}\` is no node: it has no \`open\` function.`,
      `Export it as \`export const ${name} = defineNode({ open(params, context) { … } })\`.`,
    );
  }
  const near = suggest(name, names);
  throw new CommandError(
    exitCode.programErrors,
    `${where} comes from ${shown}, which exports no \`${name}\`.`,
    near === undefined ? `It exports ${names.join(", ") || "nothing"}.` : `Did you mean \`${near}\`?`,
  );
}

function isDefinition(value: unknown): value is NodeDefinition {
  return typeof value === "object" && value !== null && "open" in value && typeof value.open === "function";
}

/** The first thing that is wrong, with its place, in one line. */
function told(error: unknown): string {
  const [first] = (error as Partial<BuildFailure>).errors ?? [];
  if (first === undefined) return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const { location, text } = first;
  return location === null ? text : `${location.file}:${location.line}:${location.column + 1}: ${text}`;
}

/**
 * Ends the bundler, which is a process of its own, once all code is loaded: it would outlive this one for a while, and
 * nothing needs it any more.
 */
export async function endBundler(loaded: LoadedModules): Promise<void> {
  if (loaded.size === 0) return;
  const bundler = await import("esbuild").catch(() => undefined);
  await bundler?.stop();
}

async function importFile(file: string): Promise<Readonly<Record<string, unknown>>> {
  const { build } = await import("esbuild").catch(() => {
    throw environmentError(
      "esbuild, which loads nodes written in TypeScript, is not installed.",
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
    plugins: [outsidePackages],
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

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
