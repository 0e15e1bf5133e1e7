import { renderJson } from "../diagnostics/render-json.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { HostError } from "../host/host.ts";
import { compileFile, countOf, printDiagnostics, type Project } from "./compile-file.ts";
import { exitCode, type ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { report } from "./report.ts";
import { findSources } from "./sources.ts";

/** Checks files and folders and prints what is found; a file that two programs import is told about once. */
export function checkFiles(given: readonly string[], format: "text" | "json", io: Io): ExitCode {
  const files = findSources(given, io.cwd);
  const seen = new Set<string>();
  const found: { readonly project: Project; readonly diagnostics: readonly Diagnostic[] }[] = [];
  let unreadable = false;
  for (const file of files) {
    try {
      const { project, diagnostics } = compileFile(file, io);
      const fresh = diagnostics.filter((one) => {
        const { source, span } = one.place;
        const key = JSON.stringify([project.root, source.path, span.start, one.code, one.message]);
        return !seen.has(key) && seen.add(key);
      });
      found.push({ project, diagnostics: fresh });
    } catch (error) {
      // The other files are still worth checking.
      if (!(error instanceof HostError)) throw error;
      report(error, io);
      unreadable = true;
    }
  }
  const severities = found.flatMap((one) => one.diagnostics.map(({ severity }) => severity));
  if (format === "json")
    io.out.write(
      renderJson(
        found.flatMap(({ diagnostics, project }) =>
          diagnostics.map((diagnostic) => ({ diagnostic, pathOf: project.pathOf })),
        ),
      ),
    );
  else {
    for (const { diagnostics, project } of found) printDiagnostics(diagnostics, project, io.out);
    io.out.write(`${files.length} file${files.length === 1 ? "" : "s"} checked: ${countOf(severities)}\n`);
  }
  if (unreadable) return exitCode.environment;
  return severities.includes("error") ? exitCode.programErrors : exitCode.fine;
}
