import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { window, workspace, type Uri, type WorkspaceFolder } from "vscode";
import { findMeshc, wantsMeshc, type Disk, type ProjectMeshc } from "../core/find-meshc.ts";
import { readSettings, type ExtensionSettings } from "../core/settings.ts";

export const languageId = "mesh";

export function settings(scope?: Uri): ExtensionSettings {
  const all = workspace.getConfiguration("mesh", scope);
  return readSettings((name) => all.get(name));
}

const disk: Disk = {
  readText(path) {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return undefined;
    }
  },
  join,
  dirname,
};

/** The `meshc` of the project that a folder belongs to. */
export function meshcOf(folder: string): ProjectMeshc | undefined {
  return findMeshc(folder, disk);
}

/** The `meshc` of the workspace: of the first of its folders that has one. */
export function meshcOfWorkspace(): (ProjectMeshc & { readonly folder: WorkspaceFolder }) | undefined {
  for (const folder of workspace.workspaceFolders ?? []) {
    const found = meshcOf(folder.uri.fsPath);
    if (found !== undefined) return { ...found, folder };
  }
  return undefined;
}

/** What installs it there. */
export function installCommand(folder: string): string {
  return wantsMeshc(folder, disk) ? "npm install" : "npm install pipeline-mesh";
}

/** The Node.js that programs are run with: what is set, that of the PATH, or else the editor's own. */
export function nodeProgram(scope?: Uri): { readonly command: string; readonly env: NodeJS.ProcessEnv } {
  const { node } = settings(scope);
  const { PATH = "", ...rest } = process.env;
  // What the editor tells its own processes is not for others.
  const env = Object.fromEntries(
    Object.entries({ PATH, ...rest }).filter(([name]) => !/^(ELECTRON_|VSCODE_|NODE_OPTIONS$)/.test(name)),
  );
  if (node !== "") return { command: node, env };
  const name = process.platform === "win32" ? "node.exe" : "node";
  const found = PATH.split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
  return found === undefined
    ? { command: process.execPath, env: { ...env, ELECTRON_RUN_AS_NODE: "1" } }
    : { command: found, env };
}

/** The folder that commands about a project are about: that of the file which is shown, or the first. */
export function currentFolder(): WorkspaceFolder | undefined {
  const shown = window.activeTextEditor?.document.uri;
  return (shown && workspace.getWorkspaceFolder(shown)) ?? workspace.workspaceFolders?.[0];
}

/** The folder that commands about a file are run in: that of the workspace, or the file's own. */
export function folderOf(uri: Uri): string {
  return workspace.getWorkspaceFolder(uri)?.uri.fsPath ?? dirname(uri.fsPath);
}
