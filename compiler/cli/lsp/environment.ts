import { existsSync } from "node:fs";
import { join } from "node:path";
import { pageUrl, readPage } from "../../host/documentation.ts";
import { nodejsHost, projectRootOf, standardFolder } from "../../host/nodejs.ts";
import type { Environment } from "../../language-server/environment.ts";
import { version } from "../version.ts";

/**
 * Messages that have come together are taken one in each turn of the event loop, and what is answered goes out two turns later: what follows from a
 * key stroke must not hold up the list that somebody has asked for with it.
 */
const answeringTurns = 4;

/** The machine as the language server sees it, but for what runs code of the project. */
export function serverEnvironment(cwd: string): Omit<Environment, "findSources" | "verify"> {
  const standard = standardFolder();
  return {
    version,
    cwd,
    projectRootOf,
    hostOf: (root) => nodejsHost(existsSync(root) ? root : cwd, { standard }),
    standardFile(module) {
      const name = module.slice("std/".length);
      const file = standard === undefined ? undefined : join(standard, name, `${name}.mesh`);
      return file !== undefined && existsSync(file) ? file : undefined;
    },
    pageUrl,
    readPage,
    soon(callback) {
      let turns = answeringTurns;
      let waiting = setImmediate(function next() {
        turns -= 1;
        waiting = setImmediate(turns === 0 ? callback : next);
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
