import { existsSync } from "node:fs";
import { join } from "node:path";
import { pageUrl, readPage } from "../../host/documentation.ts";
import { nodejsHost, projectRootOf, standardFolder } from "../../host/nodejs.ts";
import type { Environment } from "../../language-server/environment.ts";
import { version } from "../version.ts";

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
