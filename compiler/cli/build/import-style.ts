import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";

/** How a module names the file of another one. */
export type ImportStyle = "ts" | "js";

/** Configurations that extend each other go no deeper than this. */
const maxDepth = 16;

const asWritten = /"(?:allowImportingTsExtensions|rewriteRelativeImportExtensions)"\s*:\s*(true|false)/;

/**
 * How the modules of a folder import each other: by `.ts` where the `tsconfig.json` above it allows that, otherwise by
 * the name that the file has once it is compiled, which TypeScript and bundlers find in every mode.
 */
export function importStyleOf(folder: string): ImportStyle {
  for (let at = folder; ; at = dirname(at)) {
    const file = join(at, "tsconfig.json");
    if (existsSync(file)) return allowsSourceNames(file, 0) === true ? "ts" : "js";
    if (at === dirname(at)) return "js";
  }
}

/** Undefined where neither the file nor what it extends says anything. */
function allowsSourceNames(file: string, depth: number): boolean | undefined {
  const text = textWithoutComments(file);
  if (text === undefined || depth > maxDepth) return undefined;
  const own = asWritten.exec(text)?.[1];
  if (own !== undefined) return own === "true";
  for (const base of basesOf(text).toReversed()) {
    const found = find(base, file);
    const said = found === undefined ? undefined : allowsSourceNames(found, depth + 1);
    if (said !== undefined) return said;
  }
  return undefined;
}

function basesOf(text: string): string[] {
  const list = /"extends"\s*:\s*(\[[^\]]*\]|"[^"]*")/.exec(text)?.[1] ?? "";
  return [...list.matchAll(/"([^"]*)"/g)].map((match) => match[1] ?? "");
}

function find(base: string, from: string): string | undefined {
  if (base.startsWith(".") || base.startsWith("/")) {
    const path = resolve(dirname(from), base);
    return [path, `${path}.json`].find((one) => existsSync(one) && one.endsWith(".json"));
  }
  try {
    return createRequire(from).resolve(base);
  } catch {
    try {
      return createRequire(from).resolve(`${base}/tsconfig.json`);
    } catch {
      return undefined;
    }
  }
}

function textWithoutComments(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[^]*?\*\//g, "$1");
  } catch {
    return undefined;
  }
}

/** `./answer.ts` to `./answer.js` where that is the style. */
export function styled(specifier: string, style: ImportStyle): string {
  if (style === "ts") return specifier;
  return specifier.replace(/\.([cm]?)tsx?$/, ".$1js");
}
