import { catalog, allCodes, titleOf, type DiagnosticCode } from "./catalog.ts";
import type { Severity } from "./diagnostic.ts";

/** What the thousands of a code stand for. */
const families: Readonly<Record<string, string>> = {
  1: "syntax",
  2: "names and imports",
  3: "types, formats and codecs",
  4: "capabilities and placement",
  5: "graph shape",
  6: "resilience",
  7: "security",
  8: "performance",
  9: "style",
};

/** `MESH3001` belongs to `types, formats and codecs`. */
export function familyOf(code: string): string {
  return families[code.charAt(4)] ?? "other";
}

/** Problems of syntax are always errors. */
export function severityOf(code: string): Severity {
  return Object.hasOwn(catalog, code) ? catalog[code as DiagnosticCode].severity : "error";
}

/** The second paragraph of a page: `*Error, graph shape*`. */
export function pageKind(code: string): string {
  const severity = severityOf(code);
  return `*${severity.charAt(0).toUpperCase()}${severity.slice(1)}, ${familyOf(code)}*`;
}

/** The list of all pages, as Markdown. */
export function indexPage(): string {
  const sections = Object.entries(families).flatMap(([digit, name]) => {
    const codes = allCodes().filter((code) => code.charAt(4) === digit);
    if (codes.length === 0) return [];
    const rows = codes.map((code) => `| [${code}](${code}.md) | ${severityOf(code)} | ${titleOf(code)} |`);
    return [
      `## ${name.charAt(0).toUpperCase()}${name.slice(1)}`,
      ["| code | severity | what |", "| --- | --- | --- |", ...rows].join("\n"),
    ];
  });
  return `${[
    "# Diagnostics",
    "Everything that `meshc check` may say about a program, by its code. A code is stable: it never comes to mean something else. " +
      "`meshc explain CODE` prints its page. An error keeps a program from being built; a warning does not.",
    ...sections,
  ].join("\n\n")}\n`;
}

/** The blocks of a page that are marked as one language. */
export function blocksOf(page: string, language: string): string[] {
  return [...page.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].flatMap(([, name, text]) =>
    name === language && text !== undefined ? [text] : [],
  );
}
