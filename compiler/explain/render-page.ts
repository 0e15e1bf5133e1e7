import type { Style } from "../diagnostics/style.ts";

/** A page of documentation as text for a terminal: headings stand out, blocks of code are set in. */
export function renderPage(page: string, style: Style): string {
  const lines: string[] = [];
  let inBlock = false;
  for (const line of page.trimEnd().split("\n")) {
    if (line.startsWith("```")) inBlock = !inBlock;
    else if (inBlock) lines.push(line === "" ? "" : `    ${line}`);
    else if (line.startsWith("#")) lines.push(style.bold(line.replace(/^#+ /, "")));
    else if (/^\*[^*]+\*$/.test(line)) lines.push(style.faint(line.slice(1, -1)));
    else lines.push(line.replaceAll(/`([^`]+)`/g, (whole, code: string) => painted(whole, code, style)));
  }
  return `${lines.join("\n").replaceAll(/\n{3,}/g, "\n\n")}\n`;
}

/** Where there is no colour the marks stay, for without them `->` would be lost in a sentence. */
function painted(whole: string, code: string, style: Style): string {
  const shown = style.information(code);
  return shown === code ? whole : shown;
}
