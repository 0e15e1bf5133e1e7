import type { Place, Position } from "../source/source-file.ts";
import { positionAt } from "../source/source-file.ts";
import type { Applicability, Diagnostic, Severity } from "./diagnostic.ts";

/** Positions count from 0, characters in UTF-16 code units, as in the Language Server Protocol. */
export interface JsonRange {
  readonly start: Position;
  readonly end: Position;
}

export interface JsonEdit {
  readonly file: string;
  readonly range: JsonRange;
  readonly newText: string;
}

/** One entry of the array that `--format json` prints. */
export interface JsonDiagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly file: string;
  readonly range: JsonRange;
  readonly related: readonly { readonly file: string; readonly range: JsonRange; readonly message: string }[];
  readonly fixes: readonly {
    readonly title: string;
    readonly applicability: Applicability;
    readonly edits: readonly JsonEdit[];
  }[];
}

export function rangeOf({ source, span }: Place): JsonRange {
  return { start: positionAt(source, span.start), end: positionAt(source, span.end) };
}

/** A diagnostic as plain data. `pathOf` turns the path of a source into the one to show. */
export function diagnosticToJson(
  diagnostic: Diagnostic,
  pathOf: (path: string) => string = (path) => path,
): JsonDiagnostic {
  const where = (place: Place): { file: string; range: JsonRange } => ({
    file: pathOf(place.source.path),
    range: rangeOf(place),
  });
  return {
    code: diagnostic.code,
    severity: diagnostic.severity,
    message: diagnostic.message,
    ...where(diagnostic.place),
    related: diagnostic.related.map(({ place, message }) => ({ ...where(place), message })),
    fixes: diagnostic.fixes.map(({ title, applicability, edits }) => ({
      title,
      applicability,
      edits: edits.map(({ place, newText }) => ({ ...where(place), newText })),
    })),
  };
}

/** A diagnostic, with what turns the path of a source into the one to show. */
export interface ShownDiagnostic {
  readonly diagnostic: Diagnostic;
  readonly pathOf?: (path: string) => string;
}

/** The text of one JSON array with a line for each diagnostic, so that it reads well and diffs well. */
export function renderJson(diagnostics: readonly ShownDiagnostic[]): string {
  if (diagnostics.length === 0) return "[]\n";
  const lines = diagnostics.map(
    ({ diagnostic, pathOf }) => `  ${JSON.stringify(diagnosticToJson(diagnostic, pathOf))}`,
  );
  return `[\n${lines.join(",\n")}\n]\n`;
}
