import { joinPath } from "../check/paths.ts";
import type { Analysis, FileEdit } from "./files.ts";
import { relativeImport } from "./relative-import.ts";

/** The edits that keep imports and code where they lead when a file or folder gets another name. */
export function fileRenameEdits(analysis: Analysis, from: string, to: string): readonly FileEdit[] {
  const moved = (path: string): string =>
    path === from ? to : path.startsWith(`${from}/`) ? to + path.slice(from.length) : path;
  const edits: FileEdit[] = [];
  for (const path of analysis.modules) {
    const file = path.startsWith("std/") ? undefined : analysis.parsed(path);
    const own = moved(path);
    for (const text of file === undefined ? [] : pathsIn(file.syntax)) {
      const target = text.value.startsWith(".") ? joinPath(path, text.value) : undefined;
      if (target === undefined || (moved(target) === target && own === path)) continue;
      const written = relativeImport(own, moved(target));
      if (written === text.value) continue;
      edits.push({ path, start: text.span.start, end: text.span.end, newText: JSON.stringify(written) });
    }
  }
  return edits;
}

function pathsIn({ imports, declarations }: NonNullable<ReturnType<Analysis["parsed"]>>["syntax"]) {
  return [
    ...imports.flatMap((one) => one.from ?? []),
    ...declarations.flatMap((one) =>
      one.kind === "Node" ? one.members.flatMap((member) => (member.kind === "From" ? (member.path ?? []) : [])) : [],
    ),
  ];
}
