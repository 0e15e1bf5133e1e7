import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { titleOf } from "../diagnostics/catalog.ts";
import type { Diagnostic, Fix } from "../diagnostics/diagnostic.ts";
import { renderJson } from "../diagnostics/render-json.ts";
import { renderSarif, type SarifRule } from "../diagnostics/render-sarif.ts";
import { applyFixes } from "../fixes/edits.ts";
import { readPage } from "../host/documentation.ts";
import { HostError } from "../host/host.ts";
import { nodejsHost } from "../host/nodejs.ts";
import { countOf, printDiagnostics, type Project } from "./compile-file.ts";
import { exitCode, type ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { report } from "./report.ts";
import { findSources } from "./sources.ts";
import { version } from "./version.ts";
import { Workspaces } from "./workspaces.ts";

export interface CheckOptions {
  readonly format: "text" | "json" | "sarif";
  /** Apply safe fixes first. */
  readonly fix: boolean;
  /** Warnings end with the exit code of errors. */
  readonly warningsAsErrors: boolean;
  /** What is known of files from elsewhere, by their absolute paths. */
  readonly known?: ReadonlyMap<string, readonly Diagnostic[]>;
}

export interface Checked {
  readonly exitCode: ExitCode;
  /** Every file that has been read, absolute, and the folders of those that were asked for. */
  readonly read: ReadonlySet<string>;
}

/** A fix may uncover another one, but not for ever. */
const maxRounds = 20;

interface Found {
  readonly project: Project;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Checks files and folders and prints what is found; a file that two programs import is told about once.
 * @param workspaces what an earlier check has found out
 */
export function checkFiles(
  given: readonly string[],
  options: CheckOptions,
  io: Io,
  workspaces: Workspaces = new Workspaces(io),
): Checked {
  const files = findSources(given, io.cwd);
  const seen = new Set<string>();
  const read = new Set<string>();
  const found: Found[] = [];
  let unreadable = false;
  let fixedCount = 0;
  workspaces.renew(files);
  const readable = files.filter((file) => {
    read.add(file).add(dirname(file));
    try {
      workspaces.add(file);
      return true;
    } catch (error) {
      // The other files are still worth checking.
      if (!(error instanceof HostError)) throw error;
      report(error, io);
      unreadable = true;
      return false;
    }
  });
  for (const file of readable) {
    if (options.fix) fixedCount += applySafeFixes(file, readable, workspaces);
    const { project, diagnostics, files: parts } = workspaces.check(file);
    for (const path of parts) read.add(`${project.root}/${path}`);
    const known = parts.flatMap((path) => options.known?.get(`${project.root}/${path}`) ?? []);
    const fresh = [...diagnostics, ...known].filter((one) => {
      const { source, span } = one.place;
      const key = JSON.stringify([project.root, source.path, span.start, one.code, one.message]);
      return !seen.has(key) && seen.add(key);
    });
    found.push({ project, diagnostics: fresh });
  }
  const severities = found.flatMap((one) => one.diagnostics.map(({ severity }) => severity));
  print(found, options.format, io);
  if (options.format === "text") {
    const checked = `${files.length} file${files.length === 1 ? "" : "s"} checked: ${countOf(severities)}`;
    const fixable = found.flatMap((one) => one.diagnostics).filter((one) => one.fixes.some(isSafe)).length;
    const fixes = options.fix
      ? `, ${fixedCount} fix${fixedCount === 1 ? "" : "es"} applied`
      : fixable > 0
        ? `; \`meshc check --fix\` puts ${fixable} of them right`
        : "";
    io.out.write(`${checked}${fixes}\n`);
  }
  const refused = options.warningsAsErrors ? ["error", "warning"] : ["error"];
  const failed = severities.some((one) => refused.includes(one)) ? exitCode.programErrors : exitCode.fine;
  return { exitCode: unreadable ? exitCode.environment : failed, read };
}

function isSafe({ applicability }: Fix): boolean {
  return applicability === "safe";
}

function ruleOf(code: string): SarifRule {
  return { title: titleOf(code), page: readPage(code) };
}

function print(found: readonly Found[], format: CheckOptions["format"], io: Io): void {
  if (format === "text") {
    for (const { diagnostics, project } of found) printDiagnostics(diagnostics, project, io.out);
    return;
  }
  const shown = found.flatMap(({ diagnostics, project }) =>
    diagnostics.map((diagnostic) => ({ diagnostic, pathOf: project.pathOf })),
  );
  if (format === "json") io.out.write(renderJson(shown));
  else {
    const root = `${pathToFileURL(io.cwd).href.replace(/\/$/, "")}/`;
    io.out.write(renderSarif(shown, { version, root, ruleOf }));
  }
}

/** Applies safe fixes to a program, and checks again, until there is none left. @returns how many were applied */
function applySafeFixes(file: string, files: readonly string[], workspaces: Workspaces): number {
  let fixed = 0;
  for (let round = 0; round < maxRounds; round += 1) {
    const { project, diagnostics } = workspaces.check(file);
    const own = diagnostics.filter((one) => !one.place.source.path.startsWith("std/"));
    const { applied, texts } = applyFixes(own, isSafe);
    if (texts.size === 0) break;
    const host = nodejsHost(project.root);
    for (const [source, text] of texts) host.writeFile(source.path, text);
    fixed += applied.length;
    workspaces.renew(files);
  }
  return fixed;
}
