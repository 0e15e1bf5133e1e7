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
  // Unless the project has its files elsewhere: all in one bundle, whatever its format is.
  const { initialOptions } = build;
  initialOptions.loader = { ".wasm": "dataurl", ...initialOptions.loader };
  build.onLoad({ filter: /\.mesh$/, namespace: "file" }, async ({ path }): Promise<OnLoadResult> => {
    const { code, map, problems, read } = await load(path);
    const of = (severity: Problem["severity"]): PartialMessage[] =>
      problems.filter((one) => one.severity === severity).map(messageOf);
    const inline = Buffer.from(JSON.stringify(map ?? {})).toString("base64");
    return {
      ...(code !== undefined && {
        contents: `${withModules(code)}//# sourceMappingURL=data:application/json;base64,${inline}\n`,
        loader: "js",
        resolveDir: dirname(path),
      }),
      errors: of("error"),
      warnings: of("warning"),
      watchFiles: [...read],
    };
  });
}

/** Imports the WebAssembly modules that the code names by address, for esbuild takes along only what is imported. */
function withModules(code: string): string {
  const imports: string[] = [];
  const named = code.replace(
    /(\bwasmNode\w*\(new (?:globalThis\.)?URL\()("(?:[^"\\\n]|\\.)*")(?=, import\.meta\.url\)\))/g,
    (_, head: string, address: string) => {
      const local = `meshModule${imports.length}`;
      const path = decodeURIComponent(JSON.parse(address) as string);
      imports.push(`import ${local} from ${JSON.stringify(path)};\n`);
      return head + local;
    },
  );
  // At the end, so that every line stays where its source map has it.
  return imports.length === 0 ? code : `${named}\n${imports.join("")}`;
}

function messageOf({ message, file, line, column, length, lineText, notes }: Problem): PartialMessage {
  return {
    text: message,
    location: { file, line, column, length, lineText },
    notes: notes.map((text) => ({ text })),
  };
}
