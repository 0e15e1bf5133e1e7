/** Stands for esbuild, which is no part of the extension: a `mesh.config.ts` is read with that of its project. */
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import type * as esbuild from "esbuild";

/** @throws {Error} where the project has none, for which the caller has words */
function ofProject(): typeof esbuild {
  return createRequire(join(process.cwd(), "package.json"))("esbuild") as typeof esbuild;
}

export const build: typeof esbuild.build = ofProject().build;
