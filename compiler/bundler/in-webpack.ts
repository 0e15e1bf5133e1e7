import type { Compiler } from "webpack";
import type { Target } from "../config.ts";

/** What `target` of the configuration comes to; undefined where webpack cannot tell. */
export function targetOfWebpack({ platform }: Compiler): Target | undefined {
  if (platform.node === true && platform.web !== true) return "node";
  return platform.web === true ? "browser" : undefined;
}

/** Webpack shows the stack of what a loader throws, unless it is told not to. */
export function refusedByWebpack(message: string): Error {
  return Object.assign(new Error(message), { hideStack: true });
}
