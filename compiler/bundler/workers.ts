import { builtinModules } from "node:module";
import { dirname, isAbsolute, resolve } from "node:path";
import type { BuildFailure } from "esbuild";
import type { Target } from "../config.ts";

/** Code whose threads need nothing beside it, and the files that are in it, absolute. */
export interface WithWorkers {
  readonly code: string;
  readonly read: readonly string[];
}

/** `workerNode(…)` as the build writes it: a module of the user's by its address, or one of a package. */
const call =
  /(\bworkerNode\w*\()(?:new (?:globalThis\.)?URL\(("(?:[^"\\\n]|\\.)*"), import\.meta\.url\)|import\.meta\.resolve\(("(?:[^"\\\n]|\\.)*")\)), ("(?:[^"\\\n]|\\.)*")(?:, import\.meta\.url)?\)/g;

/**
 * Puts the modules that run on threads into the code, each with all that it imports: a thread imports by address, and what
 * lies beside a source does not lie beside a bundle. The modules are bundled by esbuild, whatever bundler asks.
 * @param file of the program, absolute
 * @throws {Error} that names the module and what is wrong with it
 */
export async function withWorkers(code: string, file: string, target: Target): Promise<WithWorkers> {
  const found = [...code.matchAll(call)];
  if (found.length === 0) return { code, read: [] };
  const { build } = await import("esbuild").catch(() => {
    throw new Error(
      "A node with `worker: true` is bundled by esbuild, which is not installed. Run: npm install esbuild",
    );
  });
  const folder = dirname(file);
  const read = new Set<string>();
  let result = code;
  for (const [whole, head = "", own, shared = "", name = ""] of found) {
    const from = own === undefined ? (JSON.parse(shared) as string) : decodeURIComponent(JSON.parse(own) as string);
    const exported = `export { ${JSON.parse(name) as string} } from ${JSON.stringify(from)};`;
    const { outputFiles, metafile } = await build({
      stdin: { contents: exported, resolveDir: folder, loader: "js" },
      absWorkingDir: folder,
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      platform: target === "browser" ? "browser" : "node",
      target: "es2022",
      minify: target === "browser",
      // Of Node, what a package asks for only there.
      external: builtinModules.flatMap((name) => [name, `node:${name}`]),
      logLevel: "silent",
    }).catch((error: unknown) => {
      throw new Error(`The code that runs on a thread cannot be bundled: ${firstOf(error)}`, { cause: error });
    });
    for (const path of Object.keys(metafile.inputs)) {
      if (!path.includes("node_modules/") && path !== "<stdin>")
        read.add(isAbsolute(path) ? path : resolve(folder, path));
    }
    const text = outputFiles[0]?.text ?? "";
    const address = `data:text/javascript;base64,${Buffer.from(text).toString("base64")}`;
    result = result.replace(whole, () => `${head}${JSON.stringify(address)}, ${name})`);
  }
  return { code: result, read: [...read] };
}

function firstOf(error: unknown): string {
  const [first] = (error as Partial<BuildFailure>).errors ?? [];
  if (first === undefined) return error instanceof Error ? error.message : String(error);
  const { location, text } = first;
  return location === null ? text : `${location.file}:${location.line}:${location.column + 1}: ${text}`;
}
