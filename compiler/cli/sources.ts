import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { suggest } from "../diagnostics/suggest.ts";
import { reasonOf } from "../host/nodejs.ts";
import { environmentError, type CommandError } from "./exit-code.ts";

/** Folders that hold no sources of the user. */
const skipped = new Set(["node_modules", "dist"]);

/** Deeper or larger trees are a mistaken folder, such as `/`. */
const maxDepth = 32;
const maxFiles = 10_000;

/** Files that are named in place of one that is not there. */
const mostNamed = 3;

/**
 * The `.mesh` files that a command is about, as absolute paths in order of name.
 *
 * @param given files and folders; none stands for the current folder. Folders are searched, without `node_modules`,
 * `dist` and what starts with a dot.
 * @throws {CommandError} with exit code 3 when one does not exist or a folder holds no `.mesh` file
 */
export function findSources(given: readonly string[], cwd: string): string[] {
  const found = new Set<string>();
  for (const path of given.length === 0 ? ["."] : given) {
    const full = resolve(cwd, path);
    if (!isFolder(full, path)) {
      found.add(full);
      continue;
    }
    const before = found.size;
    search(full, 0, found);
    if (found.size === before) {
      const where = path === "." ? "There are no .mesh files in this folder" : `There are no .mesh files in ${path}`;
      throw environmentError(`${where} or below it.`, "Name the files, or run meshc in the folder of the program.");
    }
  }
  return [...found].toSorted();
}

/**
 * The one program that a command is about, as an absolute path.
 * @throws {CommandError} with exit code 3 when it does not exist or is a folder
 */
export function findSource(given: string, cwd: string): string {
  const full = resolve(cwd, given);
  if (!isFolder(full, given)) return full;
  const found = new Set<string>();
  search(full, 0, found);
  const [first] = [...found].toSorted();
  throw environmentError(
    `${given} is a folder, and one program is wanted.`,
    first === undefined ? "There are no .mesh files in it." : `Name the file, such as ${shownPath(first, cwd)}.`,
  );
}

function isFolder(full: string, shown: string): boolean {
  try {
    return statSync(full).isDirectory();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) {
      throw environmentError(`${shown} cannot be read: ${reasonOf(error)}.`);
    }
    throw noSource(full, shown);
  }
}

/** The error for a program that is not there. */
function noSource(full: string, shown: string): CommandError {
  return environmentError(`There is no file ${shown}.`, nearby(full, shown) ?? otherSources(full, shown));
}

/** Names for those that are there in place of it. */
function otherSources(full: string, shown: string): string {
  const folder = dirname(shown);
  const where = folder === "." ? "here" : `in ${folder}`;
  let names: string[];
  try {
    names = readdirSync(dirname(full)).filter((name) => name.endsWith(".mesh"));
  } catch {
    return `There is no folder ${folder} either.`;
  }
  const [one, ...more] = names.toSorted();
  if (one === undefined) return `There are no .mesh files ${where}. \`meshc init\` writes a project to begin with.`;
  if (more.length === 0) return `There is ${one} ${where}.`;
  const rest = names.length - mostNamed;
  const shownNames = [one, ...more].slice(0, mostNamed);
  const last = rest > 0 ? `${rest} more` : shownNames.pop();
  return `There are ${shownNames.join(", ")} and ${last} ${where}.`;
}

/** "Did you mean …?" for a file that is not there. */
export function nearby(full: string, shown: string): string | undefined {
  let names: string[];
  try {
    names = readdirSync(dirname(full));
  } catch {
    return undefined;
  }
  const near = suggest(basename(full), names) ?? names.find((name) => name === `${basename(full)}.mesh`);
  return near === undefined ? undefined : `Did you mean ${join(dirname(shown), near)}?`;
}

function search(folder: string, depth: number, found: Set<string>): void {
  if (depth > maxDepth) return;
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return;
  }
  for (const entry of entries) {
    if (entry.name.startsWith(".") || skipped.has(entry.name)) continue;
    const path = join(folder, entry.name);
    // Symbolic links are not followed: they may lead in a circle.
    if (entry.isDirectory()) search(path, depth + 1, found);
    else if (entry.isFile() && entry.name.endsWith(".mesh")) found.add(path);
    if (found.size > maxFiles) {
      throw environmentError(`There are more than ${maxFiles} .mesh files below ${folder}.`, "Name a smaller folder.");
    }
  }
}

/** A path as a person in `cwd` writes it. */
export function shownPath(full: string, cwd: string): string {
  const way = relative(cwd, full);
  return way === "" ? "." : way.startsWith("..") && way.length > full.length ? full : way;
}
