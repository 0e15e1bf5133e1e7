import { spawn, type ChildProcess } from "node:child_process";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { commands, EventEmitter, window, type Disposable, type OutputChannel, type Uri } from "vscode";
import { style } from "../../compiler/diagnostics/style.ts";
import { readMessage, type RunMessage } from "../../compiler/cli/run/messages.ts";
import { logReporter, type RunReporter } from "../../compiler/cli/run/reporter.ts";
import { advance, initialState, type ViewState } from "../../compiler/cli/run/view-state.ts";
import { measure, noRates, type Rates } from "../core/rates.ts";
import { runArguments, runTitle, type RunRequest } from "../core/run-request.ts";
import type { ShownRun } from "../core/run-tree.ts";
import { folderOf, installCommand, meshcOf, nodeProgram } from "./context.ts";

/** One `meshc run` that goes on or has ended. */
export class MeshRun implements ShownRun {
  readonly id: string;
  readonly title: string;
  readonly uri: Uri;
  state: ViewState;
  rates: Rates = noRates;
  code: number | undefined;
  /** Resolves with the exit code. */
  readonly ended: Promise<number>;
  readonly #child: ChildProcess;

  constructor(
    id: string,
    uri: Uri,
    request: RunRequest,
    child: ChildProcess,
    output: OutputChannel,
    onChange: () => void,
  ) {
    this.id = id;
    this.uri = uri;
    this.title = runTitle(request);
    this.state = initialState(request.peer === undefined ? [] : [request.peer]);
    this.#child = child;
    const reporter = reporterTo(output, this.title);
    const take = (message: RunMessage, origin: string): void => {
      reporter.message(message, origin);
      this.state = advance(this.state, message, origin);
      if (message.type === "describe") this.#measure();
      onChange();
    };
    eachLine(child.stdout, (line) => {
      const message = readMessage(line);
      if (message === undefined) output.appendLine(line);
      else take(message, originOf(message));
    });
    eachLine(child.stderr, (line) => output.appendLine(line));
    this.ended = new Promise((resolve) => {
      const end = (code: number): void => {
        if (this.code !== undefined) return;
        this.code = code;
        reporter.close();
        resolve(code);
        onChange();
      };
      child.once("close", (code, signal) => end(code ?? (signal === null ? 1 : 130)));
      child.once("error", (error) => {
        output.appendLine(`${child.spawnfile} could not be started: ${error.message}`);
        end(3);
      });
    });
  }

  #measure(): void {
    const open = [...this.state.sessions.values()].filter((one) => one.open).map((one) => one.description);
    this.rates = measure(this.rates, open, performance.now());
  }

  /** Asks it to end in good order; once more, and it does not wait for its callers. */
  stop(): void {
    if (this.code === undefined) this.#child.kill("SIGINT");
  }

  kill(): void {
    if (this.code === undefined) this.#child.kill("SIGKILL");
  }
}

/** The peer whose process said it: with `--processes` a line has it beside what it says. */
function originOf(message: RunMessage): string {
  if (message.type === "started" || message.type === "exited") return "";
  const { peer } = message as { readonly peer?: unknown };
  return typeof peer === "string" ? peer : "";
}

function eachLine(stream: NodeJS.ReadableStream | null, take: (line: string) => void): void {
  if (stream !== null) createInterface({ input: stream }).on("line", take);
}

/** What a run says, in the words of the command line. */
function reporterTo(output: OutputChannel, title: string): RunReporter {
  const plain = {
    write: (text: string) => output.append(text),
    isTTY: false,
    columns: 120,
    rows: 40,
    style: style({ color: false, hyperlinks: false }),
    flushed: () => Promise.resolve(),
  };
  const io = { out: plain, err: plain, cwd: "", env: {}, onInterrupt: () => () => undefined };
  return logReporter({ io, title, peers: [], elapsedMs: () => 0 });
}

/** How many that have ended are still shown. */
const shownEnded = 5;

/** The meshes that have been run from here. */
export class Runs implements Disposable {
  readonly #changed = new EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #output = window.createOutputChannel("Mesh Run");
  #all: readonly MeshRun[] = [];
  #count = 0;

  /** The latest first. */
  get all(): readonly MeshRun[] {
    return this.#all;
  }

  get running(): readonly MeshRun[] {
    return this.#all.filter((one) => one.code === undefined);
  }

  /** @returns undefined where the project has no `meshc`, which the user has been told */
  start(uri: Uri, request: RunRequest): MeshRun | undefined {
    const folder = folderOf(uri);
    const meshc = meshcOf(folder);
    if (meshc === undefined) {
      void offerInstall(folder);
      return undefined;
    }
    const { command, env } = nodeProgram(uri);
    const words = runArguments(request);
    this.#output.appendLine(`> meshc ${words.join(" ")}`);
    // A group of its own: what ends the editor's terminal is not meant for it.
    const child = spawn(command, [meshc.program, ...words], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    this.#count += 1;
    const run = new MeshRun(`run ${this.#count}`, uri, request, child, this.#output, () => this.#changed.fire());
    const ended = this.#all.filter((one) => one.code !== undefined).slice(0, shownEnded);
    this.#all = [run, ...this.#all.filter((one) => one.code === undefined || ended.includes(one))];
    this.#changed.fire();
    void run.ended.then((code) => this.#tell(run, code));
    return run;
  }

  #tell({ title, state }: MeshRun, code: number): void {
    if (code === 0 || code === 130) return;
    const why = state.error === undefined ? `it ended with code ${code}` : state.error.message;
    const hint = state.error?.hint === undefined ? "" : ` ${state.error.hint}`;
    void window.showErrorMessage(`${title}: ${why}${hint}`, "Show Output").then((chosen) => {
      if (chosen !== undefined) this.show();
    });
  }

  /** Those that have ended are no longer shown. */
  clear(): void {
    this.#all = this.running;
    this.#changed.fire();
  }

  show(): void {
    this.#output.show(true);
  }

  dispose(): void {
    for (const one of this.running) one.stop();
    this.#changed.dispose();
    this.#output.dispose();
  }
}

/** Tells that a project lacks the package, and offers to install it. */
export async function offerInstall(folder: string): Promise<undefined> {
  const chosen = await window.showErrorMessage(
    "pipeline-mesh is not installed in this project, so there is no `meshc` to run it with.",
    "Install",
    "New Project",
  );
  if (chosen === "New Project") await commands.executeCommand("mesh.newProject");
  if (chosen !== "Install") return undefined;
  const terminal = window.createTerminal({ name: "Install pipeline-mesh", cwd: folder });
  terminal.show();
  terminal.sendText(installCommand(folder));
  return undefined;
}
