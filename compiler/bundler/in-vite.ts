import type { Environment, EnvironmentModuleNode, Plugin } from "vite";
import type { Target } from "../config.ts";
import type { Programs } from "./programs.ts";

/** What a hook is called on in Vite; in Rollup there is no environment. */
interface MaybeInVite {
  readonly environment?: Environment;
}

/** Undefined outside Vite. */
export function targetOfVite(context: object): Target | undefined {
  const { environment } = context as MaybeInVite;
  if (environment === undefined) return undefined;
  return environment.config.consumer === "server" ? "node" : "browser";
}

/** A program changes with every file that it reads, also with those that leave no import behind. */
export function hotUpdate(programs: Programs): NonNullable<Plugin["hotUpdate"]> {
  return function ({ file, modules }) {
    const { moduleGraph, hot } = this.environment;
    const found = new Set<EnvironmentModuleNode>(modules);
    for (const reader of programs.readersOf(file)) {
      for (const module of moduleGraph.getModulesByFile(reader) ?? []) found.add(module);
    }
    // What has never been loaded, for it was wrong from the start, Vite tells nobody of when it changes.
    const fresh = [...found].filter((one) => one.file?.endsWith(".mesh") === true && one.isSelfAccepting === undefined);
    if (fresh.length === 0) return [...found];
    for (const one of fresh) moduleGraph.invalidateModule(one);
    hot.send({ type: "full-reload" });
    return [];
  };
}
