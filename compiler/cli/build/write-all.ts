import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { HostError } from "../../host/host.ts";
import { reasonOf } from "../../host/nodejs.ts";

/** One file that is to hold a text. */
export interface WantedFile {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
}

/**
 * Writes files that belong together. All are written beside their places first and renamed only then, so that a disk
 * that fills up or a folder that may not be written to leaves the old ones whole, and no reader finds half a file.
 *
 * @param shown how a path is called in messages
 * @returns the paths that were written; files that hold their text already are left alone
 * @throws {HostError} that names the file and the reason
 */
export function writeAll(files: readonly WantedFile[], shown: (path: string) => string): string[] {
  const changed = files.filter(({ path, text }) => textOf(path) !== text);
  const staged: { readonly beside: string; readonly path: string }[] = [];
  let at = "";
  try {
    for (const { path, text } of changed) {
      at = path;
      mkdirSync(dirname(path), { recursive: true });
      // Two builds at once each have files of their own; whose are renamed last are there in the end, whole.
      const beside = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
      staged.push({ beside, path });
      writeFileSync(beside, text, { flag: "wx" });
    }
    for (const { beside, path } of staged) {
      at = path;
      renameSync(beside, path);
    }
  } catch (error) {
    for (const { beside } of staged) rmSync(beside, { force: true });
    throw new HostError(`${shown(at)} cannot be written: ${reasonOf(error)}.`);
  }
  return changed.map(({ path }) => path);
}

/** Undefined where there is no such file, or none that can be read. */
export function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
