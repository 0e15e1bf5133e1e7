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
    const found = new Set<EnvironmentModuleNode>(modules);
    for (const reader of programs.readersOf(file)) {
      for (const module of this.environment.moduleGraph.getModulesByFile(reader) ?? []) found.add(module);
    }
    return [...found];
  };
}
