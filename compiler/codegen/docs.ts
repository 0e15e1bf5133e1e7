import { commentText } from "./text.ts";

/**
 * A documentation comment of paragraphs, in front of a structure; those that are empty or undefined are left out. It is laid out
 * here: the printer would take a writer of its own for each, which is a sixth of its time.
 * @param texts what the program says in its own comments is escaped here, so it may be passed as it is
 */
export function docs(...texts: readonly (string | undefined)[]): { leadingTrivia?: string } {
  const leadingTrivia = docText("", ...texts);
  return leadingTrivia === "" ? {} : { leadingTrivia };
}

/** The same as text, for places that have no structure. */
export function docText(indent: string, ...texts: readonly (string | undefined)[]): string {
  const paragraphs = texts.map((text) => commentText(text ?? "")).filter((text) => text !== "");
  if (paragraphs.length === 0) return "";
  const description = paragraphs.join("\n\n");
  // A comment of one line stands on one line.
  if (!description.includes("\n")) return `${indent}/** ${description} */\n`;
  const lines = description.split("\n");
  return `${indent}/**\n${lines.map((line) => `${indent} *${line === "" ? "" : ` ${line}`}\n`).join("")}${indent} */\n`;
}
