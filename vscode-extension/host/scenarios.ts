import { spawn } from "node:child_process";
import { relative } from "node:path";
import { createInterface } from "node:readline";
import { Location, Range, TestMessage, TestRunRequest, tests, TestRunProfileKind, window, workspace } from "vscode";
import type { CancellationToken, Disposable, TestItem, TestRun, TestRunProfile, Uri } from "vscode";
import { readTestMessage, type TestMessage as MeshcMessage } from "../../compiler/cli/test/messages.ts";
import { failureText, reasonOfNone, scenarioArguments, timelineText } from "../core/scenario-results.ts";
import type { Client } from "./client.ts";
import { folderOf, languageId, meshcOf, meshcOfWorkspace, nodeProgram } from "./context.ts";

/** How many programs of a workspace are looked through. */
const maxPrograms = 500;
/** What is typed in one go is read once. */
const settleMs = 400;

/** What has become of a scenario, and what is said of it. */
export interface ScenarioOutcome {
  readonly status: "passed" | "failed" | "errored";
  readonly failures: readonly string[];
}

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
      workspace.onDidGrantWorkspaceTrust(() => void this.#offerRuns()),
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
    const found = meshcOfWorkspace();
    if (found === undefined || this.#profile !== undefined) return;
    const { code } = await this.#meshc(found.folder.uri, ["help", "test"], () => undefined);
    if (code !== 0 || this.#profile !== undefined) return;
    this.#profile = this.#controller.createRunProfile(
      "Run",
      TestRunProfileKind.Run,
      async (request, token) => void (await this.#run(request, token)),
      true,
    );
  }

  async #read(uri: Uri): Promise<void> {
    const outline = await this.#client.outline(uri);
    if (outline === null || outline === undefined) return;
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

  /** Runs one scenario that a lens stands above. @returns what has become of it; undefined where it cannot be run */
  async run(uri: Uri, title: string): Promise<ScenarioOutcome | undefined> {
    await this.find();
    const item = this.#controller.items.get(uri.toString())?.children.get(title);
    if (this.#profile === undefined || item === undefined) {
      const version = meshcOf(folderOf(uri))?.version;
      void window.showInformationMessage(
        !workspace.isTrusted
          ? "Nothing is run in a workspace that is not trusted. Scenarios are checked all the same."
          : version === undefined
            ? "Scenarios are run by the `meshc` of the project, and this one has none. They are checked all the same."
            : `The meshc ${version} of this project checks scenarios, and cannot run them yet.`,
      );
      return undefined;
    }
    const outcomes = await this.#run(new TestRunRequest([item]), undefined);
    return outcomes.get(item.id);
  }

  /** @returns what has become of each, by its title */
  async #run(
    request: TestRunRequest,
    token: CancellationToken | undefined,
  ): Promise<ReadonlyMap<string, ScenarioOutcome>> {
    // What is played is what is on the disk.
    await Promise.all(
      workspace.textDocuments.filter((one) => one.isDirty && one.languageId === languageId).map((one) => one.save()),
    );
    const run = this.#controller.createTestRun(request);
    const outcomes = new Map<string, ScenarioOutcome>();
    for (const items of this.#byFile(request)) {
      for (const item of items) run.enqueued(item);
      if (token?.isCancellationRequested !== true) await this.#play(run, items, outcomes, token);
    }
    run.end();
    return outcomes;
  }

  /** All scenarios that are asked for, those of a file together. */
  #byFile({ include, exclude = [] }: TestRunRequest): TestItem[][] {
    const found = new Map<string, TestItem[]>();
    const add = (item: TestItem): void => {
      if (exclude.includes(item)) return;
      // A file stands for what is in it.
      if (item.parent === undefined) item.children.forEach(add);
      else found.set(item.parent.id, [...(found.get(item.parent.id) ?? []), item]);
    };
    if (include === undefined) this.#controller.items.forEach(add);
    else include.forEach(add);
    return [...found.values()];
  }

  async #play(
    run: TestRun,
    items: readonly TestItem[],
    outcomes: Map<string, ScenarioOutcome>,
    token: CancellationToken | undefined,
  ): Promise<void> {
    const [{ uri } = { uri: undefined }] = items;
    if (uri === undefined) return;
    const known = new Map(items.map((item) => [item.label, item]));
    const broken: Extract<MeshcMessage, { type: "diagnostics" }>["diagnostics"][number][] = [];
    const take = (line: string): void => {
      const message = readTestMessage(line);
      if (message === undefined) run.appendOutput(`${line}\r\n`);
      else if (message.type === "diagnostics") broken.push(...message.diagnostics);
      else if (message.type === "started" || message.type === "scenario") {
        const item = known.get(message.title);
        if (item === undefined) return;
        if (message.type === "started") run.started(item);
        else outcomes.set(item.id, told(run, item, uri, message));
      }
    };
    const file = relative(folderOf(uri), uri.fsPath);
    const { code, text } = await this.#meshc(uri, scenarioArguments(file, [...known.keys()]), take, token);
    for (const item of items) {
      if (outcomes.has(item.id)) continue;
      if (token?.isCancellationRequested === true) run.skipped(item);
      else run.errored(item, new TestMessage(reasonOfNone(broken, code, text)));
      outcomes.set(item.id, { status: "errored", failures: [reasonOfNone(broken, code, text)] });
    }
  }

  /** @param take a line of its standard output @returns what it has said besides */
  #meshc(
    uri: Uri,
    words: readonly string[],
    take: (line: string) => void,
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
      createInterface({ input: child.stdout }).on("line", take);
      child.stderr.setEncoding("utf8").on("data", (part: string) => (text += part));
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

/** Shows what a scenario has come to, each failure at its line. */
function told(
  run: TestRun,
  item: TestItem,
  uri: Uri,
  message: Extract<MeshcMessage, { type: "scenario" }>,
): ScenarioOutcome {
  const { status, failures, realMs } = message;
  run.appendOutput(`${timelineText(message).replaceAll("\n", "\r\n")}\r\n`, undefined, item);
  if (status === "passed") run.passed(item, realMs);
  else {
    const messages = failures.map((failure) => {
      const { start, end } = failure.range;
      const shown = new TestMessage(failureText(failure));
      shown.location = new Location(uri, new Range(start.line, start.character, end.line, end.character));
      return shown;
    });
    run.failed(item, messages, realMs);
  }
  return { status, failures: failures.map((one) => one.message) };
}
