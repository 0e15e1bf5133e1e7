import { existsSync } from "node:fs";
import { join } from "node:path";
import { SnippetString, Uri, window, workspace } from "vscode";
import { currentFolder } from "./context.ts";

const names = ["mesh.config.ts", "mesh.config.mts", "mesh.config.js", "mesh.config.mjs"];

const first = `import { defineConfig } from "pipeline-mesh/compiler";

export default defineConfig({
  sources: ["\${1:.}"],
  out: "\${2:generated}",
});
`;

/** Opens the configuration of the project, or begins one. */
export async function openConfiguration(): Promise<void> {
  const folder = currentFolder();
  if (folder === undefined) {
    await window.showInformationMessage("A configuration belongs to a project: open its folder first.");
    return;
  }
  const paths = names.map((name) => join(folder.uri.fsPath, name));
  const found = paths.find((path) => existsSync(path));
  if (found !== undefined) {
    await window.showTextDocument(Uri.file(found));
    return;
  }
  const fresh = Uri.file(paths[0] ?? "").with({ scheme: "untitled" });
  const editor = await window.showTextDocument(await workspace.openTextDocument(fresh));
  await editor.insertSnippet(new SnippetString(first));
}
