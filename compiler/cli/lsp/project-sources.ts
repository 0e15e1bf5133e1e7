import { join, relative, sep } from "node:path";
import type { ProjectSources } from "../../language-server/environment.ts";
import { findConfigFile, loadConfig } from "../config-file.ts";
import { CommandError } from "../exit-code.ts";
import { findSources } from "../sources.ts";

/** The same files that `meshc check` takes where nothing is named. */
export async function sourcesOfProject(root: string, trusted: boolean): Promise<ProjectSources> {
  const file = findConfigFile(root);
  try {
    const { config, folder } = trusted ? await loadConfig(root) : { config: {}, folder: root };
    const given = (config.sources ?? ["."]).map((one) => join(folder, one));
    return {
      paths: pathsOf(given, root),
      warningsAsErrors: config.warningsAsErrors ?? false,
      problem: undefined,
    };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const message = error.hint === undefined ? error.message : `${error.message}\n${error.hint}`;
    const problem = file === undefined ? undefined : { file, message };
    return { paths: pathsOf([root], root), warningsAsErrors: false, problem };
  }
}

/** A folder without programs is one that somebody is about to write one in. */
function pathsOf(given: readonly string[], root: string): string[] {
  const found = given.flatMap((one) => {
    try {
      return findSources([one], root);
    } catch (error) {
      if (error instanceof CommandError) return [];
      throw error;
    }
  });
  return found.map((path) => relative(root, path).split(sep).join("/")).filter((path) => !path.startsWith("../"));
}
