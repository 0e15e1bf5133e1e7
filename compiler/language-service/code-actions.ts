import type { NodeSyntax, Span } from "../../grammar/syntax.ts";
import { joinPath } from "../check/paths.ts";
import type { ParsedFile } from "../check/sources.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { CodeAction } from "./code-action.ts";
import type { Analysis } from "./files.ts";
import { isNamed } from "./names/meaning.ts";
import { stub } from "./node-stub.ts";
import { extractPipeline } from "./refactor/extract-pipeline.ts";
import { extractPolicy } from "./refactor/extract-policy.ts";

/**
 * What can be done about a part of a file.
 * @param diagnostics what is wrong in the file, as it was last checked
 */
export function codeActions(
  analysis: Analysis,
  path: string,
  span: Span,
  diagnostics: readonly Diagnostic[],
): readonly CodeAction[] {
  const file = analysis.parsed(path);
  if (file === undefined) return [];
  const touched = diagnostics.filter(
    ({ place }) => place.source === file.source && place.span.start <= span.end && place.span.end >= span.start,
  );
  const organised = organiseImports(file, diagnostics);
  return [
    ...touched.flatMap(fixesOf),
    ...touched.flatMap((one) => insertConverter(file, one)),
    ...extractPolicy(analysis, file, span),
    ...extractPipeline(analysis, file, span),
    ...implementNode(analysis, file, span),
    ...(organised === undefined ? [] : [organised]),
  ];
}

function fixesOf(diagnostic: Diagnostic): CodeAction[] {
  return diagnostic.fixes.map(({ title, edits, applicability }) => ({
    title,
    kind: "quickfix",
    edits: edits.map(({ place: { source, span }, newText }) => ({ path: source.path, ...spanOf(span), newText })),
    diagnostic,
    isPreferred: applicability === "safe" || diagnostic.fixes.length === 1,
  }));
}

function spanOf({ start, end }: Span): Span {
  return { start, end };
}

/** Formats that do not match may be made to: `~>` in place of `->`. */
function insertConverter(file: ParsedFile, diagnostic: Diagnostic): CodeAction[] {
  if (diagnostic.code !== "MESH3001") return [];
  const { start, end } = diagnostic.place.span;
  const from = Math.max(0, file.source.text.lastIndexOf("\n", start) + 1);
  const arrows = file.tokens.filter((one) => one.text === "->" && one.span.start >= from && one.span.end <= end + 3);
  const arrow = arrows.find((one) => one.span.start >= start) ?? arrows.at(-1);
  if (arrow === undefined) return [];
  const edit = { path: file.source.path, ...spanOf(arrow.span), newText: "~>" };
  return [
    {
      title: "Let the compiler insert a converter: `~>`",
      kind: "quickfix",
      edits: [edit],
      diagnostic,
      isPreferred: false,
    },
  ];
}

/** Imports in order: those of the standard library first, names of one module together, nothing that is not used. */
function organiseImports(file: ParsedFile, diagnostics: readonly Diagnostic[]): CodeAction | undefined {
  const { imports } = file.syntax;
  const [first] = imports;
  const last = imports.at(-1);
  if (first === undefined || last === undefined || file.errors.length > 0) return undefined;
  const { text } = file.source;
  const whole = { start: first.span.start, end: last.span.end };
  // A comment between imports belongs to one of them, and nobody knows to which.
  if (file.comments.some(({ span }) => span.start >= whole.start && span.end <= whole.end)) return undefined;
  const unused = new Set(
    diagnostics.flatMap(({ code, place }) =>
      code === "MESH2006" && place.source === file.source ? [place.span.start] : [],
    ),
  );
  const byModule = new Map<string, Set<string>>();
  for (const { names, from } of imports) {
    if (from === undefined) return undefined;
    const known = byModule.get(from.value) ?? new Set<string>();
    byModule.set(from.value, known);
    for (const one of names) if (!unused.has(one.span.start)) known.add(text.slice(one.span.start, one.span.end));
  }
  const rank = (module: string): string => (module.startsWith("std/") ? `0${module}` : `1${module}`);
  const lines = [...byModule]
    .filter(([, names]) => names.size > 0)
    .toSorted(([a], [b]) => (rank(a) < rank(b) ? -1 : 1))
    .map(([module, names]) => `import { ${[...names].toSorted().join(", ")} } from ${JSON.stringify(module)}`);
  const newText = lines.join("\n");
  if (newText === text.slice(whole.start, whole.end)) return undefined;
  const edits = [{ path: file.source.path, ...whole, newText }];
  return { title: "Organise imports", kind: "source.organizeImports", edits, isPreferred: false };
}

/** Writes the code of a node that has none, with what its signature asks for. */
function implementNode(analysis: Analysis, file: ParsedFile, span: Span): CodeAction[] {
  const node = file.syntax.declarations.find(
    (one): one is NodeSyntax => one.kind === "Node" && one.span.start <= span.end && span.start <= one.span.end,
  );
  if (node === undefined || !isNamed(node) || file.source.path.startsWith("std/")) return [];
  const from = node.members.find((one) => one.kind === "From");
  const written = from?.path?.value ?? `./${dashed(node.name.text)}.ts`;
  const path = joinPath(file.source.path, written);
  if (path === undefined || !/\.[cm]?ts$/.test(path)) return [];
  const [name = ""] = path.split("/").slice(-1);
  if (analysis.siblings(path).includes(name)) return [];
  const open = file.source.text.lastIndexOf("}", node.span.end - 1);
  if (from === undefined && open < node.span.start) return [];
  const edits =
    from === undefined
      ? [{ path: file.source.path, start: open, end: open, newText: `  from ${JSON.stringify(written)}\n` }]
      : [];
  const creates = { path, text: stub(analysis, file, node) };
  return [
    {
      title: `Implement \`${node.name.text}\` in TypeScript`,
      kind: "refactor.rewrite",
      edits,
      creates,
      isPreferred: false,
    },
  ];
}

function dashed(name: string): string {
  return name.replaceAll(/([a-z0-9])([A-Z])/g, "$1-$2").toLowerCase();
}
