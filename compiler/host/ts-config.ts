import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";

/** Configurations that extend each other go no deeper than this. */
const maxDepth = 16;

/**
 * What the nearest `tsconfig.json` upwards, with those that it extends, says of switches.
 * @param names compiler options, the first of which that is set counts
 * @returns undefined where there is no such file, or it says nothing
 */
export function tsConfigSays(folder: string, names: readonly string[]): boolean | undefined {
  const file = nearestTsConfig(folder);
  return file === undefined ? undefined : saidIn(file, switches(names), 0);
}

/** The same for a project that is split into `tsconfig.app.json` and its like: true where any of them says so. */
export function anyTsConfigSays(folder: string, names: readonly string[]): boolean {
  const file = nearestTsConfig(folder);
  if (file === undefined) return false;
  const parts = readdirSync(dirname(file)).filter((name) => /^tsconfig(\.[\w-]+)?\.json$/.test(name));
  return parts.some((name) => saidIn(join(dirname(file), name), switches(names), 0) === true);
}

/** The nearest `tsconfig.json` upwards; undefined where there is none. */
export function nearestTsConfig(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const file = join(at, "tsconfig.json");
    if (existsSync(file)) return file;
    if (at === dirname(at)) return undefined;
  }
}

function switches(names: readonly string[]): RegExp {
  return new RegExp(String.raw`"(?:${names.join("|")})"\s*:\s*(true|false)`);
}

/** Undefined where neither the file nor what it extends says anything. */
function saidIn(file: string, pattern: RegExp, depth: number): boolean | undefined {
  const text = textWithoutComments(file);
  if (text === undefined || depth > maxDepth) return undefined;
  const own = pattern.exec(text)?.[1];
  if (own !== undefined) return own === "true";
  for (const base of basesOf(text).toReversed()) {
    const found = find(base, file);
    const said = found === undefined ? undefined : saidIn(found, pattern, depth + 1);
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
