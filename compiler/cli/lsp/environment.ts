import { existsSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { pageUrl, readPage } from "../../host/documentation.ts";
import { nodejsHost, projectRootOf, standardFolder } from "../../host/nodejs.ts";
import type { Environment, ProjectSources } from "../../language-server/environment.ts";
import { findConfigFile, loadConfig } from "../config-file.ts";
import { CommandError } from "../exit-code.ts";
import { findSources } from "../sources.ts";
import { version } from "../version.ts";

/** The machine as the language server sees it. */
export function serverEnvironment(cwd: string): Environment {
  const standard = standardFolder();
  return {
    version,
    cwd,
    projectRootOf,
    hostOf: (root) => nodejsHost(existsSync(root) ? root : cwd, { standard }),
    findSources: sourcesOfProject,
    standardFile(module) {
      const name = module.slice("std/".length);
      const file = standard === undefined ? undefined : join(standard, name, `${name}.mesh`);
      return file !== undefined && existsSync(file) ? file : undefined;
    },
    pageUrl,
    readPage,
    soon(callback) {
      // Messages that have come together are taken one in each turn of the event loop.
      let waiting = setImmediate(() => {
        waiting = setImmediate(callback);
      });
      return () => clearImmediate(waiting);
    },
    after(ms, callback) {
      const waiting = setTimeout(callback, ms);
      return () => clearTimeout(waiting);
    },
    nowMs: () => performance.now(),
  };
}

/** The same files that `meshc check` takes where nothing is named. */
async function sourcesOfProject(root: string, trusted: boolean): Promise<ProjectSources> {
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
