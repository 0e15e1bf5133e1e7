import { dirname } from "node:path";
import type { OnLoadResult, PartialMessage, PluginBuild } from "esbuild";
import type { Target } from "../config.ts";
import type { Problem } from "./problems.ts";
import type { LoadedProgram } from "./programs.ts";

/** As esbuild itself has it, a build is for browsers unless it says otherwise. */
export function targetOfEsbuild({ initialOptions }: PluginBuild): Target | undefined {
  const { platform = "browser" } = initialOptions;
  return platform === "neutral" ? undefined : platform;
}

/** Directly, not by way of the common interface, so that esbuild can show the line and say more. */
export function loadInEsbuild(build: PluginBuild, load: (file: string) => Promise<LoadedProgram>): void {
  build.onLoad({ filter: /\.mesh$/, namespace: "file" }, async ({ path }): Promise<OnLoadResult> => {
    const { code, map, problems, read } = await load(path);
    const of = (severity: Problem["severity"]): PartialMessage[] =>
      problems.filter((one) => one.severity === severity).map(messageOf);
    const inline = Buffer.from(JSON.stringify(map ?? {})).toString("base64");
    return {
      ...(code !== undefined && {
        contents: `${code}//# sourceMappingURL=data:application/json;base64,${inline}\n`,
        loader: "js",
        resolveDir: dirname(path),
      }),
      errors: of("error"),
      warnings: of("warning"),
      watchFiles: [...read],
    };
  });
}

function messageOf({ message, file, line, column, length, lineText, notes }: Problem): PartialMessage {
  return {
    text: message,
    location: { file, line, column, length, lineText },
    notes: notes.map((text) => ({ text })),
  };
}
