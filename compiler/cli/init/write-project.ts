import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeFolder, reasonOf } from "../../host/nodejs.ts";
import { environmentError } from "../exit-code.ts";
import type { ProjectFile } from "./template-files.ts";

/** What may be in a folder before a project is written to it: what a new repository has. */
const harmless = new Set([".git", ".DS_Store"]);

/**
 * What keeps a project from being written to a folder; undefined where nothing does.
 * @param folder absolute; need not exist
 */
export function obstacleIn(folder: string): string | undefined {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => !harmless.has(name));
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENOENT"
      ? undefined
      : `it cannot be read: ${reasonOf(error)}`;
  }
  const [first, ...rest] = names.toSorted();
  if (first === undefined) return undefined;
  return `it holds ${first}${rest.length === 0 ? "" : ` and ${rest.length} more`}`;
}

/**
 * Writes all files or none: they are put together in a folder of their own inside first, and moved to their places then.
 * @param folder absolute; made where it does not exist
 * @throws {CommandError} with exit code 3 that names the reason; the folder is then as it was
 */
export function writeProject(folder: string, files: readonly ProjectFile[], shown: string): void {
  const made = firstMissing(folder);
  const stage = join(folder, `.init.${randomUUID()}.tmp`);
  const moved: string[] = [];
  try {
    makeFolder(folder);
    for (const { path, content } of files) {
      mkdirSync(dirname(join(stage, path)), { recursive: true });
      writeFileSync(join(stage, path), content, { flag: "wx" });
    }
    for (const name of readdirSync(stage)) {
      if (existsSync(join(folder, name))) throw new Error(`there is a ${name} by now`);
      renameSync(join(stage, name), join(folder, name));
      moved.push(name);
    }
    rmSync(stage, { recursive: true });
  } catch (error) {
    takeBack([stage, ...moved.map((name) => join(folder, name)), ...(made === undefined ? [] : [made])]);
    throw environmentError(`${shown} cannot be written: ${reasonOf(error)}.`);
  }
}

/** The outermost folder that has to be made; undefined where all are there. */
function firstMissing(folder: string): string | undefined {
  if (existsSync(folder)) return undefined;
  return firstMissing(dirname(folder)) ?? folder;
}

function takeBack(paths: readonly string[]): void {
  for (const path of paths) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // The reason why nothing could be written is told.
    }
  }
}
