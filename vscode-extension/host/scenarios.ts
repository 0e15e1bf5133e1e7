import { spawn } from "node:child_process";
import { relative } from "node:path";
import { Range, TestMessage, TestRunRequest, tests, TestRunProfileKind, window, workspace } from "vscode";
import type { CancellationToken, Disposable, TestItem, TestRunProfile, Uri } from "vscode";
import { scenarioArguments, scenarioResult } from "../core/scenario-result.ts";
import type { Client } from "./client.ts";
import { folderOf, languageId, meshcOf, nodeProgram } from "./context.ts";

/** How many programs of a workspace are looked through. */
const maxPrograms = 500;
/** What is typed in one go is read once. */
const settleMs = 400;

/** The scenarios of the workspace as tests. They can be run where the `meshc` of the project can. */
export class ScenarioTests implements Disposable {
  readonly #client: Client;
  readonly #controller = tests.createTestController("mesh.scenarios", "Mesh Scenarios");
  readonly #parts: Disposable[];
  #profile: TestRunProfile | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(client: Client) {
    this.#client = client;
    this.#controller.refreshHandler = () => this.find();
    const watcher = workspace.createFileSystemWatcher("**/*.mesh");
    this.#parts = [
      this.#controller,
      watcher,
      watcher.onDidCreate((uri) => void this.#read(uri)),
      watcher.onDidDelete((uri) => this.#controller.items.delete(uri.toString())),
      workspace.onDidOpenTextDocument(({ uri, languageId: one }) => one === languageId && void this.#read(uri)),
      workspace.onDidChangeTextDocument(({ document: { uri, languageId: one } }) => {
        if (one !== languageId) return;
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => void this.#read(uri), settleMs);
      }),
    ];
  }

  /** The titles of all that have been found. */
  get titles(): readonly string[] {
    const found: string[] = [];
    this.#controller.items.forEach((file) => file.children.forEach(({ label }) => found.push(label)));
    return found;
  }

  /** Looks through all programs of the workspace. */
  async find(): Promise<void> {
    const found = await workspace.findFiles("**/*.mesh", "**/{node_modules,dist}/**", maxPrograms);
    for (const uri of found) await this.#read(uri);
    if (workspace.isTrusted) await this.#offerRuns();
  }

  /** A project whose `meshc` has no such command gets no button that could only fail. */
  async #offerRuns(): Promise<void> {
    const [folder] = workspace.workspaceFolders ?? [];
    if (folder === undefined || this.#profile !== undefined) return;
    const { code } = await this.#meshc(folder.uri, ["help", "test"]);
    if (code !== 0) return;
    this.#profile = this.#controller.createRunProfile("Run", TestRunProfileKind.Run, (request, token) =>
      this.#run(request, token),
    );
    this.#profile.isDefault = true;
  }

  async #read(uri: Uri): Promise<void> {
    const outline = await this.#client.outline(uri);
    if (outline === null) return;
    const id = uri.toString();
    if (outline.scenarios.length === 0) {
      this.#controller.items.delete(id);
      return;
    }
    const file =
      this.#controller.items.get(id) ?? this.#controller.createTestItem(id, workspace.asRelativePath(uri), uri);
    file.children.replace(
      outline.scenarios.map(({ title, pipeline, range: { start, end } }) => {
        const item = this.#controller.createTestItem(title, title, uri);
        item.description = pipeline;
        item.range = new Range(start.line, start.character, end.line, end.character);
        return item;
      }),
    );
    this.#controller.items.add(file);
  }

  /** Runs one scenario that a lens stands above. */
  async run(uri: Uri, title: string): Promise<void> {
    await this.find();
    const item = this.#controller.items.get(uri.toString())?.children.get(title);
    if (this.#profile === undefined || item === undefined) {
      const version = meshcOf(folderOf(uri))?.version;
      void window.showInformationMessage(
        version === undefined
          ? "Scenarios are run by the `meshc` of the project, and this one has none. They are checked all the same."
          : `The meshc ${version} of this project checks scenarios, and cannot run them yet.`,
      );
      return;
    }
    await this.#run(new TestRunRequest([item]), undefined);
  }

  async #run(request: TestRunRequest, token: CancellationToken | undefined): Promise<void> {
    const run = this.#controller.createTestRun(request);
    const all: TestItem[] = [];
    const add = (item: TestItem): void => {
      if (item.children.size === 0) all.push(item);
      else item.children.forEach(add);
    };
    if (request.include === undefined) this.#controller.items.forEach(add);
    else request.include.forEach(add);
    for (const item of all.filter((one) => request.exclude?.includes(one) !== true)) {
      if (token?.isCancellationRequested === true || item.uri === undefined) break;
      run.started(item);
      const file = relative(folderOf(item.uri), item.uri.fsPath);
      const { code, text } = await this.#meshc(item.uri, scenarioArguments(file, item.id), token);
      const result = scenarioResult(code, text);
      if (result.kind === "passed") run.passed(item);
      else run[result.kind](item, new TestMessage(result.message));
      run.appendOutput(text.replaceAll(/\r?\n/g, "\r\n"), undefined, item);
    }
    run.end();
  }

  #meshc(
    uri: Uri,
    words: readonly string[],
    token?: CancellationToken,
  ): Promise<{ readonly code: number | null; readonly text: string }> {
    const folder = folderOf(uri);
    const meshc = meshcOf(folder);
    if (meshc === undefined)
      return Promise.resolve({ code: 3, text: "pipeline-mesh is not installed in this project." });
    const { command, env } = nodeProgram(uri);
    return new Promise((resolve) => {
      const child = spawn(command, [meshc.program, ...words], { cwd: folder, env: { ...env, NO_COLOR: "1" } });
      const stop = token?.onCancellationRequested(() => child.kill("SIGINT"));
      let text = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (part: string) => (text += part));
      }
      const end = (code: number | null): void => {
        stop?.dispose();
        resolve({ code, text });
      };
      child.once("error", () => end(3));
      child.once("close", end);
    });
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const one of this.#parts) one.dispose();
  }
}
