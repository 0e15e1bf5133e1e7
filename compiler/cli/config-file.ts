import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Plugin } from "esbuild";
import type { MeshConfig } from "../config.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { CommandError, exitCode } from "./exit-code.ts";
import { shownPath } from "./sources.ts";

const names = ["mesh.config.ts", "mesh.config.mts", "mesh.config.js", "mesh.config.mjs"];

export interface LoadedConfig {
  readonly config: MeshConfig;
  /** The folder that its paths are relative to, absolute. */
  readonly folder: string;
  /** Absolute; undefined where there is none. */
  readonly file: string | undefined;
}

/**
 * Loads the nearest `mesh.config.ts` upwards, as far as the project goes.
 * @throws {CommandError} with exit code 2 for one that cannot be loaded or says what is not known
 */
export async function loadConfig(cwd: string): Promise<LoadedConfig> {
  const file = findConfigFile(cwd);
  if (file === undefined) return { config: {}, folder: cwd, file };
  const shown = shownPath(file, cwd);
  const { firstOf, importCode } = await import("./import-code.ts");
  let exported: unknown;
  try {
    const { exports: module } = await importCode(file, [definesConfig]);
    exported = module["default"];
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw refused(`${shown} cannot be loaded: ${firstOf(error)}`);
  }
  if (exported === undefined) {
    throw refused(`${shown} has no default export.`, "Write `export default defineConfig({ … })`.");
  }
  return { config: await read(exported, shown), folder: dirname(file), file };
}

/**
 * The files and folders that a command is about: those that are given, else those of `mesh.config.ts`, as a person in the
 * current folder writes them. None stands for the current folder.
 */
export function sourcesOf(
  given: readonly string[],
  { config, folder, file }: LoadedConfig,
  cwd: string,
): readonly string[] {
  if (given.length > 0 || file === undefined) return given;
  return (config.sources ?? ["."]).map((one) => shownPath(resolve(folder, one), cwd));
}

/** @throws {CommandError} that names the first thing that is not as it should be */
async function read(exported: unknown, shown: string): Promise<MeshConfig> {
  const { meshConfig } = await import("../config.ts");
  const result = meshConfig.safeParse(exported);
  if (!result.success) {
    const [issue] = result.error.issues;
    if (issue?.code === "unrecognized_keys") {
      const [key = ""] = issue.keys;
      const known = Object.keys(meshConfig.shape);
      const near = suggest(key, known);
      throw refused(
        `${shown}: there is no setting \`${key}\`.`,
        near === undefined ? `The settings are ${known.join(", ")}.` : `Did you mean \`${near}\`?`,
      );
    }
    const place = issue === undefined || issue.path.length === 0 ? "" : ` \`${issue.path.join(".")}\`:`;
    throw refused(`${shown}:${place} ${issue?.message ?? "it cannot be read"}.`);
  }
  // Parsing has shown that it has the type, but for `undefined` where a setting is left out.
  const config = result.data as MeshConfig;
  if ((config.targets?.length ?? 0) > 1 && config.out === undefined) {
    throw refused(
      `${shown}: two targets need an \`out\`.`,
      'Each gets a folder of its name in it: `out: "generated"`.',
    );
  }
  return config;
}

function refused(message: string, hint?: string): CommandError {
  return new CommandError(exitCode.wrongUsage, message, hint);
}

/** Not beyond the project, whose root is where its `package.json` or repository is. */
export function findConfigFile(cwd: string): string | undefined {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const found = names.map((name) => join(folder, name)).find((file) => existsSync(file));
    if (found !== undefined) return found;
    const isRoot = ["package.json", ".git"].some((name) => existsSync(join(folder, name)));
    if (isRoot || folder === dirname(folder)) return undefined;
  }
}

/** `defineConfig` only gives a type, so the configuration is loaded without the compiler around it. */
const definesConfig: Plugin = {
  name: "defines-config",
  setup(build) {
    build.onResolve({ filter: /^pipeline-mesh\/compiler$/ }, ({ path }) => ({ path, namespace: "defines-config" }));
    build.onLoad({ filter: /.*/, namespace: "defines-config" }, () => ({
      contents: "export const defineConfig = (config) => config;",
      loader: "js",
    }));
  },
};
