import { existsSync, readdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { formatLocation, type Location } from "../../../runtime/interface/errors.ts";
import type { NodeDefinition } from "../../../runtime/interface/node.ts";
import { wasmNode, workerNode } from "../../../runtime/platform/nodejs.ts";
import { suggest } from "../../diagnostics/suggest.ts";
import { CommandError, exitCode } from "../exit-code.ts";
import { firstOf, importCode, type ImportedCode } from "../import-code.ts";

/** What a module of the user is wanted for. */
export interface CodeWanted {
  /** Absolute path of the file. */
  readonly file: string;
  /** The path as the program gives it, relative to the project. */
  readonly shown: string;
  /** The name of the node, which is the name of the export. */
  readonly name: string;
  readonly location: Location;
  /** To run on a thread of its own. */
  readonly worker: boolean;
}

/** Modules that were loaded, by file: a module that two nodes come from is run once. */
export type LoadedModules = Map<string, Promise<ImportedCode>>;

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
  const where = whoseCode(wanted);
  checkThere(wanted);
  const pending = loaded.get(file) ?? importCode(file);
  loaded.set(file, pending);
  let module: ImportedCode["exports"];
  let url: string;
  try {
    ({ exports: module, url } = await pending);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(
      exitCode.programErrors,
      `${where} comes from ${shown}, which cannot be loaded: ${firstOf(error)}`,
    );
  }
  const definition = module[name];
  // A thread imports it once more; what is wrong with it is told here all the same.
  if (isDefinition(definition)) return wanted.worker ? workerNode(url, name) : definition;
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

/**
 * A WebAssembly module as the code of a node.
 * @throws {CommandError} with exit code 1 where there is none
 */
export function loadWasmNode(wanted: CodeWanted): NodeDefinition {
  checkThere(wanted);
  return wasmNode(pathToFileURL(wanted.file));
}

function whoseCode({ location, name }: CodeWanted): string {
  return `${formatLocation(location)}: the node \`${name}\``;
}

function checkThere(wanted: CodeWanted): void {
  const { file, shown } = wanted;
  if (existsSync(file)) return;
  const near = suggest(basename(file), namesIn(dirname(file)));
  throw new CommandError(
    exitCode.programErrors,
    `${whoseCode(wanted)} comes from ${shown}, and there is no such file.`,
    near === undefined ? "Paths after `from` are relative to the .mesh file." : `Did you mean ${near}?`,
  );
}

function isDefinition(value: unknown): value is NodeDefinition {
  return typeof value === "object" && value !== null && "open" in value && typeof value.open === "function";
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

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
