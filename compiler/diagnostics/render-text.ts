import type { Place } from "../source/source-file.ts";
import { lineText, locationOf, positionAt } from "../source/source-file.ts";
import type { Diagnostic, Fix } from "./diagnostic.ts";
import type { Style } from "./style.ts";
import { style as makeStyle } from "./style.ts";
import type { Cell } from "./text-width.ts";
import { layOut, printable } from "./text-width.ts";

export interface TextOptions {
  readonly style?: Style;
  /** Columns of the terminal; longer source lines are cut around what is underlined. 40 at least. */
  readonly columns?: number;
  /** The path to show for the path of a source, for example relative to the folder the reader is in. */
  readonly pathOf?: (path: string) => string;
  /** Where a click on the place leads; undefined for no link. */
  readonly urlOf?: (path: string) => string | undefined;
  /** Where a click on the code leads: its page; undefined for no link. */
  readonly pageOf?: (code: string) => string | undefined;
}

interface Drawing {
  readonly style: Style;
  readonly columns: number;
  readonly pathOf: (path: string) => string;
  readonly urlOf: (path: string) => string | undefined;
  /** Columns for line numbers. */
  readonly gutter: number;
}

/** A mark under part of a line. */
interface Mark {
  readonly line: number;
  /** Offsets in the line, in UTF-16 code units; `end` may lie beyond the line. */
  readonly start: number;
  readonly end: number;
  readonly label: string | undefined;
  readonly sign: "^" | "-";
}

/** All diagnostics for people, one after the other, each followed by an empty line. */
export function renderText(diagnostics: readonly Diagnostic[], options: TextOptions = {}): string {
  return diagnostics.map((one) => `${renderDiagnostic(one, options)}\n`).join("");
}

/**
 * One diagnostic: what is wrong, the lines it is about with the place underlined, other places that have to do with
 * it, why, and what to do.
 */
