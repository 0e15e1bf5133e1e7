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
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  State,
  type ErrorHandler,
  type LanguageClientOptions,
  type StaticFeature,
} from "vscode-languageclient/node";
import {
  notifications,
  requests,
  type ExplainParams,
  type GraphResult,
  type OutlineResult,
} from "../../compiler/language-server/protocol.ts";
import { Restarts } from "../core/restarts.ts";
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
  readonly #changed = new EventEmitter<void>();
  /** What was asked may be answered in another way, though no text has changed: a server has come up, or says so. */
  readonly onDidChange = this.#changed.event;
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
        this.#changed.fire();
      } else if (newState === State.Stopped && this.#client === client)
        this.#show("mesh", "the language server has stopped", LanguageStatusSeverity.Error);
    });
    client.registerFeature(takingRefreshes);
    client.onNotification(notifications.graphRefresh, () => this.#changed.fire());
    await client.start();
  }

  #options(): LanguageClientOptions {
    return {
      documentSelector: [{ language: languageId }],
      errorHandler: errorHandler(),
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

  graph(uri: Uri, token: CancellationToken): Promise<GraphResult | null | undefined> {
    return this.#ask(requests.graph, { textDocument: { uri: uri.toString() } }, token);
  }

  outline(uri: Uri): Promise<OutlineResult | null | undefined> {
    return this.#ask(requests.outline, { textDocument: { uri: uri.toString() } });
  }

  explain(params: ExplainParams): Promise<string | null | undefined> {
    return this.#ask(requests.explain, params);
  }

  /** Says it to somebody who waits for what only the server knows. */
  tellSilence(): undefined {
    this.#offerRestart("The language server of Mesh does not answer.");
  }

  /**
   * Asks the server, once it is up where it is being started anew. Undefined where nobody answers: it has gone, is too old to know the
   * question, or the answer is no longer wanted.
   */
  async #ask<T>(method: string, params: unknown, token?: CancellationToken): Promise<T | null | undefined> {
    await this.#work;
    try {
      return await this.#client?.sendRequest<T | null>(method, params, token);
    } catch (error) {
      if (token?.isCancellationRequested !== true) this.#output.warn(`${method}: ${reasonOf(error)}`);
      return undefined;
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
    this.#offerRestart(`The language server of Mesh could not be started: ${reasonOf(error)}`);
  }

  #offerRestart(why: string): void {
    void window.showErrorMessage(why, "Restart", "Show Output").then((chosen) => {
      if (chosen === "Restart") void commands.executeCommand("mesh.restartServer");
      else if (chosen !== undefined) this.#output.show();
    });
  }

  async #stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    try {
      // One that is just being started anew can only be stopped once it is up.
      if (client?.state === State.Starting) await client.start();
      await client?.dispose();
    } catch {
      // One that has crashed, or never came up, is gone already.
    }
  }

  async dispose(): Promise<void> {
    for (const one of this.#watched) one.dispose();
    await this.#work;
    await this.#stop();
    this.#status.dispose();
    this.#changed.dispose();
    this.#output.dispose();
  }
}

/** Says of the client that it takes the word for graphs that may look different. */
const takingRefreshes: StaticFeature = {
  fillClientCapabilities(capabilities) {
    capabilities.experimental = { meshGraphRefresh: true };
  },
  initialize: () => undefined,
  getState: () => ({ kind: "static" }),
  clear: () => undefined,
};

/**
 * A message that cannot be written says no more than that the server is going; the end of the connection follows, and with it another server. The
 * handler that the library brings would give up at that message, so that whether a server that has crashed comes back would hang on who notices first.
 */
function errorHandler(): ErrorHandler {
  const restarts = new Restarts(() => performance.now());
  return {
    error: () => ({ action: ErrorAction.Continue, handled: true }),
    closed() {
      const after = restarts.ended();
      if (after.isRestarted) return { action: CloseAction.Restart };
      return { action: CloseAction.DoNotRestart, message: after.message };
    },
  };
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
