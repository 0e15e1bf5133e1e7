import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PassThrough, type Readable, type Writable } from "node:stream";
import { pathToFileURL } from "node:url";
import {
  createConnection,
  createProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
  type ClientCapabilities,
  type InitializeResult,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
} from "vscode-languageserver/node";
import { serverEnvironment } from "../../../../compiler/cli/lsp/environment.ts";
import { sourcesOfProject } from "../../../../compiler/cli/lsp/project-sources.ts";
import type { Environment } from "../../../../compiler/language-server/environment.ts";
import { notifications } from "../../../../compiler/language-server/protocol.ts";
import { serve } from "../../../../compiler/language-server/server.ts";

/** A client that can all that the server has a use for. */
export const able: ClientCapabilities = {
  textDocument: {
    publishDiagnostics: { relatedInformation: true, versionSupport: true, tagSupport: { valueSet: [1, 2] } },
    completion: { completionItem: { snippetSupport: true } },
    documentSymbol: { hierarchicalDocumentSymbolSupport: true },
  },
  workspace: {
    configuration: true,
    didChangeWatchedFiles: { dynamicRegistration: true },
    didChangeConfiguration: { dynamicRegistration: true },
    workspaceEdit: { documentChanges: true, resourceOperations: ["create", "rename", "delete"] },
  },
};

export interface ClientInit {
  readonly capabilities?: ClientCapabilities;
  readonly initializationOptions?: unknown;
  /** What the client answers to a question for its settings. */
  readonly settings?: unknown;
  readonly environment?: Partial<Environment>;
}

/** A client of the language server, with a folder of its own on the disk. */
export class Client implements AsyncDisposable {
  readonly folder: string;
  readonly connection: ProtocolConnection;
  /** What the server says of itself; empty as long as nothing has failed in it. */
  readonly logged: string[] = [];
  /** Methods that the server has asked to be told by. */
  readonly registered: string[] = [];
  /** What the server has asked to be asked for anew, by method. */
  readonly refreshed: string[] = [];
  readonly published: PublishDiagnosticsParams[] = [];
  initialized: InitializeResult | undefined;
  readonly #init: ClientInit;
  readonly #versions = new Map<string, number>();
  #onRefreshed: () => void = () => undefined;
  #onPublished: () => void = () => undefined;
  readonly #end: () => void;

  constructor(folder: string, input: Readable, output: Writable, init: ClientInit, end: () => void) {
    this.folder = folder;
    this.#init = init;
    this.#end = end;
    this.connection = createProtocolConnection(new StreamMessageReader(input), new StreamMessageWriter(output));
    this.connection.onNotification("window/logMessage", ({ message }: { message: string }) => {
      this.logged.push(message);
    });
    this.connection.onNotification("textDocument/publishDiagnostics", (params: PublishDiagnosticsParams) => {
      this.published.push(params);
      this.#onPublished();
    });
    this.connection.onRequest("client/registerCapability", (params: { registrations: { method: string }[] }) => {
      for (const { method } of params.registrations) this.registered.push(method);
      return null;
    });
    const refreshed = (method: string): null => {
      this.refreshed.push(method);
      this.#onRefreshed();
      return null;
    };
    this.connection.onNotification(notifications.graphRefresh, () => void refreshed(notifications.graphRefresh));
    for (const what of ["inlayHint", "codeLens", "semanticTokens"]) {
      this.connection.onRequest(`workspace/${what}/refresh`, () => refreshed(`workspace/${what}/refresh`));
    }
    this.connection.onRequest("workspace/configuration", ({ items }: { items: unknown[] }) =>
      items.map(() => init.settings ?? null),
    );
    this.connection.listen();
  }

  uri(name: string): string {
    return pathToFileURL(join(this.folder, name)).href;
  }

  write(name: string, text: string): void {
    const file = join(this.folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  async start(): Promise<this> {
    this.initialized = await this.connection.sendRequest("initialize", {
      processId: null,
      rootUri: this.uri("."),
      workspaceFolders: [{ uri: pathToFileURL(this.folder).href, name: "test" }],
      capabilities: this.#init.capabilities ?? able,
      initializationOptions: this.#init.initializationOptions ?? null,
    });
    await this.connection.sendNotification("initialized", {});
    return this;
  }

  /** Opens a file, with a text that need not be on the disk. */
  open(name: string, text: string): void {
    this.openUri(this.uri(name), text);
  }

  openUri(uri: string, text: string): void {
    this.#versions.set(uri, 1);
    void this.connection.sendNotification("textDocument/didOpen", {
      textDocument: { uri, languageId: "mesh", version: 1, text },
    });
  }

  /** Tells of a change, of the whole text or of a range of it. @returns the new version */
  change(name: string, ...contentChanges: readonly unknown[]): number {
    const uri = this.uri(name);
    const version = (this.#versions.get(uri) ?? 0) + 1;
    this.#versions.set(uri, version);
    void this.connection.sendNotification("textDocument/didChange", { textDocument: { uri, version }, contentChanges });
    return version;
  }

  notify(method: string, params: unknown): void {
    void this.connection.sendNotification(method, params);
  }

  request<T>(method: string, params: unknown): Promise<T> {
    return this.connection.sendRequest(method, params);
  }

  /** A request about a place in a file. */
  at<T>(method: string, name: string, line: number, character: number, more: object = {}): Promise<T> {
    return this.request(method, { textDocument: { uri: this.uri(name) }, position: { line, character }, ...more });
  }

  /** The next publication that has come or comes for a file and fits, those before it forgotten. */
  async diagnosed(
    name: string,
    fits: (params: PublishDiagnosticsParams) => boolean = () => true,
  ): Promise<PublishDiagnosticsParams> {
    const uri = name.includes(":") ? name : this.uri(name);
    for (;;) {
      const index = this.published.findIndex((one) => one.uri === uri && fits(one));
      const [found] = index < 0 ? [] : this.published.splice(0, index + 1).slice(-1);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.#onPublished = resolve;
      });
    }
  }

  /** Resolves once the server has asked so often to be asked anew. */
  async refreshedTimes(method: string, times: number): Promise<void> {
    while (this.refreshed.filter((one) => one === method).length < times) {
      await new Promise<void>((resolve) => {
        this.#onRefreshed = resolve;
      });
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.connection.dispose();
    this.#end();
    rmSync(this.folder, { recursive: true, force: true });
    return Promise.resolve();
  }
}

/** A project on the disk. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "mesh-lsp-")));
  for (const [name, text] of Object.entries({ "package.json": "{}", ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** A server in this process, and a client that is connected to it over two streams. */
export async function connected(files: Readonly<Record<string, string>>, init: ClientInit = {}): Promise<Client> {
  const folder = folderWith(files);
  const [toServer, toClient] = [new PassThrough(), new PassThrough()];
  const server = createConnection(new StreamMessageReader(toServer), new StreamMessageWriter(toClient));
  const environment: Environment = { ...serverEnvironment(folder), findSources: sourcesOfProject };
  // No test waits for a clock.
  const after: Environment["after"] = (_, callback) => environment.soon(callback);
  serve(server, { ...environment, after, ...init.environment });
  const client = new Client(folder, toClient, toServer, init, () => {
    server.dispose();
    toServer.destroy();
    toClient.destroy();
  });
  return client.start();
}
