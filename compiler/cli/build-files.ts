import { dirname, resolve } from "node:path";
import { statSync } from "node:fs";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { HostError } from "../host/host.ts";
import { Builder, layoutOf, type BuilderOptions, type BuiltProgram } from "./build/builder.ts";
import { countOf, printDiagnostics } from "./compile-file.ts";
import { exitCode, type ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { report } from "./report.ts";
import { findSources, shownPath } from "./sources.ts";

export interface BuildOptions extends BuilderOptions {
  /** Files and folders; none stands for the current folder. */
  readonly given: readonly string[];
}

/** Builds files and folders; a program with errors leaves what was built of it before untouched. */
export async function buildFiles(options: BuildOptions, io: Io): Promise<ExitCode> {
  const builder = new Builder(io, options);
  return buildOnce(builder, findSources(options.given, io.cwd), rootsOf(options.given, io.cwd), options, io);
}

/** The folders that sources are searched in; a file stands for the folder around it. */
export function rootsOf(given: readonly string[], cwd: string): string[] {
  return (given.length === 0 ? ["."] : given).map((path) => {
    const full = resolve(cwd, path);
    return statSync(full).isDirectory() ? full : dirname(full);
  });
}

/** One pass over these files and all that they import. */
export async function buildOnce(
  builder: Builder,
  files: readonly string[],
  roots: readonly string[],
  options: BuilderOptions,
  io: Io,
): Promise<ExitCode> {
  const seen = new Set<string>();
  let failed = false;
  let unreadable = false;
  const tell = (program: Pick<BuiltProgram, "compiled">, diagnostics: readonly Diagnostic[]): void => {
    const { project } = program.compiled;
    const fresh = diagnostics.filter((one) => {
      const { source, span } = one.place;
      const key = JSON.stringify([project.root, source.path, span.start, one.code, one.message]);
      return !seen.has(key) && seen.add(key);
    });
    printDiagnostics(fresh, project, io.err);
    const refused = options.warningsAsErrors ? ["error", "warning"] : ["error"];
    if (diagnostics.some((one) => refused.includes(one.severity))) failed = true;
  };

  const programs = files.flatMap((file) => {
    try {
      return builder.compile([file]);
    } catch (error) {
      // The other files are still worth building.
      if (!(error instanceof HostError)) throw error;
      report(error, io);
      unreadable = true;
      return [];
    }
  });
  const each = [...new Map(programs.map((one) => [one.file, one])).values()];
  const layout = layoutOf(each, roots, options.out);
  const written: string[] = [];
  const built: BuiltProgram[] = [];
  for (const compiled of each) {
    tell({ compiled }, compiled.diagnostics);
    const program = await builder.write(compiled, layout);
    if (program.outputs === undefined) {
      const count = countOf(compiled.diagnostics.map((one) => one.severity));
      io.err.write(`${shownPath(compiled.file, io.cwd)}: ${count}, nothing written\n`);
      continue;
    }
    for (const path of program.written) io.out.write(`wrote ${shownPath(path, io.cwd)}\n`);
    written.push(...program.written);
    built.push(program);
  }
  for (const program of built) tell(program, await builder.verify(program));
  if (built.length > 0 || !failed) io.out.write(summary(built.length, written.length));
  if (unreadable) return exitCode.environment;
  return failed ? exitCode.programErrors : exitCode.fine;
}

function summary(programs: number, written: number): string {
  const files = written === 0 ? "nothing has changed" : `${written} file${written === 1 ? "" : "s"} written`;
  return `${programs} program${programs === 1 ? "" : "s"} built: ${files}\n`;
}
