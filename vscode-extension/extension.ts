import { commands, workspace, type ExtensionContext } from "vscode";
import { Client } from "./host/client.ts";
import { registerCommands } from "./host/commands.ts";
import { Explanations } from "./host/explanations.ts";
import { GraphPanel } from "./host/graph-panel.ts";
import { RunView } from "./host/run-view.ts";
import { Runs } from "./host/runs.ts";
import { ScenarioTests } from "./host/scenarios.ts";
import { registerTasks } from "./host/tasks.ts";

/** What other extensions, and our tests, may ask of this one. */
export interface MeshApi {
  readonly runs: Pick<Runs, "all" | "running" | "onDidChange">;
  readonly graph: Pick<GraphPanel, "drawn">;
  readonly scenarios: Pick<ScenarioTests, "find" | "titles">;
}

/** Called by the editor when a program is opened, or a command is used. */
export async function activate(context: ExtensionContext): Promise<MeshApi> {
  const client = new Client(context);
  const runs = new Runs();
  const graph = new GraphPanel(context, client, runs);
  const explanations = new Explanations(client);
  const scenarios = new ScenarioTests(client);
  const bundled = context.asAbsolutePath("dist/meshc.mjs");
  context.subscriptions.push(
    runs,
    graph,
    new RunView(runs),
    explanations,
    scenarios,
    registerTasks(),
    ...registerCommands({ client, runs, graph, explanations, scenarios, bundled }),
    runs.onDidChange(() => void commands.executeCommand("setContext", "mesh.isRunning", runs.running.length > 0)),
    client,
  );
  await client.restart();
  if (workspace.workspaceFolders !== undefined) void scenarios.find();
  return { runs, graph, scenarios };
}
