import { resolve } from "node:path";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { renderDiagnostic } from "../diagnostics/render-text.ts";
import { lineText, positionAt } from "../source/source-file.ts";

/** A diagnostic as bundlers speak of mistakes. */
export interface Problem {
  readonly severity: "error" | "warning";
  /** `MESH2001: …` */
  readonly message: string;
  /** Absolute. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 0, in UTF-16 code units. */
  readonly column: number;
  /** Of what is underlined on that line, 1 at least. */
  readonly length: number;
  readonly lineText: string;
  /** Why, and what to do. */
  readonly notes: readonly string[];
  /** The place with the lines around it, notes and help, as `meshc check` shows them. */
  readonly frame: string;
}

/** @param root the folder that the paths of the program are relative to, absolute */
export function problemOf(diagnostic: Diagnostic, root: string, warningsAsErrors: boolean): Problem {
  const { code, severity, message, place, notes, hint } = diagnostic;
  const { line, character } = positionAt(place.source, place.span.start);
  const text = lineText(place.source, line);
  const [, ...frame] = renderDiagnostic(diagnostic).trimEnd().split("\n");
  return {
    severity: severity === "error" || (warningsAsErrors && severity === "warning") ? "error" : "warning",
    message: `${code}: ${message}`,
    file: resolve(root, place.source.path),
    line: line + 1,
    column: character,
    length: Math.max(1, Math.min(place.span.end - place.span.start, text.length - character)),
    lineText: text,
    notes: [...notes, ...(hint === undefined ? [] : [hint])],
    frame: frame.join("\n"),
  };
}

/** A problem as one text, for bundlers that know nothing but a message. */
export function textOf({ message, frame }: Problem): string {
  return `${message}\n${frame}`;
}

/** Errors for a bundler that takes one at a time: the first, with the others below it. */
export function summaryOf(errors: readonly Problem[]): Problem | undefined {
  const [first, ...rest] = errors;
  if (first === undefined || rest.length === 0) return first;
  const count = `${rest.length} more error${rest.length === 1 ? "" : "s"}`;
  return {
    ...first,
    message: `${first.message} (and ${count})`,
    frame: [first.frame, ...rest.map(textOf)].join("\n\n"),
  };
}
