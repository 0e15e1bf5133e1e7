/** The grammar as text, in the notation of the W3C: `?`, `*`, `+`, `|`. */
import type { Rule, Shape } from "./grammar-shapes.ts";

function quoted(text: string): string {
  return text.includes('"') ? `'${text}'` : `"${text}"`;
}

function isGroup(shape: Shape): boolean {
  return (
    shape.kind === "sequence" || shape.kind === "choice" || (shape.kind === "several" && shape.separator !== undefined)
  );
}

function inParentheses(shape: Shape): string {
  return isGroup(shape) ? `(${ebnf(shape)})` : ebnf(shape);
}

function ebnf(shape: Shape): string {
  switch (shape.kind) {
    case "word":
      return quoted(shape.text);
    case "rule":
      return shape.name;
    case "sequence":
      return shape.parts.map((part) => (part.kind === "choice" ? inParentheses(part) : ebnf(part))).join(" ");
    case "choice":
      return shape.parts.map(ebnf).join(" | ");
    case "optional": {
      const { part } = shape;
      if (part.kind === "several" && part.separator === undefined) return `${inParentheses(part.part)}*`;
      return `${inParentheses(part)}?`;
    }
    case "several": {
      if (shape.separator === undefined) return `${inParentheses(shape.part)}+`;
      const part = shape.part.kind === "choice" ? `(${ebnf(shape.part)})` : ebnf(shape.part);
      return `${part} (${ebnf(shape.separator)} ${part})*`;
    }
    default:
      return shape satisfies never;
  }
}

const WIDTH = 100;

/** One rule. The alternatives at the end of a long one stand below each other. */
export function ebnfRule({ name, shape }: Rule, indent: number): string {
  const head = `${name.padEnd(indent)} ::= `;
  const line = head + ebnf(shape);
  if (line.length <= WIDTH) return line;
  const parts = shape.kind === "sequence" ? shape.parts : [shape];
  const last = parts.at(-1);
  if (last?.kind !== "choice") return line;
  const before = parts.slice(0, -1);
  const start = before.length === 0 ? head : `${head}${ebnf({ kind: "sequence", parts: before })} ( `;
  const lead = `\n${" ".repeat(start.length - 2)}| `;
  return start + last.parts.map(ebnf).join(lead) + (before.length === 0 ? "" : " )");
}

export function ebnfText(rules: readonly Rule[], indent: number): string {
  return rules.map((rule) => ebnfRule(rule, indent)).join("\n");
}
