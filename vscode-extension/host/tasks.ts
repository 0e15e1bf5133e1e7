import { ProcessExecution, Task, TaskGroup, tasks, workspace, type Disposable, type WorkspaceFolder } from "vscode";
import { readTask, taskCommands, taskWords, type MeshTask } from "../core/task-words.ts";
import { currentFolder, meshcOf, nodeProgram } from "./context.ts";
import { offerInstall } from "./runs.ts";

const type = "mesh";

/** Tasks that check and build the projects of the workspace. */
export function registerTasks(): Disposable {
  return tasks.registerTaskProvider(type, {
    provideTasks: () =>
      (workspace.workspaceFolders ?? []).flatMap((folder) =>
        taskCommands.flatMap((command) => taskIn(folder, { command }) ?? []),
      ),
    resolveTask: ({ scope, definition }) => {
      const folder = scope !== undefined && typeof scope === "object" ? scope : workspace.workspaceFolders?.[0];
      const what = readTask(definition);
      return folder === undefined || what === undefined ? undefined : taskIn(folder, what, definition);
    },
  });
}

/** Builds the project, as `mesh.config.ts` has it. */
export async function buildTask(): Promise<void> {
  const folder = currentFolder();
  if (folder === undefined) return;
  const task = taskIn(folder, { command: "build" });
  if (task === undefined) await offerInstall(folder.uri.fsPath);
  else await tasks.executeTask(task);
}

/** @returns undefined where the project has no `meshc` */
function taskIn(folder: WorkspaceFolder, what: MeshTask, given?: Task["definition"]): Task | undefined {
  const meshc = meshcOf(folder.uri.fsPath);
  if (meshc === undefined) return undefined;
  const { words, matcher } = taskWords(what);
  const { command, env } = nodeProgram(folder.uri);
  const known = Object.fromEntries(
    Object.entries({ ...env, NO_COLOR: "1" }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const execution = new ProcessExecution(command, [meshc.program, ...words], { cwd: folder.uri.fsPath, env: known });
  const name = [what.command, ...(what.file === undefined ? [] : [what.file])].join(" ");
  const task = new Task(given ?? { type, ...what }, folder, name, type, execution, [matcher]);
  task.isBackground = what.command === "watch";
  if (what.command === "build") task.group = TaskGroup.Build;
  return task;
}
