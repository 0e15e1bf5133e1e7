import { isAscii } from "node:buffer";
import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import process from "node:process";
import { cachedDataVersionTag } from "node:v8";
import vm from "node:vm";

/** A program that runs. */
export interface LoadedProgram {
  readonly exports: unknown;
  /** It runs with code that an earlier process has kept. */
  readonly isWarm: boolean;
  /** Keeps the code that has been compiled by now for the next process, where none was there for this one. */
  keepCode(): void;
}

/** Nothing of ours is as large; what is would only be read to be thrown away. */
const mostBytes = 32 * 1024 * 1024;
const digestBytes = 32;
/** Of so many versions of the program and of Node the code is kept. */
const mostKept = 4;

const nameOfCode = /^[0-9a-f]{64}\.code$/;

/**
 * Runs a CommonJS program that is one file, with the code that V8 made of it in an earlier process: to parse and compile a megabyte
 * takes longer than to run it. It is the same program with and without.
 *
 * @param folder where code is kept; undefined where there is no place for it
 */
export function loadProgram(file: string, folder: string | undefined): LoadedProgram {
  const bytes = readFileSync(file);
  // V8 takes half the time for a text of which each character is one byte.
  const text = bytes.toString(isAscii(bytes) ? "latin1" : "utf8");
  const kept = folder === undefined ? undefined : join(folder, `${fingerprint(bytes)}.code`);
  const cachedData = kept === undefined ? undefined : readCode(kept);
  const script = new vm.Script(`(function (exports, require, module, __filename, __dirname) {${text}\n})`, {
    filename: file,
    ...(cachedData !== undefined && { cachedData }),
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const module = { exports: {} as unknown };
  const run = script.runInThisContext() as (...given: readonly unknown[]) => void;
  run(module.exports, createRequire(file), module, file, dirname(file));
  const isWarm = cachedData !== undefined && script.cachedDataRejected === false;
  let isKept = isWarm;
  return {
    exports: module.exports,
    isWarm,
    keepCode() {
      if (isKept || kept === undefined) return;
      isKept = true;
      writeCode(kept, script.createCachedData());
    },
  };
}

/** The folder for code among the caches of the user; never below what somebody has opened. */
export function codeFolder(
  env: Readonly<Record<string, string | undefined>>,
  { platform = process.platform, home = homedir }: { platform?: NodeJS.Platform; home?: () => string } = {},
): string | undefined {
  const caches = cachesFolder(env, platform, home);
  return caches !== undefined && isAbsolute(caches) ? join(caches, "pipeline-mesh", "code") : undefined;
}

function cachesFolder(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
  home: () => string,
): string | undefined {
  if (platform === "win32") return env["LOCALAPPDATA"];
  const given = env["XDG_CACHE_HOME"];
  if (given !== undefined && isAbsolute(given)) return given;
  try {
    return join(home(), ...(platform === "darwin" ? ["Library", "Caches"] : [".cache"]));
  } catch {
    // Somebody without a home.
    return undefined;
  }
}

/** V8 compares versions, its settings and the length of a text by itself, but not the text. */
function fingerprint(text: Buffer): string {
  return createHash("sha256")
    .update(`${cachedDataVersionTag()} ${process.arch} ${process.version}\n`)
    .update(text)
    .digest("hex");
}

/** @returns undefined where there is none, or where it is not as it was written or may be somebody else's */
function readCode(path: string): Buffer | undefined {
  let handle: number | undefined;
  try {
    handle = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
    const { size, mode, uid } = fstatSync(handle);
    const isOwn = process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
    if (!isOwn || size <= digestBytes || size > mostBytes) return undefined;
    const all = readFileSync(handle);
    const code = all.subarray(digestBytes);
    return digestOf(code).equals(all.subarray(0, digestBytes)) ? code : undefined;
  } catch {
    return undefined;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/** What cannot be kept costs time at the next start and nothing else. */
function writeCode(path: string, code: Buffer): void {
  const folder = dirname(path);
  const beside = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(beside, Buffer.concat([digestOf(code), code]), { mode: 0o600, flag: "wx" });
    renameSync(beside, path);
    forgetOld(folder);
  } catch {
    discard(beside);
  }
}

function discard(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Where it could have stood is no folder.
  }
}

function forgetOld(folder: string): void {
  const all = readdirSync(folder)
    .filter((name) => nameOfCode.test(name))
    .map((name) => ({ path: join(folder, name), writtenMs: statSync(join(folder, name)).mtimeMs }))
    .toSorted((a, b) => b.writtenMs - a.writtenMs);
  for (const { path } of all.slice(mostKept)) rmSync(path, { force: true });
}

function digestOf(code: Buffer): Buffer {
  return createHash("sha256").update(code).digest();
}
