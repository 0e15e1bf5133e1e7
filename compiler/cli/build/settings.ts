import { join, resolve } from "node:path";
import type { Target } from "../../config.ts";
import { usageError } from "../exit-code.ts";
import { loadConfig, sourcesOf } from "../config-file.ts";

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
  return {
    sources: sourcesOf(request.given, loaded, cwd),
    outputs: targets.map((target) => ({
      target,
      out: targets.length > 1 && out !== undefined ? join(out, target) : out,
    })),
    warningsAsErrors: request.warningsAsErrors ?? config.warningsAsErrors ?? false,
    configFile: file,
  };
}
