import { randomBytes } from "node:crypto";
import {
  CancellationTokenSource,
  Position,
  Selection,
  TextEditorRevealType,
  Uri,
  ViewColumn,
  window,
  workspace,
  type Disposable,
  type ExtensionContext,
  type TextDocument,
  type TextEditor,
  type WebviewPanel,
} from "vscode";
import type { GraphResult } from "../../compiler/language-server/protocol.ts";
import { pictureOrReason } from "../core/graph-answer.ts";
import { livePicture } from "../core/live-picture.ts";
import { readFromPage, type Told } from "../core/messages.ts";
import { partsAt, placeOf } from "../core/picture-places.ts";
import { ToldPage } from "../core/told-page.ts";
import type { Client } from "./client.ts";
import { languageId, settings } from "./context.ts";
import { graphPage } from "./graph-page.ts";
import type { Runs } from "./runs.ts";

const viewType = "mesh.graph";

/** What is typed in one go is drawn once. */
const settleMs = 60;
/** How often what runs is shown anew. */
const liveMs = 200;

/** The graph beside the code: one panel, which follows the program that is edited. */
export class GraphPanel implements Disposable {
  readonly #context: ExtensionContext;
  readonly #client: Client;
  readonly #runs: Runs;
  readonly #parts: Disposable[];
  #panel: WebviewPanel | undefined;
  #page: ToldPage | undefined;
  #shown: Uri | undefined;
  #drawn: GraphResult | undefined;
  #asked: CancellationTokenSource | undefined;
  #timer: NodeJS.Timeout | undefined;
  #liveTimer: NodeJS.Timeout | undefined;

