import { commands, Location, Position, Range, Uri, window, workspace, type Disposable } from "vscode";
import type { Position as LspPosition, Location as LspLocation } from "vscode-languageclient";
import type { ScenarioTests } from "./scenarios.ts";
import { chooseRun, programOf } from "./choose-run.ts";
import type { Client } from "./client.ts";
import { openConfiguration } from "./configuration.ts";
import { folderOf, languageId, meshcOf } from "./context.ts";
import type { Explanations } from "./explanations.ts";
import type { GraphPanel } from "./graph-panel.ts";
import { newProject } from "./new-project.ts";
import { offerInstall, type MeshRun, type Runs } from "./runs.ts";
import { buildTask } from "./tasks.ts";

/** What the commands work on. */
export interface Parts {
  readonly client: Client;
  readonly runs: Runs;
  readonly graph: GraphPanel;
  readonly explanations: Explanations;
  readonly scenarios: ScenarioTests;
  /** The program of `meshc` that comes with the extension. */
  readonly bundled: string;
}

/** Each command of the extension, by its name. Lenses give the address of their file as text, menus as a URI. */
export function commandTable(parts: Parts): Readonly<Record<string, (...args: never[]) => unknown>> {
  const { client, runs, graph, explanations, scenarios, bundled } = parts;
  return {
    "mesh.run": async (given?: Uri | string, what?: string, name?: string) => {
      const uri = programOf(given);
      if (uri === undefined) return tellNoProgram();
      if (what === "scenario") return scenarios.run(uri, name ?? "");
      return start(parts, uri, what === "peer" ? { peer: name } : what === "pipeline" ? { pipeline: name } : {});
    },
    "mesh.runPeer": async (given?: Uri | string, name?: string) => {
      const uri = programOf(given);
      if (uri === undefined) return tellNoProgram();
      if (name !== undefined) return start(parts, uri, { peer: name });
      const outline = await client.outline(uri);
      if (outline === undefined) return client.tellSilence();
      const peers = outline?.peers.map((one) => one.name) ?? [];
      const peer = await window.showQuickPick(peers, { placeHolder: "Which peer of the program?" });
      return peer === undefined ? undefined : start(parts, uri, { peer });
    },
    "mesh.stop": async (row?: { readonly id?: unknown }) => {
      const run = runs.running.find((one) => one.id === row?.id) ?? (await chosen(runs.running));
      run?.stop();
      return run?.ended;
    },
    "mesh.stopAll": () => Promise.all(runs.running.map((run) => (run.stop(), run.ended))),
    "mesh.clearRuns": () => runs.clear(),
    "mesh.showOutput": () => runs.show(),
    "mesh.build": () => buildTask(),
    "mesh.graph": (given?: Uri | string) => {
      const uri = programOf(given);
      return uri === undefined ? tellNoProgram() : graph.show(uri);
    },
    "mesh.explain": (code?: string) => explanations.show(code),
    "mesh.newProject": () => newProject(bundled),
    "mesh.restartServer": () => client.restart(),
    "mesh.openConfiguration": () => openConfiguration(),
    "mesh.references": (uri: string, position: LspPosition, locations: readonly LspLocation[]) =>
      commands.executeCommand(
        "editor.action.showReferences",
        Uri.parse(uri),
        new Position(position.line, position.character),
        locations.map(
          ({ uri: there, range: { start, end } }) =>
            new Location(Uri.parse(there), new Range(start.line, start.character, end.line, end.character)),
        ),
      ),
  };
}

export function registerCommands(parts: Parts): Disposable[] {
  return Object.entries(commandTable(parts)).map(([name, run]) =>
    commands.registerCommand(name, run as (...args: unknown[]) => unknown),
  );
}

interface What {
  readonly peer?: string | undefined;
  readonly pipeline?: string | undefined;
}

async function start({ client, runs }: Parts, uri: Uri, what: What): Promise<MeshRun | undefined> {
  if (!workspace.isTrusted) {
    void window
      .showWarningMessage("Nothing is run in a workspace that is not trusted.", "Manage Trust")
      .then((found) => {
        if (found !== undefined) void commands.executeCommand("workbench.trust.manage");
      });
    return undefined;
  }
  const folder = folderOf(uri);
  // Nobody is asked for files that nothing could be done with.
  if (meshcOf(folder) === undefined) return offerInstall(folder);
  // What runs is what is on the disk.
  await Promise.all(
    workspace.textDocuments.filter((one) => one.isDirty && one.languageId === languageId).map((one) => one.save()),
  );
  // Of a peer nothing else is asked.
  const outline = what.peer === undefined ? await client.outline(uri) : null;
  if (outline === undefined) return client.tellSilence();
  const request = await chooseRun(uri, what, outline);
  if (request === undefined) return undefined;
  const run = runs.start(uri, request);
  if (run !== undefined) void commands.executeCommand("mesh.runs.focus", { preserveFocus: true });
  return run;
}

async function chosen(running: readonly MeshRun[]): Promise<MeshRun | undefined> {
  if (running.length <= 1) return running[0];
  const items = running.map((run) => ({ label: run.title, run }));
  return (await window.showQuickPick(items, { placeHolder: "Which run is to stop?" }))?.run;
}

async function tellNoProgram(): Promise<undefined> {
  const found = await window.showInformationMessage(
    "Open a .mesh file first: commands are about the program that is shown.",
    "New Project",
  );
  if (found !== undefined) await commands.executeCommand("mesh.newProject");
  return undefined;
}
