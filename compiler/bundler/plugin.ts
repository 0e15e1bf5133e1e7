import process from "node:process";
import { createUnplugin, type UnpluginInstance, type UnpluginMessage } from "unplugin";
import { loadConfig } from "../cli/config-file.ts";
import { CommandError } from "../cli/exit-code.ts";
import type { MeshConfig, Target } from "../config.ts";
import { loadInEsbuild, targetOfEsbuild } from "./in-esbuild.ts";
import type { MeshPluginOptions } from "./options.ts";
import { summaryOf, textOf, type Problem } from "./problems.ts";
import { Programs, type LoadedProgram } from "./programs.ts";
import { hotUpdate, targetOfVite } from "./in-vite.ts";
import { refusedByWebpack, targetOfWebpack } from "./in-webpack.ts";

/** Files with a query, such as `?raw`, are somebody else's. */
const meshFile = /\.mesh$/;

/** The plugin for every bundler. A new one is made for each build, so nothing is shared between builds. */
export const mesh: UnpluginInstance<MeshPluginOptions | undefined, false> = createUnplugin((options = {}, meta) => {
  const programs = new Programs();
  let root = process.cwd();
  let config: Promise<MeshConfig> | undefined;

  const load = async (file: string, builtFor: Target | undefined): Promise<LoadedProgram> => {
    config ??= loadConfig(root).then((loaded) => loaded.config);
    const { targets = [], warningsAsErrors = false } = await config.catch((error: unknown) => {
      // It may have been put right when the next file is loaded.
      config = undefined;
      throw error instanceof CommandError ? new Error([error.message, error.hint].filter(Boolean).join(" ")) : error;
    });
    return programs.load(file, {
      target: options.target ?? builtFor ?? (targets.length === 1 ? targets[0] : undefined) ?? "node",
      warningsAsErrors: options.warningsAsErrors ?? warningsAsErrors,
      declarations: options.declarations,
    });
  };

  const name = "pipeline-mesh";
  if (meta.framework === "esbuild") {
    return { name, esbuild: { setup: (build) => loadInEsbuild(build, (file) => load(file, targetOfEsbuild(build))) } };
  }
  return {
    name,
    load: {
      filter: { id: meshFile },
      async handler(id) {
        const builtFor = meta.framework === "webpack" ? targetOfWebpack(meta.webpack.compiler) : targetOfVite(this);
        const { code, map, problems, read } = await load(id, builtFor);
        for (const file of read) if (file !== id) this.addWatchFile(file);
        for (const one of problems) if (one.severity === "warning") this.warn(messageOf(one, meta.framework));
        if (code !== undefined && map !== undefined) return { code, map };
        const refused = summaryOf(problems.filter((one) => one.severity === "error"));
        if (refused === undefined) return undefined;
        if (meta.framework === "webpack") throw refusedByWebpack(textOf(refused));
        this.error(messageOf(refused, meta.framework));
        return undefined;
      },
    },
    vite: {
      // Dependencies that only a `.mesh` file imports are not found by looking through the page's own code.
      config: () => ({ optimizeDeps: { include: ["pipeline-mesh"], exclude: ["pipeline-mesh/stdlib"] } }),
      configResolved: (resolved) => {
        root = resolved.root;
      },
      hotUpdate: hotUpdate(programs),
    },
  };
});

/** Webpack shows nothing but the message; the others have a place for the rest. */
function messageOf(problem: Problem, framework: string): string | UnpluginMessage {
  if (framework === "webpack") return textOf(problem);
  const { message, file, line, column, frame } = problem;
  // The type leaves the frame out; Rollup and Vite print it.
  return Object.assign({ message, id: file, loc: { file, line, column } }, { frame });
}
