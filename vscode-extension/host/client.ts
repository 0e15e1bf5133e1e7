import process from "node:process";
import {
  commands,
  EventEmitter,
  languages,
  LanguageStatusSeverity,
  window,
  workspace,
  type ExtensionContext,
} from "vscode";
import type { CancellationToken, Disposable, LanguageStatusItem, Uri } from "vscode";
import { LanguageClient, State, type LanguageClientOptions } from "vscode-languageclient/node";
import {
  requests,
  type ExplainParams,
  type GraphResult,
  type OutlineResult,
} from "../../compiler/language-server/protocol.ts";
import { languageId, meshcOfWorkspace, settings } from "./context.ts";

/** A language server that can be started. */
interface Server {
  readonly program: string;
  readonly version: string;
  readonly from: "project" | "extension";
}

/**
 * New objects get no more room than this before it is looked which of them are still needed. From version 24 on Node.js gives them
 * several times as much, which makes a server half as large again that has been typed in for a while, and hardly faster.
 */
const youngMb = 8;

/** The language server, as long as there is one, and what it is asked beyond the protocol. */
export class Client implements Disposable {
  readonly #context: ExtensionContext;
  readonly #status: LanguageStatusItem;
  readonly #output = window.createOutputChannel("Mesh Language Server", { log: true });
  readonly #watched: Disposable[];
  readonly #started = new EventEmitter<void>();
  /** A server has come up, the first or another. */
  readonly onDidStart = this.#started.event;
  #client: LanguageClient | undefined;
  /** Restarts go one after another. */
  #work: Promise<void> = Promise.resolve();

  constructor(context: ExtensionContext) {
    this.#context = context;
    this.#status = languages.createLanguageStatusItem("mesh.server", { language: languageId });
    this.#status.name = "Mesh";
    this.#status.command = { title: "Restart", command: "mesh.restartServer" };
    this.#watched = [
      workspace.onDidGrantWorkspaceTrust(() => void this.restart()),
      workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration("mesh.server")) void this.restart();
      }),
    ];
  }

  /** Starts the server, in the place of the one that runs. */
  restart(): Promise<void> {
    this.#work = this.#work.then(() => this.#restart()).catch((error: unknown) => this.#failed(error));
    return this.#work;
  }

  async #restart(): Promise<void> {
    await this.#stop();
    const server = this.#choose();
    if (server === undefined) {
      this.#show("no language server", "This project has no pipeline-mesh.", LanguageStatusSeverity.Warning);
      return;
    }
    const { program, from, version } = server;
    const [folder] = workspace.workspaceFolders ?? [];
    // The editor's own Node.js, so that a server works where none is installed.
    const run = {
      command: process.execPath,
      args: [`--max-semi-space-size=${youngMb}`, program, "lsp", "--stdio"],
      options: {
        ...(folder !== undefined && { cwd: folder.uri.fsPath }),
        env: { ...process.env, ELECTRON_RUN_AS_NODE: "1" },
      },
    };
    const client = new LanguageClient(languageId, "Mesh", { run, debug: run }, this.#options());
    this.#client = client;
    client.onDidChangeState(({ newState }) => {
      if (newState === State.Starting)
        this.#show(`mesh ${version}`, "starting", LanguageStatusSeverity.Information, true);
      else if (newState === State.Running) {
        this.#show(`mesh ${version}`, `language server of the ${from}`, LanguageStatusSeverity.Information);
        // Also when one that has died was replaced.
        this.#started.fire();
      } else if (newState === State.Stopped && this.#client === client)
        this.#show("mesh", "the language server has stopped", LanguageStatusSeverity.Error);
    });
    await client.start();
  }

  #options(): LanguageClientOptions {
    return {
      documentSelector: [{ language: languageId }],
      outputChannel: this.#output,
      initializationOptions: { ...workspace.getConfiguration("mesh"), trusted: workspace.isTrusted },
      synchronize: { configurationSection: "mesh" },
      middleware: {
        workspace: {
          // Whether the workspace is trusted is no setting of the user's.
          configuration: async ({ items }, token, next) => {
            const found = await next({ items }, token);
            if (!Array.isArray(found)) return found;
            return found.map((one: unknown, index) =>
              items[index]?.section === "mesh"
                ? { ...(typeof one === "object" ? one : {}), trusted: workspace.isTrusted }
                : one,
            );
          },
        },
      },
    };
  }

  /** What the project has installed knows its version of the language best, but is its code: nobody else's is run unasked. */
  #choose(): Server | undefined {
    const own: Server = {
      program: this.#context.asAbsolutePath("dist/meshc.mjs"),
      version: String((this.#context.extension.packageJSON as { readonly version?: unknown }).version),
      from: "extension",
    };
    const { "server.use": use } = settings();
    if (use === "bundled" || !workspace.isTrusted) return own;
    const found = meshcOfWorkspace();
    if (found !== undefined) return { ...found, from: "project" };
    return use === "project" ? undefined : own;
  }

  graph(uri: Uri, token: CancellationToken): Promise<GraphResult | null> {
    return this.#ask(requests.graph, { textDocument: { uri: uri.toString() } }, token);
  }

  outline(uri: Uri): Promise<OutlineResult | null> {
    return this.#ask(requests.outline, { textDocument: { uri: uri.toString() } });
  }

  explain(params: ExplainParams): Promise<string | null> {
    return this.#ask(requests.explain, params);
  }

  /** Null where nobody answers: the server has gone, is too old to know the question, or the answer is no longer wanted. */
  async #ask<T>(method: string, params: unknown, token?: CancellationToken): Promise<T | null> {
    await this.#work;
    const client = this.#client;
    if (client?.state !== State.Running) return null;
    try {
      return await client.sendRequest<T | null>(method, params, token);
    } catch (error) {
      if (token?.isCancellationRequested !== true) this.#output.warn(`${method}: ${reasonOf(error)}`);
      return null;
    }
  }

  #show(text: string, detail: string, severity: LanguageStatusSeverity, busy = false): void {
    this.#status.text = text;
    this.#status.detail = detail;
    this.#status.severity = severity;
    this.#status.busy = busy;
  }

  #failed(error: unknown): void {
    this.#show("mesh", reasonOf(error), LanguageStatusSeverity.Error);
    this.#output.error(reasonOf(error));
    void window
      .showErrorMessage(
        `The language server of Mesh could not be started: ${reasonOf(error)}`,
        "Restart",
        "Show Output",
      )
      .then((chosen) => {
        if (chosen === "Restart") void commands.executeCommand("mesh.restartServer");
        else if (chosen !== undefined) this.#output.show();
      });
  }

  async #stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    // One that has crashed, or never came up, is gone already.
    await client?.dispose().catch(() => undefined);
  }

  async dispose(): Promise<void> {
    for (const one of this.#watched) one.dispose();
    await this.#work;
    await this.#stop();
    this.#status.dispose();
    this.#started.dispose();
    this.#output.dispose();
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
