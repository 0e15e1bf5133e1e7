import { relative } from "node:path";
import { Uri, window, workspace } from "vscode";
import type { OutlineResult } from "../../compiler/language-server/protocol.ts";
import { filesOfPort, type RunRequest } from "../core/run-request.ts";
import { folderOf, languageId, settings } from "./context.ts";

/** The program that a command is about: the one that it was given, else the one that is edited. */
export function programOf(given: Uri | string | undefined): Uri | undefined {
  if (typeof given === "string") return Uri.parse(given);
  if (given instanceof Uri) return given;
  const editors = [window.activeTextEditor, ...window.visibleTextEditors];
  return editors.find((one) => one?.document.languageId === languageId)?.document.uri;
}

/**
 * Asks for what a run needs to know.
 * @param what a peer or a pipeline; left out, all peers
 * @returns undefined when the user has thought better of it
 */
export async function chooseRun(
  uri: Uri,
  what: { readonly peer?: string | undefined; readonly pipeline?: string | undefined },
  outline: OutlineResult | null,
): Promise<RunRequest | undefined> {
  const { "run.processes": processes, "run.arguments": more } = settings(uri);
  const file = relative(folderOf(uri), uri.fsPath);
  const known = { file, processes, more };
  if (what.peer !== undefined) return { ...known, peer: what.peer };
  const declaresPeers = (outline?.peers.length ?? 0) > 0;
  const pipeline = what.pipeline ?? (declaresPeers ? undefined : await choosePipeline(outline));
  if (pipeline === undefined) return declaresPeers ? known : undefined;
  const found = outline?.pipelines.find(({ name }) => name === pipeline);
  const inputs = new Map<string, string>();
  const outputs = new Map<string, string>();
  for (const { name, type } of found?.inputs ?? []) {
    const { needed, endings } = filesOfPort(type);
    const chosen = await chooseInput(uri, `${pipeline}.${name}`, endings, needed);
    if (chosen === undefined) return undefined;
    if (chosen !== "") inputs.set(name, chosen);
  }
  for (const { name, type } of found?.outputs ?? []) {
    if (!filesOfPort(type).isMedia) continue;
    const chosen = await chooseOutput(uri, `${pipeline}.${name}`, filesOfPort(type).endings[0] ?? "");
    if (chosen === undefined) return undefined;
    if (chosen !== "") outputs.set(name, chosen);
  }
  return { ...known, processes: processes && declaresPeers, pipeline, inputs, outputs };
}

async function choosePipeline(outline: OutlineResult | null): Promise<string | undefined> {
  const names = outline?.pipelines.map(({ name }) => name) ?? [];
  if (names.length <= 1) return names[0];
  return window.showQuickPick(names, { placeHolder: "No peer is declared. Which pipeline is to run?" });
}

/** @returns a path relative to where it is run, "" for none, undefined for no run at all */
async function chooseInput(
  uri: Uri,
  port: string,
  endings: readonly string[],
  needed: boolean,
): Promise<string | undefined> {
  const folder = folderOf(uri);
  const pattern = endings.length === 1 ? `**/*.${endings[0]}` : `**/*.{${endings.join(",")}}`;
  const near = await workspace.findFiles(pattern, "**/{node_modules,dist,.*}/**", 200);
  const items = [
    ...(needed ? [] : [{ label: "$(circle-slash) nothing", path: "" }]),
    ...near.map(({ fsPath }) => ({ label: relative(folder, fsPath), path: relative(folder, fsPath) })),
    { label: "$(folder-opened) another file …", path: undefined },
  ];
  const chosen = await window.showQuickPick(items, { placeHolder: `The file that goes into ${port}` });
  if (chosen === undefined || chosen.path !== undefined) return chosen?.path;
  const filters = { [endings.join(", ")]: [...endings] };
  const [picked] = (await window.showOpenDialog({ title: `The file that goes into ${port}`, filters })) ?? [];
  return picked && relative(folder, picked.fsPath);
}

async function chooseOutput(uri: Uri, port: string, ending: string): Promise<string | undefined> {
  const keep = { label: `$(save) write it to a file …`, isKept: true };
  const drop = { label: "$(circle-slash) do not keep it", isKept: false };
  const chosen = await window.showQuickPick([keep, drop], { placeHolder: `What becomes of ${port}?` });
  if (chosen === undefined || !chosen.isKept) return chosen && "";
  const folder = folderOf(uri);
  const defaultUri = Uri.joinPath(Uri.file(folder), `${port.split(".").at(-1) ?? "out"}.${ending}`);
  const picked = await window.showSaveDialog({ title: `What comes out of ${port}`, defaultUri });
  return picked && relative(folder, picked.fsPath);
}
