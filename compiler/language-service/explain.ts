import type { CheckedProgram } from "../check/checked-program.ts";
import { hasErrors } from "../diagnostics/diagnostic.ts";
import { explainLine } from "../explain/explain-line.ts";
import { lower } from "../plan/lower.ts";
import { lineText } from "../source/source-file.ts";
import { codeBlock, sectionMarkdown } from "./markdown.ts";

/**
 * What the compiler decided at a line, as Markdown: formats, converters, transports, targets and why.
 * @param line from 1
 * @returns undefined where it decided nothing
 */
export function explainedLine(checked: CheckedProgram, line: number, compilerVersion: string): string | undefined {
  const { root } = checked.program;
  const plan = hasErrors(checked.diagnostics) ? undefined : lower(checked, compilerVersion);
  const sections = explainLine(checked, plan, root, line);
  if (sections.length === 0) return undefined;
  const written = lineText(root.source, line - 1).trim();
  const head = `# ${root.source.path}, line ${line}`;
  return `${[head, codeBlock(written), ...sections.map(sectionMarkdown)].join("\n\n")}\n`;
}
