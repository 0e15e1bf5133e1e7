import { closeSync, fstatSync, mkdirSync, openSync, readSync, readdirSync, realpathSync } from "node:fs";
import { chmodSync, constants, existsSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { Host } from "./host.ts";
import { HostError } from "./host.ts";
import { insideRoot } from "./paths.ts";

/** Larger files are refused: no program has them, and a mistyped path may lead to anything. */
const maxFileBytes = 4 * 1024 * 1024;

/** The nearest folder upwards from `file` that holds a package.json or a repository, else the file's own folder. */
export function projectRootOf(file: string): string {
  const own = dirname(resolve(file));
  for (let folder = own; ; folder = dirname(folder)) {
    if (["package.json", ".git"].some((name) => existsSync(join(folder, name)))) return folder;
    if (folder === dirname(folder)) return own;
  }
}

/** The folder of the standard library's signatures, beside the compiler wherever that is: built or as source. */
export function standardFolder(): string | undefined {
  let folder = dirname(fileURLToPath(import.meta.url));
  // From dist/chunks it is one step up, from compiler/host two.
  for (let steps = 0; steps < 4; steps += 1) {
    const candidate = join(folder, "stdlib");
    if (existsSync(join(candidate, "audio", "audio.mesh"))) return candidate;
    folder = dirname(folder);
  }
  return undefined;
}

export interface NodejsHostOptions {
  /** Where the signatures of the standard library are; by default beside the compiler. */
  readonly standard?: string | undefined;
}

/** The disk below `root`. Nothing outside it is read or written, by `..` or by a symbolic link. */
export function nodejsHost(root: string, options: NodejsHostOptions = {}): Host {
  const base = realpathSync.native(root);
  const standard = options.standard ?? standardFolder();

  const locate = (path: string): string => {
    const inside = insideRoot(path);
    if (inside === undefined) throw new HostError(`${path} lies outside the project (${base}).`);
    return join(base, inside);
  };
  /** The path without links; undefined when nothing is there. */
  const find = (path: string): string | undefined => {
    const real = realPath(locate(path));
    if (real === undefined || within(base, real)) return real;
    throw new HostError(`${path} is a link that leads out of the project, to ${real}.`);
  };

  return {
    readFile(path) {
      const real = find(path);
      return real === undefined ? undefined : readText(real, path);
    },
    readBytes(path, maxBytes) {
      const real = find(path);
      return real === undefined ? undefined : readAll(real, path, maxBytes);
    },
    readStandard(module) {
      const name = /^std\/([a-z][a-z0-9_-]*)$/.exec(module)?.[1];
      if (name === undefined || standard === undefined) return undefined;
      const file = join(standard, name, `${name}.mesh`);
      return existsSync(file) ? readText(file, module) : undefined;
    },
    standardModules() {
      if (standard === undefined) return [];
      return namesIn(standard)
        .filter((name) => existsSync(join(standard, name, `${name}.mesh`)))
        .map((name) => `std/${name}`);
    },
    siblings(path) {
      const inside = insideRoot(path);
      return inside === undefined ? [] : namesIn(dirname(join(base, inside)));
    },
    writeFile(path, text) {
      const full = locate(path);
      try {
        makeFolder(dirname(full));
        const folder = realpathSync.native(dirname(full));
        if (!within(base, folder)) {
          throw new HostError(`${path} would be written outside the project, to ${folder}, for a link leads there.`);
        }
        // A link is followed, so that it stays one; what it leads to is held to the same bounds.
        const target = realPath(full) ?? join(folder, basename(full));
        if (!within(base, target))
          throw new HostError(`${path} is a link that leads out of the project, to ${target}.`);
        replaceFile(target, text);
      } catch (error) {
        throw error instanceof HostError ? error : new HostError(`${path} cannot be written: ${reasonOf(error)}.`);
      }
    },
  };
}

function within(base: string, path: string): boolean {
  const way = relative(base, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && resolve(base, way) === path;
}

/** The path without links; undefined when nothing is there. */
function realPath(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw new HostError(`${path} cannot be read: ${reasonOf(error)}.`);
  }
}

function readText(file: string, shown: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readAll(file, shown, maxFileBytes));
  } catch (error) {
    if (error instanceof HostError) throw error;
    throw new HostError(`${shown} is not text in UTF-8.`);
  }
}

function readAll(file: string, shown: string, maxBytes: number): Uint8Array {
  let handle: number | undefined;
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    handle = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const status = fstatSync(handle);
    if (status.isDirectory()) throw new HostError(`${shown} is a folder, not a file.`);
    if (!status.isFile()) throw new HostError(`${shown} is not an ordinary file.`);
    if (status.size > maxBytes) {
      const size = (status.size / 1024 / 1024).toFixed(1);
      const what = maxBytes === maxFileBytes ? "program" : "module";
      throw new HostError(`${shown} is ${size} MiB large; a ${what} may have ${maxBytes / 1024 / 1024} MiB at most.`);
    }
    const bytes = new Uint8Array(status.size);
    let filled = 0;
    while (filled < bytes.length) {
      const count = readSync(handle, bytes, filled, bytes.length - filled, filled);
      if (count === 0) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  } catch (error) {
    if (error instanceof HostError) throw error;
    throw new HostError(`${shown} cannot be read: ${reasonOf(error)}.`);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/**
 * Makes a folder with those above it; one that is there is fine. Node's own recursive way never comes to an end where
 * the system answers "no such folder" for one it does not let anyone make, as in `/proc`.
 */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  if (dirname(folder) !== folder) makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    // Somebody else may have been faster.
    if (!hasCode(error, "EEXIST")) throw error;
  }
}

/** Writes a file as a whole: beside, then renamed, so that no reader ever finds half of it. */
export function replaceFile(file: string, data: string | Uint8Array): void {
  const beside = join(dirname(file), `.${basename(file)}.${process.pid}.tmp`);
  try {
    const mode = existsSync(file) ? statSync(file).mode & 0o777 : 0o644;
    writeFileSync(beside, data, { mode });
    // The mask of the process, which applies to new files, must not take rights from one that is replaced.
    if (existsSync(file)) chmodSync(beside, mode);
    renameSync(beside, file);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}

/** What the system said, in words. */
export function reasonOf(error: unknown): string {
  if (hasCode(error, "ENOENT")) return "there is no such file or folder";
  if (hasCode(error, "EACCES", "EPERM")) return "permission denied";
  if (hasCode(error, "EISDIR")) return "it is a folder";
  if (hasCode(error, "ENOTDIR")) return "a part of the path is not a folder";
  if (hasCode(error, "ENOSPC")) return "the disk is full";
  if (hasCode(error, "EROFS")) return "the disk is read-only";
  if (hasCode(error, "ELOOP")) return "links lead in a circle";
  if (hasCode(error, "ENAMETOOLONG")) return "the name is too long";
  return error instanceof Error ? error.message : String(error);
}
