import { literalValue } from "../../../grammar/literals.ts";
import { suggest } from "../../diagnostics/suggest.ts";
import { textOf } from "../build/write-all.ts";
import type { Arguments } from "../command.ts";
import { loadConfig, sourcesOf } from "../config-file.ts";
import { exitCode, usageError, type ExitCode } from "../exit-code.ts";
import type { Io } from "../io.ts";
import { findSources, shownPath } from "../sources.ts";
import { jsonReporter } from "./json-reporter.ts";
import { TestedProgram, type PlayOptions } from "./tested-program.ts";
import { textReporter } from "./text-reporter.ts";

export interface TestOptions extends PlayOptions {
  /** Files and folders, as a person in the current folder writes them. */
  readonly sources: readonly string[];
  readonly format: "text" | "json";
}

const defaultLimit = "60s";

/** @throws {CommandError} with exit code 2 */
export async function readTestOptions(args: Arguments, cwd: string): Promise<TestOptions> {
  const seed = args.value("seed") ?? "1";
  if (!/^\d{1,9}$/.test(seed)) throw usageError(`\`${seed}\` is no seed.`, "Give a whole number, such as `--seed 7`.");
  const limit = args.value("timeout") ?? defaultLimit;
  const literal = literalValue(limit);
  if (literal?.quantity !== "duration" || !(literal.value > 0)) {
    throw usageError(`\`${limit}\` is no time that a scenario may take.`, "Write it as `60s`, `500ms` or `10min`.");
  }
  return {
    sources: sourcesOf(args.positionals, await loadConfig(cwd), cwd),
    titles: args.values("scenario"),
    format: args.value("format") === "json" ? "json" : "text",
    seed: Number(seed),
    limitMs: literal.value / 1000,
  };
}

export interface Tested {
  readonly exitCode: ExitCode;
  /** Every file that was read, absolute. */
  readonly read: ReadonlySet<string>;
}

/**
 * Plays the scenarios of files and folders, one after the other.
 * @throws {CommandError} with exit code 2 where there is none, or none of a title; 3 for a file that is not there
 */
export async function testFiles(options: TestOptions, io: Io): Promise<Tested> {
  const files = findSources(options.sources, io.cwd);
  const reporter = options.format === "json" ? jsonReporter(io) : textReporter(io);
  const read = new Set<string>(files);
  const totals = { passed: 0, failed: 0, broken: 0 };
  const known: string[] = [];
  for (const file of files) {
    // Most programs have none, and are not checked for that.
    if (!/\bscenario\b/.test(textOf(file) ?? "scenario")) continue;
    const program = new TestedProgram(file, options, io, reporter);
    for (const one of program.read()) read.add(one);
    known.push(...program.titles);
    if (!(await program.prepare())) {
      totals.broken += 1;
      continue;
    }
    for await (const { failures } of program.results()) totals[failures.length === 0 ? "passed" : "failed"] += 1;
  }
  const isBroken = totals.broken > 0;
  if (!isBroken) checkTitles(options, known, files, io.cwd);
  reporter.finished(totals);
  return { exitCode: isBroken || totals.failed > 0 ? exitCode.programErrors : exitCode.fine, read };
}

/** @throws {CommandError} where nothing was there to be played: a test that tests nothing is a mistake */
function checkTitles({ titles }: TestOptions, known: readonly string[], files: readonly string[], cwd: string): void {
  const [first = "", ...more] = files;
  const where = more.length === 0 ? shownPath(first, cwd) : `${files.length} programs`;
  if (known.length === 0) {
    throw usageError(`There is no scenario in ${where}.`, 'Write one: `scenario "what happens" for Pipeline { … }`.');
  }
  const missing = titles.find((one) => !known.includes(one));
  if (missing === undefined) return;
  const near = suggest(missing, known);
  throw usageError(
    `There is no scenario "${missing}" in ${where}.`,
    near === undefined ? `There are: ${known.map((one) => `"${one}"`).join(", ")}.` : `Did you mean "${near}"?`,
  );
}
