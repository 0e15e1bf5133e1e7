import type { ImportNameSyntax } from "../../grammar/syntax.ts";
import type { FileInfo } from "../check/program.ts";
import type { Fix } from "../diagnostics/diagnostic.ts";

/** Takes a name out of its import, or the whole import where it is the only one. Safe: nothing uses it. */
export function removeImport(file: FileInfo, name: ImportNameSyntax): Fix[] {
  const { source } = file;
  const statement = file.syntax.imports.find((one) => one.names.includes(name));
  if (statement === undefined) return [];
  const { names } = statement;
  const title = `Remove \`${name.name.text}\` from the import`;
  const edit = (start: number, end: number): Fix[] => [
    { title, edits: [{ place: { source, span: { start, end } }, newText: "" }], applicability: "safe" },
  ];
  if (names.length === 1) {
    const { start, end } = statement.span;
    const before = source.text.lastIndexOf("\n", start - 1) + 1;
    const newline = source.text.indexOf("\n", end);
    const after = newline === -1 ? source.text.length : newline;
    // A comment on the same line is somebody's words: it stays.
    const alone = source.text.slice(before, start).trim() === "" && source.text.slice(end, after).trim() === "";
    return alone ? edit(before, newline === -1 ? after : newline + 1) : edit(start, end);
  }
  const index = names.indexOf(name);
  const next = names[index + 1];
  if (next !== undefined) return edit(name.span.start, next.span.start);
  const previous = names[index - 1];
  return previous === undefined ? [] : edit(previous.span.end, name.span.end);
}
