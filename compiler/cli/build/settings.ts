import { statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Target } from "../../config.ts";
import { environmentError, usageError } from "../exit-code.ts";
import { loadConfig, sourcesOf } from "../config-file.ts";
import { shownPath } from "../sources.ts";

/** What was given on the command line; undefined where nothing was said. */
export interface BuildRequest {
  readonly given: readonly string[];
  readonly out: string | undefined;
  readonly target: Target | undefined;
  readonly warningsAsErrors: boolean | undefined;
}

/** One place that modules are written to. */
export interface BuildOutput {
  readonly target: Target;
  /** Absolute; undefined for beside each source. */
  readonly out: string | undefined;
}

export interface BuildSettings {
  /** Files and folders, as a person in the current folder writes them. */
  readonly sources: readonly string[];
  readonly outputs: readonly BuildOutput[];
  readonly warningsAsErrors: boolean;
  /** The file that some of it comes from, absolute. */
  readonly configFile: string | undefined;
}

/**
 * Puts together what the command line and `mesh.config.ts` say.
 * @throws {CommandError} with exit code 2 where they cannot both be right
 */
export async function settingsOf(request: BuildRequest, cwd: string): Promise<BuildSettings> {
  const loaded = await loadConfig(cwd);
  const { config, folder, file } = loaded;
  const targets: readonly Target[] = request.target === undefined ? (config.targets ?? ["node"]) : [request.target];
  const out =
    request.out === undefined
      ? config.out === undefined
        ? undefined
        : resolve(folder, config.out)
      : resolve(cwd, request.out);
  if (targets.length > 1 && out === undefined) {
    throw usageError("Two targets need a folder to write to.", "Give it with `--out`, or choose one with `--target`.");
  }
  const outputs = targets.map((target): BuildOutput => {
    const folderOf = targets.length > 1 && out !== undefined ? join(out, target) : out;
    if (folderOf !== undefined) checkFolder(folderOf, cwd);
    return { target, out: folderOf };
  });
  return {
    sources: sourcesOf(request.given, loaded, cwd),
    outputs,
    warningsAsErrors: request.warningsAsErrors ?? config.warningsAsErrors ?? false,
    configFile: file,
  };
}

/** @throws {CommandError} where a file stands in the way of a folder */
function checkFolder(path: string, cwd: string): void {
  const isFolder = isFolderAt(path);
  if (isFolder === false) {
    throw environmentError(
      `The folder to write to cannot be there: ${shownPath(path, cwd)} is a file.`,
      "Give another one with `--out`, or leave it out to write beside each source.",
    );
  }
  if (isFolder === undefined && dirname(path) !== path) checkFolder(dirname(path), cwd);
}

/** Undefined where nothing is, or nothing that can be looked at: who writes there will tell. */
function isFolderAt(path: string): boolean | undefined {
  try {
    return statSync(path).isDirectory();
  } catch {
    return undefined;
  }
}
