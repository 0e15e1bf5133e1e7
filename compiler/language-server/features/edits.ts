import type { TextEdit, WorkspaceEdit } from "vscode-languageserver/node";
import type { FileEdit } from "../../language-service/files.ts";
import type { Asked } from "../session.ts";

/** Edits of several files; those of files that no editor can open are left out. */
export function workspaceEdit(asked: Pick<Asked, "location">, edits: readonly FileEdit[]): WorkspaceEdit {
  const changes: Record<string, TextEdit[]> = {};
  for (const one of edits) {
    const location = asked.location(one);
    if (location === undefined) continue;
    (changes[location.uri] ??= []).push({ range: location.range, newText: one.newText });
  }
  return { changes };
}
