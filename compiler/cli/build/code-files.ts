import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { textOf } from "./write-all.ts";

/** More files than this are no code of nodes, but a mistaken path. */
const maxFiles = 2_000;

/**
 * A TypeScript file and all that it reaches by relative imports, with their texts: what has to change before something
 * that was found to be right can be wrong.
 */
export function reachableFrom(entry: string): Map<string, string> {
  const found = new Map<string, string>();
  const waiting = [entry];
  for (let file = waiting.pop(); file !== undefined && found.size < maxFiles; file = waiting.pop()) {
    if (found.has(file)) continue;
    // A module imports no files, and may be large.
    const text = file.endsWith(".wasm") ? "" : (textOf(file) ?? "");
    found.set(file, text);
    for (const [, specifier = ""] of text.matchAll(
      /(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*["'](\.{1,2}\/[^"'\n]+)["']/g,
    )) {
      waiting.push(fileOf(resolve(dirname(file), specifier)));
    }
  }
  return found;
}

/** The source behind the path of an import; the path itself where there is none. */
function fileOf(path: string): string {
  const stem = path.replace(/\.([cm]?)jsx?$/, "");
  const kind = /\.([cm])jsx?$/.exec(path)?.[1] ?? "";
  const candidates = [path, `${stem}.${kind}ts`, `${stem}.tsx`, `${path}.ts`, `${path}.tsx`, join(path, "index.ts")];
  return candidates.find((one) => /\.[cm]?[jt]sx?$/.test(one) && existsSync(one)) ?? path;
}
