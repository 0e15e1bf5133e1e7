import { commands, EventEmitter, languages, Uri, window, workspace } from "vscode";
import type { Diagnostic, Disposable, TextDocumentContentProvider } from "vscode";
import type { Client } from "./client.ts";
import { languageId } from "./context.ts";

const scheme = "mesh-page";

/** Pages about diagnostics and about what was decided at a line, shown as Markdown. */
export class Explanations implements Disposable, TextDocumentContentProvider {
  readonly #client: Client;
  readonly #changed = new EventEmitter<Uri>();
  readonly onDidChange = this.#changed.event;
  /** By address, as long as the window is there. */
  readonly #pages = new Map<string, string>();
  readonly #registered: Disposable;

  constructor(client: Client) {
    this.#client = client;
    this.#registered = workspace.registerTextDocumentContentProvider(scheme, this);
  }

  provideTextDocumentContent(uri: Uri): string {
    return this.#pages.get(uri.toString()) ?? "";
  }

  /** Explains a code, the diagnostic at the cursor, or else what was decided at its line. */
  async show(given?: string): Promise<boolean> {
    const editor = window.activeTextEditor;
    const here = editor?.document.languageId === languageId ? editor : undefined;
    const code = given ?? codeAt(here?.document.uri, here?.selection.active.line);
    if (code !== undefined) return this.#open(`${code}.md`, await this.#client.explain({ code }));
    if (here === undefined) {
      const asked = await window.showInputBox({ prompt: "The code of a diagnostic", placeHolder: "MESH3001" });
      return asked === undefined ? false : this.show(asked.trim().toUpperCase());
    }
    const { line, character } = here.selection.active;
    const textDocument = { uri: here.document.uri.toString() };
    const name = `${here.document.uri.path.split("/").at(-1) ?? ""} line ${line + 1}.md`;
    return this.#open(name, await this.#client.explain({ textDocument, position: { line, character } }));
  }

  async #open(name: string, page: string | null | undefined): Promise<boolean> {
    if (page === undefined) {
      this.#client.tellSilence();
      return false;
    }
    if (page === null) {
      void window.showInformationMessage(
        "There is nothing to explain: no such code, and nothing was decided on this line.",
      );
      return false;
    }
    const uri = Uri.from({ scheme, path: `/${name}` });
    this.#pages.set(uri.toString(), page);
    this.#changed.fire(uri);
    await commands.executeCommand("markdown.showPreviewToSide", uri);
    return true;
  }

  dispose(): void {
    this.#registered.dispose();
    this.#changed.dispose();
  }
}

function codeAt(uri: Uri | undefined, line: number | undefined): string | undefined {
  if (uri === undefined || line === undefined) return undefined;
  const here = languages.getDiagnostics(uri).find(({ range }) => range.start.line <= line && line <= range.end.line);
  return here && codeOf(here);
}

function codeOf({ code }: Diagnostic): string | undefined {
  const value = typeof code === "object" ? code.value : code;
  return value === undefined ? undefined : String(value);
}