export function renderDiagnostic(diagnostic: Diagnostic, options: TextOptions = {}): string {
  const places = [diagnostic.place, ...diagnostic.related.map((one) => one.place)];
  const lastLine = Math.max(...places.map((place) => positionAt(place.source, place.span.end).line + 1));
  const drawing: Drawing = {
    style: options.style ?? makeStyle({ color: false, hyperlinks: false }),
    columns: Math.max(40, options.columns ?? 120),
    pathOf: options.pathOf ?? ((path) => path),
    urlOf: options.urlOf ?? (() => undefined),
    gutter: String(lastLine).length,
  };
  const paint = drawing.style[diagnostic.severity];
  const code =
    diagnostic.code === "" ? "" : `[${drawing.style.link(diagnostic.code, options.pageOf?.(diagnostic.code))}]`;
  const lines = [
    `${paint(`${diagnostic.severity}${code}`)}${drawing.style.bold(`: ${printable(diagnostic.message)}`)}`,
    ...excerpt(diagnostic.place, diagnostic.label, "^", paint, drawing),
  ];
  let above = diagnostic.place;
  for (const { place, message } of diagnostic.related) {
    const shown = excerpt(place, message, "-", drawing.style.information, drawing);
    // The head, an empty line and the source line are there already.
    lines.push(...(isSameLine(above, place, drawing) ? shown.slice(3) : shown));
    above = place;
  }
  const remarks = [
    ...diagnostic.notes.map((text) => ["note", text] as const),
    ...(diagnostic.hint === undefined ? [] : [["help", diagnostic.hint] as const]),
    ...diagnostic.fixes.filter((fix) => !isSaid(fix, diagnostic.hint)).map((fix) => ["fix", fix.title] as const),
  ];
  if (remarks.length > 0) lines.push(bar(drawing));
  for (const [name, text] of remarks) lines.push(...remark(name, text, drawing));
  return `${lines.join("\n")}\n`;
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[.`"]/g, "");
}

/** True when the hint has told already what the fix does. */
function isSaid({ title, edits }: Fix, hint: string | undefined): boolean {
  const [edit] = edits;
  if (hint === undefined) return false;
  if (plain(title) === plain(hint)) return true;
  return edits.length === 1 && edit !== undefined && edit.newText !== "" && plain(hint).includes(plain(edit.newText));
}

function bar({ gutter, style }: Drawing): string {
  return style.faint(`${" ".repeat(gutter)} |`);
}

function remark(name: string, text: string, { gutter, style }: Drawing): string[] {
  const [first = "", ...rest] = printable(text).split("\n");
  const indent = " ".repeat(gutter + 1);
  const head = `${indent}${style.faint("=")} ${style.bold(name)}: ${first}`;
  return [head, ...rest.map((line) => `${indent}  ${" ".repeat(name.length + 2)}${line}`)];
}

/** The head line with file, line and column, then the source lines with their marks. */
function excerpt(
  place: Place,
  label: string | undefined,
  sign: "^" | "-",
  paint: (text: string) => string,
  drawing: Drawing,
): string[] {
  const { style } = drawing;
  const { file, line, column } = locationOf(place);
  const shown = style.link(`${printable(drawing.pathOf(file))}:${line}:${column}`, drawing.urlOf(file));
  const lines = [`${" ".repeat(drawing.gutter)}${style.faint("-->")} ${shown}`, bar(drawing)];
  const marks = marksOf(place, label, sign);
  marks.forEach((mark, index) => {
    const before = marks[index - 1];
    if (before !== undefined && mark.line > before.line + 1) lines.push(style.faint(`${" ".repeat(drawing.gutter)} :`));
    lines.push(...markedLine(place, mark, paint, drawing));
  });
  return lines;
}

/** True when two places lie on one line of a file, all of which is shown. */
function isSameLine(above: Place, below: Place, drawing: Drawing): boolean {
  if (above.source !== below.source) return false;
  const [mark, ...more] = marksOf(below, undefined, "-");
  if (mark === undefined || more.length > 0) return false;
  const width = layOut(lineText(below.source, mark.line)).reduce((sum, cell) => sum + cell.width, 0);
  return width <= drawing.columns - drawing.gutter - 3 && marksOf(above, undefined, "-").at(-1)?.line === mark.line;
}

/** One mark for a place on one line; for a longer one its first and its last line. */
function marksOf(place: Place, label: string | undefined, sign: "^" | "-"): Mark[] {
  const { source, span } = place;
  const start = positionAt(source, span.start);
  let end = positionAt(source, Math.max(span.start, span.end));
  // A span that ends at the start of a line ends in fact on the one before.
  if (end.line > start.line && end.character === 0) {
    end = { line: end.line - 1, character: lineText(source, end.line - 1).length };
  }
  if (end.line === start.line) {
    return [{ line: start.line, start: start.character, end: end.character, label, sign }];
  }
  const last = lineText(source, end.line);
  const indent = last.length - last.trimStart().length;
  return [
    { line: start.line, start: start.character, end: lineText(source, start.line).length, label: undefined, sign },
    { line: end.line, start: Math.min(indent, end.character), end: end.character, label, sign },
  ];
}

function markedLine(place: Place, mark: Mark, paint: (text: string) => string, drawing: Drawing): string[] {
  const { style, gutter } = drawing;
  const cells = layOut(lineText(place.source, mark.line));
  const total = cells.reduce((sum, cell) => sum + cell.width, 0);
  const columnOf = (offset: number): number => cells.find((cell) => cell.offset >= offset)?.column ?? total;
  const from = columnOf(mark.start);
  // An empty span (something is missing here) still shows one sign.
  const to = Math.max(from + 1, columnOf(mark.end));
  const view = cut(cells, total, from, to, drawing.columns - gutter - 3);
  const number = String(mark.line + 1).padStart(gutter);
  const signs = mark.sign.repeat(Math.max(1, view.to - view.from));
  const [first = "", ...more] = mark.label === undefined ? [] : printable(mark.label).split("\n");
  const under = `${" ".repeat(view.from)}${paint(first === "" ? signs : `${signs} ${first}`)}`;
  const below = more.map((line) => `${bar(drawing)} ${" ".repeat(view.to + 1)}${paint(line)}`);
  return [`${style.faint(`${number} |`)} ${view.text}`.trimEnd(), `${bar(drawing)} ${under}`, ...below];
}

function textOf(part: readonly Cell[]): string {
  return part.map((cell) => cell.text).join("");
}

/** The part of a line that fits, with what is marked in it, and where the mark then stands. */
function cut(
  cells: readonly Cell[],
  total: number,
  from: number,
  to: number,
  width: number,
): { text: string; from: number; to: number } {
  if (total <= width) return { text: textOf(cells), from, to };
  // A third of the room goes to what stands before the mark.
  const wanted = Math.min(Math.max(0, from - Math.floor(width / 3)), total - width + 2);
  const left = wanted <= 0 ? 0 : wanted;
  const room = width - (left > 0 ? 1 : 0) - 1;
  const part = cells.filter((cell) => cell.column >= left && cell.column + cell.width <= left + room);
  const lead = left > 0 ? "…" : "";
  const last = part.at(-1);
  const reached = last === undefined ? left : last.column + last.width;
  const shift = (part[0]?.column ?? left) - lead.length;
  return {
    text: `${lead}${textOf(part)}${reached < total ? "…" : ""}`,
    from: from - shift,
    to: Math.max(from + 1, Math.min(to, reached)) - shift,
  };
}
