import { relative, resolve, sep } from "node:path";
import { checkProgram } from "../check/check.ts";
import { allCodes, titleOf } from "../diagnostics/catalog.ts";
import { hasErrors } from "../diagnostics/diagnostic.ts";
import { pageKind } from "../diagnostics/pages.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { explainLine } from "../explain/explain-line.ts";
import { renderPage } from "../explain/render-page.ts";
import type { Section } from "../explain/section.ts";
import { readPage } from "../host/documentation.ts";
import { nodejsHost } from "../host/nodejs.ts";
import { lower } from "../plan/lower.ts";
import { lineText, positionAt } from "../source/source-file.ts";
import { printDiagnostics, projectOf } from "./compile-file.ts";
import { environmentError, exitCode, usageError, type ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { version } from "./version.ts";

/** Prints the page of a code, or what was decided at a line. */
export function explain(what: string, io: Io): ExitCode {
  const code = /^(?:mesh)?(\d{4})$/i.exec(what)?.[1];
  if (code !== undefined) return explainCode(`MESH${code}`, io);
  const place = /^(.+):(\d{1,7})(?::\d{1,7})?$/.exec(what);
  const [, file, line] = place ?? [];
  if (file === undefined || line === undefined) {
    const near = suggest(what.toUpperCase(), allCodes());
    throw usageError(
      `\`${what}\` is neither a code nor a line of a file.`,
      near === undefined
        ? "Write `meshc explain MESH3001` or `meshc explain main.mesh:42`."
        : `Did you mean \`${near}\`?`,
    );
  }
  return explainPlace(file, Number(line), io);
}

function explainCode(code: string, io: Io): ExitCode {
  if (!allCodes().includes(code)) {
    const near = suggest(code, allCodes());
    throw usageError(
      `There is no diagnostic ${code}.`,
      near === undefined ? "docs/diagnostics/README.md lists all of them." : `Did you mean \`${near}\`?`,
    );
  }
  const page = readPage(code) ?? `# ${code}: ${titleOf(code)}\n\n${pageKind(code)}\n`;
  io.out.write(renderPage(page, io.out.style));
  return exitCode.fine;
}

function explainPlace(file: string, line: number, io: Io): ExitCode {
  const full = resolve(io.cwd, file);
  const project = projectOf(full, io.cwd);
  const path = relative(project.root, full).split(sep).join("/");
  const checked = checkProgram(path, nodejsHost(project.root));
  const { root } = checked.program;
  const count = root.source.lineStarts.length;
  if (line < 1 || line > count) {
    throw environmentError(`${file} has ${count} line${count === 1 ? "" : "s"}; there is no line ${line}.`);
  }
  const plan = hasErrors(checked.diagnostics) ? undefined : lower(checked, version);
  const { style } = io.out;
  const said = checked.diagnostics.filter(
    ({ place }) => place.source === root.source && positionAt(place.source, place.span.start).line + 1 === line,
  );
  io.out.write(`${style.faint(`${line} |`)} ${lineText(root.source, line - 1).trimEnd()}\n\n`);
  printDiagnostics(said, project, io.out);
  const sections = explainLine(checked, plan, root, line);
  for (const section of sections) io.out.write(sectionText(section, io));
  if (sections.length === 0 && said.length === 0) io.out.write("Nothing was decided on this line.\n");
  return exitCode.fine;
}

function sectionText({ head, facts }: Section, { out: { style } }: Io): string {
  const width = Math.max(0, ...facts.map((one) => one.name.length));
  const lines = facts.flatMap(({ name, text, because }) => [
    `  ${style.faint(name.padEnd(width))}  ${text}`,
    ...because.map((reason) => `  ${" ".repeat(width)}    ${style.faint(reason)}`),
  ]);
  return `${style.bold(head)}\n${lines.join("\n")}\n\n`;
}
