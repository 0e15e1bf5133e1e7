import { randomUUID } from "node:crypto";
import { existsSync, linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { HostError } from "../../host/host.ts";
import { makeFolder, reasonOf } from "../../host/nodejs.ts";

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
  const before = new Map(files.map(({ path }) => [path, textOf(path)]));
  const changed = files.filter(({ path, text }) => before.get(path) !== text);
  const staged: Staged[] = [];
  let at = "";
  try {
    for (const { path, text } of changed) {
      at = path;
      // Two builds at once each have files of their own; whose are renamed last are there in the end, whole.
      const beside = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
      const one = { path, fresh: `${beside}.tmp`, old: `${beside}.old.tmp`, kept: false, done: false };
      staged.push(one);
      writeFresh(one.fresh, text);
    }
    for (const one of staged) {
      at = one.path;
      // Where no text was found, there may still be something that is none of ours: a device, a folder.
      one.kept = existsSync(one.path) && keep(one);
      renameSync(one.fresh, one.path);
      one.done = true;
    }
  } catch (error) {
    for (const one of staged) takeBack(one);
    throw new HostError(`${shown(at)} cannot be written: ${reasonOf(error)}.`);
  }
  for (const { old, kept } of staged) if (kept) rmSync(old, { force: true });
  return changed.map(({ path }) => path);
}

interface Staged {
  readonly path: string;
  /** Where the new file is until all are there. */
  readonly fresh: string;
  /** The old one under a second name, which costs no room on the disk. */
  readonly old: string;
  kept: boolean;
  done: boolean;
}

/** Folders are mostly there, so the file is tried first. */
function writeFresh(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: "wx" });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    makeFolder(dirname(path));
    writeFileSync(path, text, { flag: "wx" });
  }
}

function keep({ path, old }: Staged): boolean {
  try {
    linkSync(path, old);
    return true;
  } catch {
    // There is no old file, or the disk knows no second names.
    return false;
  }
}

function takeBack({ path, fresh, old, kept, done }: Staged): void {
  try {
    rmSync(fresh, { force: true });
    if (kept && done) renameSync(old, path);
    else if (kept) rmSync(old, { force: true });
    else if (done) rmSync(path, { force: true });
  } catch {
    // What could be taken back has been; the reason why nothing could be written is told.
  }
}

/** Larger files are none of ours. */
const maxBytes = 64 * 1024 * 1024;

/** Undefined where there is no such file, or none that can be read. */
export function textOf(path: string): string | undefined {
  try {
    // A device may have no end.
    const status = statSync(path, { throwIfNoEntry: false });
    return status?.isFile() === true && status.size <= maxBytes ? readFileSync(path, "utf8") : undefined;
  } catch {
    return undefined;
  }
}
