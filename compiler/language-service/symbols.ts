import type { DeclarationSyntax, Span } from "../../grammar/syntax.ts";
import { isStandard } from "../check/program.ts";
import type { ParsedFile } from "../check/sources.ts";
import type { Analysis, FilePlace } from "./files.ts";
import { isNamed, membersOf, type MeaningKind } from "./names/meaning.ts";

/** One entry of the outline of a file. */
export interface OutlineSymbol {
  readonly name: string;
  readonly kind: MeaningKind | "scenario";
  /** A few words beside the name, such as the type of a port. */
  readonly detail: string;
  readonly span: Span;
  readonly nameSpan: Span;
  readonly children: readonly OutlineSymbol[];
}

/** The outline of a file, as it is written. */
export function documentSymbols(file: ParsedFile): readonly OutlineSymbol[] {
  return file.syntax.declarations.flatMap((one) => outlineOf(file, one) ?? []);
}

function outlineOf(file: ParsedFile, syntax: DeclarationSyntax): OutlineSymbol | undefined {
  const { span } = syntax;
  if (syntax.kind === "Scenario") {
    const { title, pipeline } = syntax;
    if (title === undefined) return undefined;
    const detail = pipeline.text === "" ? "" : `for ${pipeline.text}`;
    return { name: title.value || "scenario", kind: "scenario", detail, span, nameSpan: title.span, children: [] };
  }
  if (!isNamed(syntax)) return undefined;
  const { text } = file.source;
  const children = membersOf({ module: file.module, syntax }).map(
    ({ name, kind, nameSpan, syntax: { span: whole, ...node } }): OutlineSymbol => {
      const type = "type" in node && node.type !== undefined && "span" in node.type ? node.type.span : undefined;
      const rest = node.kind === "Let" ? node.value?.callee.span : node.kind === "Remote" ? node.interface?.span : type;
      const shown = rest === undefined ? "" : text.slice(rest.start, rest.end).replaceAll(/\s+/g, " ");
      const detail = node.kind === "Port" ? `${node.direction} ${shown}`.trim() : shown;
      return { name, kind, detail, span: around(whole, nameSpan), nameSpan, children: [] };
    },
  );
  const batch = "batch" in syntax && syntax.batch ? "batch " : "";
  const contract = syntax.kind === "Pipeline" && syntax.conformsTo !== undefined ? `: ${syntax.conformsTo.text}` : "";
  return {
    name: syntax.name.text,
    kind: syntax.kind.toLowerCase() as MeaningKind,
    detail: `${batch}${syntax.kind.toLowerCase()}${contract}`,
    span: around(span, syntax.name.span),
    nameSpan: syntax.name.span,
    children,
  };
}

/** An editor refuses an entry whose name lies outside it. */
function around(span: Span, inner: Span): Span {
  return { start: Math.min(span.start, inner.start), end: Math.max(span.end, inner.end) };
}

export interface WorkspaceSymbol extends FilePlace {
  readonly name: string;
  readonly kind: MeaningKind | "scenario";
  readonly container: string;
}

/** More than anybody reads. */
const mostSymbols = 500;

/** The declarations of all files, and what stands in them, whose names have the letters of a query in their order. */
export function workspaceSymbols(analysis: Analysis, query: string): readonly WorkspaceSymbol[] {
  const found: { symbol: WorkspaceSymbol; score: number }[] = [];
  for (const path of analysis.modules) {
    const file = isStandard(path) ? undefined : analysis.parsed(path);
    if (file === undefined) continue;
    const add = ({ name, kind, nameSpan }: OutlineSymbol, container: string, depth: number): void => {
      const score = scoreOf(name, query);
      if (score === undefined) return;
      const { start, end } = nameSpan;
      found.push({ symbol: { name, kind, path, start, end, container }, score: score + depth });
    };
    for (const one of documentSymbols(file)) {
      add(one, path, 0);
      for (const child of one.children) if (query !== "") add(child, one.name, 1);
    }
  }
  return found
    .toSorted((a, b) => a.score - b.score)
    .slice(0, mostSymbols)
    .map((one) => one.symbol);
}

/** Less is better; undefined where it does not fit. */
function scoreOf(name: string, query: string): number | undefined {
  if (query === "") return 0;
  const [lower, wanted] = [name.toLowerCase(), query.toLowerCase()];
  if (lower === wanted) return 0;
  if (lower.startsWith(wanted)) return 2;
  if (lower.includes(wanted)) return 4;
  let at = 0;
  for (const letter of wanted) {
    at = lower.indexOf(letter, at) + 1;
    if (at === 0) return undefined;
  }
  return 6;
}
