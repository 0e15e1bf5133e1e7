import type { Fact, Section } from "../explain/section.ts";

/** A block of the language. */
export function codeBlock(text: string): string {
  return `\`\`\`mesh\n${text}\n\`\`\``;
}

/** What the compiler decided, as Markdown. */
export function sectionMarkdown({ head, facts }: Section): string {
  return [codeBlock(head), facts.map(factMarkdown).join("\n")].filter((one) => one !== "").join("\n");
}

export function factMarkdown({ name, text, because }: Fact): string {
  return [`- **${name}**: ${escaped(text)}`, ...because.map((reason) => `  - ${escaped(reason)}`)].join("\n");
}

/** Formats have angle brackets, which Markdown would take for HTML. */
function escaped(text: string): string {
  return text
    .replaceAll(/[<>*_|[\]\\]/g, "\\$&")
    .replaceAll(/`([^`]*)`/g, (_, code: string) => `\`${code.replaceAll("\\", "")}\``);
}

/** The parts that there are, with a rule between them. */
export function parts(...all: readonly (string | undefined)[]): string {
  return all.filter((one) => one !== undefined && one !== "").join("\n\n---\n\n");
}
