import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "../../../grammar/index.ts";
import { differencesOf } from "../../pull/drift.ts";
import { lockedText, lockOf } from "../../pull/lock.ts";
import { textOf, writeAll } from "../build/write-all.ts";
import { environmentError, exitCode, usageError, type ExitCode } from "../exit-code.ts";
import type { Io } from "../io.ts";
import { shownPath } from "../sources.ts";
import { askInterface, checkedUri, hashOf } from "./ask.ts";

export interface PullRequest {
  readonly uri: string;
  readonly out: string | undefined;
  readonly as: string | undefined;
  readonly force: boolean;
}

/** Writes the interface of a live pipeline to a file, whole or not at all. */
export async function pullInterface(request: PullRequest, io: Io): Promise<ExitCode> {
  const uri = checkedUri(request.uri);
  const { as, out } = request;
  if (as !== undefined && !/^[A-Z][A-Za-z0-9]*$/.test(as)) {
    throw usageError(`\`${as}\` is no name for an interface.`, "Write it in UpperCamel, as in `Transcriber`.");
  }
  const abort = new AbortController();
  const stop = io.onInterrupt(() => abort.abort());
  let body: string;
  try {
    if (io.err.isTTY) io.err.write(`${io.err.style.faint(`asking ${uri} …`)}\n`);
    body = await askInterface(uri, as, abort.signal);
  } catch (error) {
    if (abort.signal.aborted) return exitCode.interrupted;
    throw error;
  } finally {
    stop();
  }
  const text = lockedText(uri, body, hashOf);
  if (out === "-") {
    io.out.write(text);
    return exitCode.fine;
  }
  write(resolve(io.cwd, out ?? `${nameOf(body)}.mesh`), text, request.force, io);
  return exitCode.fine;
}

function write(path: string, text: string, force: boolean, io: Io): void {
  const shown = shownPath(path, io.cwd);
  const old = existsSync(path) ? (textOf(path) ?? "") : undefined;
  const lock = old === undefined ? undefined : lockOf(old);
  if (old !== undefined && !force) {
    const why =
      lock === undefined
        ? "was not pulled"
        : hashOf(lock.body) !== lock.hash
          ? "was edited since it was pulled"
          : undefined;
    if (why !== undefined) {
      throw environmentError(`${shown} is there already and ${why}.`, "Name another file with `--out`, or `--force`.");
    }
  }
  const [written] = writeAll([{ path, text }], (one) => shownPath(one, io.cwd));
  io.out.write(written === undefined ? `${shown} is as it was\n` : `wrote ${shown}\n`);
  if (written === undefined || lock === undefined) return;
  for (const { message } of differencesOf(lock.body, lockOf(text)?.body ?? "")) io.out.write(`  ${message}\n`);
}

/** The interface comes first in what was pulled. */
function nameOf(body: string): string {
  const [first] = parse(body).file.declarations;
  return first?.kind === "Interface" ? first.name.text : "interface";
}