  constructor(context: ExtensionContext, client: Client, runs: Runs) {
    this.#context = context;
    this.#client = client;
    this.#runs = runs;
    this.#parts = [
      workspace.onDidChangeTextDocument(({ document }) => this.#edited(document)),
      workspace.onDidOpenTextDocument((document) => this.#edited(document)),
      window.onDidChangeActiveTextEditor((editor) => this.#follow(editor)),
      window.onDidChangeTextEditorSelection(({ textEditor }) => this.#select(textEditor)),
      runs.onDidChange(() => this.#liveLater()),
      client.onDidChange(() => void this.#draw()),
      window.registerWebviewPanelSerializer(viewType, {
        deserializeWebviewPanel: (panel, state: unknown) => {
          const uri = shownIn(state);
          if (uri === undefined) panel.dispose();
          else this.#take(panel, uri);
          return Promise.resolve();
        },
      }),
    ];
  }

  /** Shows the program of a document beside it. */
  show(uri: Uri): void {
    if (this.#panel === undefined) {
      const where = { viewColumn: ViewColumn.Beside, preserveFocus: true };
      this.#take(window.createWebviewPanel(viewType, "Graph", where, {}), uri);
      return;
    }
    this.#panel.reveal(undefined, true);
    this.#turnTo(uri);
  }

  /** For tests: what is drawn, as the server has answered. */
  get drawn(): GraphResult | undefined {
    return this.#drawn;
  }

  #take(panel: WebviewPanel, uri: Uri): void {
    this.#panel?.dispose();
    this.#panel = panel;
    const { webview } = panel;
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- the page of a panel, not a window
    this.#page = new ToldPage((message) => void webview.postMessage(message));
    webview.options = { enableScripts: true, localResourceRoots: [this.#file("dist"), this.#file("media")] };
    panel.iconPath = this.#file("media/graph.svg");
    webview.onDidReceiveMessage((message: unknown) => void this.#hear(message));
    panel.onDidDispose(() => {
      if (this.#panel !== panel) return;
      this.#panel = undefined;
      this.#page = undefined;
      this.#drawn = undefined;
      this.#asked?.cancel();
    });
    this.#turnTo(uri);
    webview.html = graphPage({
      script: webview.asWebviewUri(this.#file("dist/graph.js")).toString(),
      style: webview.asWebviewUri(this.#file("media/graph.css")).toString(),
      source: webview.cspSource,
      nonce: randomBytes(18).toString("base64url"),
      uri: uri.toString(),
    });
  }

  #file(path: string): Uri {
    return Uri.joinPath(this.#context.extensionUri, path);
  }

  #turnTo(uri: Uri): void {
    if (this.#panel === undefined) return;
    if (this.#shown?.toString() !== uri.toString()) {
      this.#drawn = undefined;
      this.#page?.forget();
    }
    this.#shown = uri;
    this.#panel.title = `Graph: ${uri.path.split("/").at(-1) ?? ""}`;
    void this.#draw();
  }

  #follow(editor: TextEditor | undefined): void {
    if (editor?.document.languageId !== languageId || this.#panel === undefined) return;
    if (settings()["graph.follow"]) this.#turnTo(editor.document.uri);
    this.#select(editor);
  }

  /** A change of an import changes the picture as well. */
  #edited({ languageId: language }: TextDocument): void {
    if (this.#panel === undefined || language !== languageId) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#draw(), settleMs);
  }

  async #draw(): Promise<void> {
    const uri = this.#shown;
    if (uri === undefined || this.#panel === undefined) return;
    this.#asked?.cancel();
    const asked = new CancellationTokenSource();
    this.#asked = asked;
    // The server has to have the text before it is asked about it.
    await workspace.openTextDocument(uri).then(undefined, () => undefined);
    const found = await this.#client.graph(uri, asked.token);
    if (asked.token.isCancellationRequested) return;
    const told = pictureOrReason(found, this.#drawn !== undefined);
    this.#post(told);
    if (told.type === "none") this.#drawn = undefined;
    if (told.type !== "picture" || !found) return;
    this.#drawn = found;
    const editor = window.visibleTextEditors.find((one) => one.document.uri.toString() === uri.toString());
    if (editor !== undefined) this.#select(editor);
    this.#live();
  }

  #select({ document, selection }: TextEditor): void {
    const { picture, uris } = this.#drawn ?? {};
    if (picture === null || picture === undefined || uris === undefined) return;
    const own = document.uri.toString();
    const file = Object.keys(uris).find((one) => Uri.parse(uris[one] ?? "").toString() === own);
    const { line, character } = selection.active;
    const ids = file === undefined ? [] : partsAt(picture, file, line + 1, character + 1);
    this.#post({ type: "select", ids });
  }

  #liveLater(): void {
    if (this.#panel === undefined) return;
    this.#liveTimer ??= setTimeout(() => {
      this.#liveTimer = undefined;
      this.#live();
    }, liveMs);
  }

  /** The runs of the program that is shown. */
  #live(): void {
    const picture = this.#drawn?.picture;
    if (picture === null || picture === undefined) return;
    const own = this.#runs.running.filter((one) => one.uri.toString() === this.#shown?.toString());
    if (own.length === 0) {
      this.#post({ type: "live", live: null });
      return;
    }
    const sessions = own.flatMap(({ state }) => [...state.sessions.values()].filter((one) => one.open));
    const counted = new Map(own.flatMap(({ rates }) => [...rates.counted]));
    this.#post({ type: "live", live: livePicture(picture, { counted }, sessions) });
  }

  async #hear(value: unknown): Promise<void> {
    const message = readFromPage(value);
    if (message?.type === "ready") this.#page?.ready();
    else if (message?.type === "reveal") await this.#reveal(message.id);
    else if (message?.type === "save") await this.#save(message.svg);
  }

  async #reveal(id: string): Promise<void> {
    const { picture, uris } = this.#drawn ?? {};
    const at = picture === null || picture === undefined ? undefined : placeOf(picture, id);
    const uri = at === undefined ? undefined : uris?.[at.file];
    if (at === undefined || uri === undefined) return;
    const target = Uri.parse(uri);
    const open = window.visibleTextEditors.find((one) => one.document.uri.toString() === target.toString());
    const document = open?.document ?? (await workspace.openTextDocument(target));
    const position = document.validatePosition(new Position(at.line - 1, at.column - 1));
    const word = document.getWordRangeAtPosition(position);
    const editor = await window.showTextDocument(document, { viewColumn: open?.viewColumn ?? ViewColumn.One });
    editor.selection = new Selection(position, word?.end ?? position);
    editor.revealRange(editor.selection, TextEditorRevealType.InCenterIfOutsideViewport);
  }

  async #save(svg: string): Promise<void> {
    const shown = this.#shown;
    if (shown === undefined) return;
    const defaultUri = shown.with({ scheme: "file", path: shown.path.replace(/\.mesh$/, "") + ".svg" });
    const target = await window.showSaveDialog({ defaultUri, filters: { Picture: ["svg"] } });
    if (target !== undefined) await workspace.fs.writeFile(target, new TextEncoder().encode(svg));
  }

  #post(message: Told): void {
    this.#page?.say(message);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#liveTimer);
    this.#asked?.cancel();
    this.#panel?.dispose();
    for (const one of this.#parts) one.dispose();
  }
}

/** What the page has kept over a restart of the editor. */
function shownIn(state: unknown): Uri | undefined {
  if (typeof state !== "object" || state === null || !("uri" in state) || typeof state.uri !== "string")
    return undefined;
  return Uri.parse(state.uri);
}
