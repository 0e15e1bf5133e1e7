import {
  DiagnosticSeverity,
  DiagnosticTag,
  type Diagnostic as LspDiagnostic,
  type Position,
  type Range,
} from "vscode-languageserver/node";
import type { Span } from "../../grammar/syntax.ts";
import type { Diagnostic, Severity } from "../diagnostics/diagnostic.ts";
import { positionAt, type SourceFile } from "../source/source-file.ts";

export function rangeOf(source: SourceFile, { start, end }: Span): Range {
  return { start: positionAt(source, start), end: positionAt(source, end) };
}

/** Positions beyond a line or the text are moved to its end, as the protocol wants it. */
export function offsetAt(source: SourceFile, { line, character }: Position): number {
  const start = source.lineStarts[line];
  if (start === undefined) return line < 0 ? 0 : source.text.length;
  const next = source.lineStarts[line + 1];
  const end = next === undefined ? source.text.length : next - 1;
  return Math.max(start, Math.min(start + Math.max(0, character), end));
}

export function spanOf(source: SourceFile, { start, end }: Range): Span {
  return { start: offsetAt(source, start), end: offsetAt(source, end) };
}

const severities: Readonly<Record<Severity, DiagnosticSeverity>> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  information: DiagnosticSeverity.Information,
};

/** What an editor shows faded: it is there and does nothing. */
const unnecessary: ReadonlySet<string> = new Set(["MESH2006", "MESH5010", "MESH5013", "MESH6001"]);

export interface DiagnosticContext {
  /** Undefined for a place that an editor cannot open. */
  uriOf(path: string): string | undefined;
  pageUrl(code: string): string | undefined;
  readonly warningsAsErrors: boolean;
  readonly hasRelated: boolean;
}

export function toDiagnostic(one: Diagnostic, context: DiagnosticContext): LspDiagnostic {
  const { source, span } = one.place;
  const href = context.pageUrl(one.code);
  const severity = context.warningsAsErrors && one.severity === "warning" ? "error" : one.severity;
  const related = one.related.flatMap(({ place, message }) => {
    const uri = context.uriOf(place.source.path);
    return uri === undefined ? [] : [{ location: { uri, range: rangeOf(place.source, place.span) }, message }];
  });
  return {
    range: rangeOf(source, span),
    severity: severities[severity],
    code: one.code,
    ...(href !== undefined && { codeDescription: { href } }),
    source: "mesh",
    message: [one.message, ...one.notes, ...(one.hint === undefined ? [] : [one.hint])].join("\n"),
    ...(unnecessary.has(one.code) && { tags: [DiagnosticTag.Unnecessary] }),
    ...(context.hasRelated && related.length > 0 && { relatedInformation: related }),
  };
}
