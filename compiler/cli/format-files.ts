import { relative, sep } from "node:path";
import process from "node:process";
import { createFormatter, lineSpan, type FormatOptions, type FormatResult } from "../../grammar/index.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { syntaxDiagnostic } from "../diagnostics/syntax-problem.ts";
import { HostError } from "../host/host.ts";
import { nodejsHost } from "../host/nodejs.ts";
import { sourceFile } from "../source/source-file.ts";
import { countOf, printDiagnostics, projectOf, type Project } from "./compile-file.ts";
import { environmentError, exitCode, usageError, type ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { report } from "./report.ts";
import { findSources, shownPath } from "./sources.ts";
import { unifiedDiff } from "./unified-diff.ts";

export interface FormatFilesOptions {
  /** Nothing is written; what would change is printed as a diff. */
  readonly check: boolean;
  /** Only the statements on these lines, counted from 1, both included; of one file. */
  readonly lines?: { readonly first: number; readonly last: number };
}

type Lines = FormatFilesOptions["lines"];

type Outcome = "laid out" | "unchanged" | "broken";

/** Lays out files and folders; what is wrong with one does not keep it from the others. */
export function formatFiles(given: readonly string[], { check, lines }: FormatFilesOptions, io: Io): ExitCode {
  const files = findSources(given, io.cwd);
  if (lines !== undefined && files.length !== 1) {
    throw usageError("`--range` is for one file.", `These are ${files.length}; name the one.`);
  }
  const formatter = createFormatter();
  const format = (text: string, name: string): FormatResult => formatter(text, rangeOf(lines, text, name));
  const outcomes: Outcome[] = [];
  let unreadable = false;
  for (const file of files) {
    try {
      outcomes.push(formatFile(file, format, check, io));
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      report(error, io);
      unreadable = true;
    }
  }
  const count = (wanted: Outcome): number => outcomes.filter((one) => one === wanted).length;
  const fresh = count("laid out");
  const summary = check ? `${fresh} would be laid out` : `${fresh} laid out`;
  const broken = count("broken");
  const rest = broken === 0 ? "" : `, ${broken} with errors left alone`;
  // The diff goes where it can be piped to; the summary does not belong to it.
  (check ? io.err : io.out).write(`${files.length} file${files.length === 1 ? "" : "s"}: ${summary}${rest}\n`);
  if (unreadable) return exitCode.environment;
  return broken > 0 || (check && fresh > 0) ? exitCode.programErrors : exitCode.fine;
}

/** @throws {CommandError} where the text has no such line */
function rangeOf(lines: Lines, text: string, name: string): FormatOptions {
  if (lines === undefined) return {};
  const range = lineSpan(text, lines.first, lines.last);
  if (range !== undefined) return { range };
  throw usageError(`There is no line ${lines.first} in ${name}.`, `It has ${text.split("\n").length}.`);
}

function formatFile(
  file: string,
  format: (text: string, name: string) => FormatResult,
  check: boolean,
  io: Io,
): Outcome {
  const project = projectOf(file, io.cwd);
  const host = nodejsHost(project.root);
  const path = relative(project.root, file).split(sep).join("/");
  const shown = shownPath(file, io.cwd);
  const text = host.readFile(path);
  if (text === undefined) throw new HostError(`There is no file ${shown}.`);
  const result = format(text, shown);
  if ("errors" in result) {
    printErrors(result, path, text, project, io);
    return "broken";
  }
  if (result.text === text) return "unchanged";
  if (check) io.out.write(unifiedDiff(shown, text, result.edits, io.out.style));
  else {
    host.writeFile(path, result.text);
    io.out.write(`${shown} laid out\n`);
  }
  return "laid out";
}

function printErrors(
  { errors }: Extract<FormatResult, { readonly errors: unknown }>,
  path: string,
  text: string,
  project: Project,
  io: Io,
): void {
  const source = sourceFile(path, text);
  const diagnostics: Diagnostic[] = errors.map((problem) => syntaxDiagnostic(problem, source));
  printDiagnostics(diagnostics, project, io.err);
  const count = countOf(diagnostics.map(({ severity }) => severity));
  io.err.write(`${project.pathOf(path)}: ${count}, left as it is\n`);
}

/** Larger inputs are no programs. */
const maxInputBytes = 4 * 1024 * 1024;

async function standardInput(): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > maxInputBytes) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new HostError(
      `The standard input cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
  if (size > maxInputBytes) {
    throw environmentError(`The standard input holds more than ${maxInputBytes / 1024 / 1024} MiB.`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new HostError("The standard input is not text in UTF-8.");
  }
}

/** Lays out the standard input. A text with syntax errors gives no output. */
export async function formatInput(
  given: readonly string[],
  { check, lines }: FormatFilesOptions,
  io: Io,
  read: () => Promise<string> = standardInput,
): Promise<ExitCode> {
  if (given.length > 1) throw usageError("`-` stands alone.", "Give `-`, or files and folders.");
  const text = await read();
  const result = createFormatter()(text, rangeOf(lines, text, "the standard input"));
  if ("errors" in result) {
    const shown = "standard input";
    const project: Project = { root: io.cwd, pathOf: () => shown, urlOf: () => undefined };
    printErrors(result, shown, text, project, io);
    return exitCode.programErrors;
  }
  if (!check) {
    io.out.write(result.text);
    return exitCode.fine;
  }
  io.out.write(unifiedDiff("standard input", text, result.edits, io.out.style));
  return result.text === text ? exitCode.fine : exitCode.programErrors;
}
