/** A client of a language server, as an editor is one, that keeps the times at which things came. */
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import {
  createProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
  type Diagnostic,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
} from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";

/** Nothing takes as long as this, but a server that has nothing more to say. */
const limitMs = 20_000;

export class EditorClient implements AsyncDisposable {
  readonly #folder: string;
  readonly #process: ChildProcess;
  readonly #connection: ProtocolConnection;
  readonly #startedMs: number;
  readonly #languageId: string;
  readonly #listeners = new Set<(params: PublishDiagnosticsParams) => void>();
  #document: TextDocument | undefined;

  /**
   * @param args what Node runs: a language server that speaks over its standard streams
   * @param caches where it may keep something from one start to the next
   */
  constructor(args: readonly string[], folder: string, languageId: string, caches: string) {
    this.#folder = folder;
    this.#languageId = languageId;
    this.#startedMs = performance.now();
    const env = { ...process.env, XDG_CACHE_HOME: caches, LOCALAPPDATA: caches };
    this.#process = spawn(process.execPath, args, { cwd: folder, env, stdio: ["pipe", "pipe", "ignore"] });
    const { stdin, stdout } = this.#process;
    if (stdin === null || stdout === null) throw new Error("a server without streams");
    this.#connection = createProtocolConnection(new StreamMessageReader(stdout), new StreamMessageWriter(stdin));
    this.#connection.onNotification("textDocument/publishDiagnostics", (params: PublishDiagnosticsParams) => {
      for (const listener of this.#listeners) listener(params);
    });
    this.#connection.onRequest("client/registerCapability", () => null);
    this.#connection.onRequest("workspace/configuration", ({ items }: { items: unknown[] }) => items.map(() => null));
    this.#connection.listen();
  }

  /** Greets the server. @returns what it answers */
  async greet(): Promise<void> {
    const rootUri = pathToFileURL(this.#folder).href;
    await this.#connection.sendRequest("initialize", {
      processId: process.pid,
      rootUri,
      workspaceFolders: [{ uri: rootUri, name: "bench" }],
      capabilities: {
        textDocument: {
          publishDiagnostics: { versionSupport: true, relatedInformation: true },
          // As Visual Studio Code says it.
          completion: {
            completionItem: {
              snippetSupport: true,
              resolveSupport: { properties: ["documentation", "detail", "additionalTextEdits"] },
            },
            completionList: {
              itemDefaults: ["commitCharacters", "editRange", "insertTextFormat", "insertTextMode", "data"],
            },
          },
        },
        workspace: { workspaceFolders: true, configuration: true },
      },
    });
    await this.#connection.sendNotification("initialized", {});
  }

  /** What stands in a file of the folder. */
  read(name: string): string {
    return readFileSync(join(this.#folder, name), "utf8");
  }

  /** Opens a file of the folder with a text of its own. Everything else is about the one that was opened last. */
  open(name: string, text: string): void {
    const uri = pathToFileURL(join(this.#folder, name)).href;
    this.#document = TextDocument.create(uri, this.#languageId, 1, text);
    void this.#connection.sendNotification("textDocument/didOpen", {
      textDocument: { uri, languageId: this.#languageId, version: 1, text },
    });
  }

  /** Types a text at an offset, in place of what stands there up to an end. */
  type(start: number, end: number, text: string): void {
    const document = this.#opened();
    const range = { start: document.positionAt(start), end: document.positionAt(end) };
    const contentChanges = [{ range, text }];
    TextDocument.update(document, contentChanges, document.version + 1);
    const { uri, version } = document;
    void this.#connection.sendNotification("textDocument/didChange", {
      textDocument: { uri, version },
      contentChanges,
    });
  }

  get text(): string {
    return this.#opened().getText();
  }

  /** Milliseconds since the process was started. */
  get upMs(): number {
    return performance.now() - this.#startedMs;
  }

  /**
   * Milliseconds from now on until diagnostics have come that fit.
   * @param name a file of the folder; the open one when left out
   * @throws {Error} when none come
   */
  diagnosed(fits: (diagnostics: readonly Diagnostic[]) => boolean, name?: string): Promise<number> {
    const uri = name === undefined ? this.#opened().uri : pathToFileURL(join(this.#folder, name)).href;
    const startMs = performance.now();
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(listener);
      };
      const listener = (params: PublishDiagnosticsParams): void => {
        if (params.uri !== uri || !fits(params.diagnostics)) return;
        done();
        resolve(performance.now() - startMs);
      };
      const timer = setTimeout(() => {
        done();
        reject(new Error(`no such diagnostics after ${limitMs} ms`));
      }, limitMs);
      this.#listeners.add(listener);
    });
  }

  /** The labels that are offered at an offset. */
  async completion(offset: number): Promise<readonly string[]> {
    const document = this.#opened();
    const answer: { items: { label: string }[] } | { label: string }[] | null = await this.#connection.sendRequest(
      "textDocument/completion",
      { textDocument: { uri: document.uri }, position: document.positionAt(offset), context: { triggerKind: 1 } },
    );
    return (answer === null ? [] : Array.isArray(answer) ? answer : answer.items).map((one) => one.label);
  }

  /** What the process holds in memory, in megabytes (10^6 bytes), as Linux counts it; undefined elsewhere. */
  residentMb(): number | undefined {
    try {
      const status = readFileSync(`/proc/${this.#process.pid}/status`, "utf8");
      return (Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024) / 1e6;
    } catch {
      return undefined;
    }
  }

  /** Says good-bye, and waits until the server is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    const gone = new Promise((resolve) => this.#process.once("exit", resolve));
    await this.#connection.sendRequest("shutdown");
    await this.#connection.sendNotification("exit");
    await gone;
    this.#connection.dispose();
  }

  #opened(): TextDocument {
    if (this.#document === undefined) throw new Error("no file has been opened");
    return this.#document;
  }
}
