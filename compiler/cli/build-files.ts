import { basename, dirname, join, resolve } from "node:path";
import { readFileSync } from "node:fs";
import { hasErrors } from "../diagnostics/diagnostic.ts";
import { HostError } from "../host/host.ts";
import { makeFolder, reasonOf, replaceFile } from "../host/nodejs.ts";
import { compileFile, countOf, printDiagnostics } from "./compile-file.ts";
import { exitCode, usageError, type ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { report } from "./report.ts";
import { findSources, shownPath } from "./sources.ts";

/** Builds files and folders; a program with errors leaves what was built of it before untouched. */
export async function buildFiles(given: readonly string[], out: string | undefined, io: Io): Promise<ExitCode> {
  const files = findSources(given, io.cwd);
  if (out !== undefined) refuseClashes(files, out, io.cwd);
  let worst: ExitCode = exitCode.fine;
  for (const file of files) {
    try {
      const { diagnostics, plan, program, project } = compileFile(file, io);
      printDiagnostics(diagnostics, project, io.err);
      if (plan === undefined || hasErrors(diagnostics)) {
        if (worst === exitCode.fine) worst = exitCode.programErrors;
        const count = countOf(diagnostics.map((one) => one.severity));
        io.err.write(`${shownPath(file, io.cwd)}: ${count}, nothing written\n`);
        continue;
      }
      const folder = out === undefined ? dirname(file) : resolve(io.cwd, out);
      const target = join(folder, basename(file, ".mesh"));
      write(`${target}.plan.json`, `${JSON.stringify(plan, undefined, 2)}\n`, io);
      void program;
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      report(error, io);
      worst = exitCode.environment;
    }
  }
  return worst;
}

/** Two programs of one name would overwrite each other in one folder. */
function refuseClashes(files: readonly string[], out: string, cwd: string): void {
  const byName = new Map<string, string>();
  for (const file of files) {
    const other = byName.get(basename(file));
    if (other !== undefined) {
      throw usageError(
        `${shownPath(other, cwd)} and ${shownPath(file, cwd)} would both be written to ${out}/${basename(file)}.ts.`,
        "Build them one by one with an `--out` of their own, or leave it out.",
      );
    }
    byName.set(basename(file), file);
  }
}

function write(file: string, text: string, io: Io): void {
  const same = textOf(file) === text;
  if (!same) {
    try {
      makeFolder(dirname(file));
      replaceFile(file, text);
    } catch (error) {
      throw new HostError(`${shownPath(file, io.cwd)} cannot be written: ${reasonOf(error)}.`);
    }
  }
  io.out.write(`${shownPath(file, io.cwd)} ${same ? "unchanged" : "written"}\n`);
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
