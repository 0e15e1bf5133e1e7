import type { JSDocStructure, OptionalKind } from "ts-morph";
import { commentText } from "./text.ts";

type Docs = OptionalKind<JSDocStructure>[];

/**
 * A documentation comment of paragraphs; those that are empty or undefined are left out.
 * @param texts what the program says in its own comments is escaped here, so it may be passed as it is
 */
export function docs(...texts: readonly (string | undefined)[]): { docs?: Docs } {
  const paragraphs = texts.map((text) => commentText(text ?? "")).filter((text) => text !== "");
  if (paragraphs.length === 0) return {};
  const description = paragraphs.join("\n\n");
  // A comment of one line stands on one line; a break in front makes it a block.
  return { docs: [{ description: description.includes("\n") ? `\n${description}` : description }] };
}

/** The same as text, for places that have no structure. */
export function docText(indent: string, ...texts: readonly (string | undefined)[]): string {
  const [found] = docs(...texts).docs ?? [];
  if (found === undefined) return "";
  const description = String(found.description);
  if (!description.startsWith("\n")) return `${indent}/** ${description} */\n`;
  const lines = description.slice(1).split("\n");
  return `${indent}/**\n${lines.map((line) => `${indent} *${line === "" ? "" : ` ${line}`}\n`).join("")}${indent} */\n`;
}
