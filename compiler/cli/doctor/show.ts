import { printable } from "../../diagnostics/text-width.ts";
import type { Output } from "../io.ts";
import type { Finding } from "./finding.ts";

const marks = { fine: "✓", failed: "✗", skipped: "·" } as const;

/** A step in a line of its own, with what more there is to say below. */
export function showFinding({ step, state, found, more = [], code, hint }: Finding, { style }: Output): string {
  const paint = { fine: style.good, failed: style.error, skipped: style.faint }[state];
  const head = `${paint(marks[state])} ${step.padEnd(10)}  ${printable(found)}${code === undefined ? "" : ` (${code})`}`;
  const lines = more.map((line) => `              ${printable(line)}`);
  const wayOut = hint === undefined ? [] : [`  ${style.bold("help")}: ${printable(hint)}`];
  return `${[head, ...lines, ...wayOut].join("\n")}\n`;
}

/** What it all comes to. */
export function showSum(uri: string, problems: readonly Finding[], { style }: Output): string {
  if (problems.length === 0) return `${style.good(`${uri} can be called`)}\n`;
  return `${style.error(`${uri} cannot be used as it is`)}\n`;
}
