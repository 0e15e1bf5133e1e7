import { TextDocument, type TextDocumentContentChangeEvent } from "vscode-languageserver-textdocument";
import type { Connection } from "vscode-languageserver/node";
import type { Publisher } from "./diagnostics.ts";
import type { Located } from "./projects.ts";
import type { Session } from "./session.ts";

const languageId = "mesh";

/** A text that the client has open, and the project whose service holds it. */
interface OpenDocument {
  readonly document: TextDocument;
  readonly located: Located;
}

/** Keeps the texts that the client has open, and hands each change to the service of its project. */
export class Documents {
  readonly #session: Session;
  readonly #publisher: Publisher;
  readonly #open = new Map<string, OpenDocument>();

  constructor(session: Session, publisher: Publisher) {
    this.#session = session;
    this.#publisher = publisher;
  }

  follow(connection: Connection): void {
    connection.onDidOpenTextDocument(({ textDocument: { uri, version, text } }) => {
      this.#guarded("opening", () => {
        const { project, path } = this.#hold(TextDocument.create(uri, languageId, version, text));
        void this.#publisher.verify(project, path);
      });
    });

    connection.onDidChangeTextDocument(({ textDocument: { uri, version }, contentChanges }) => {
      this.#guarded("a change", () => {
        const before = this.#open.get(uri)?.document;
        // A client that changes what it never opened still means a text.
        const document = before ?? TextDocument.create(uri, languageId, version, "");
        const changes = contentChanges as TextDocumentContentChangeEvent[];
        this.#hold(TextDocument.update(document, changes, version ?? document.version + 1));
      });
    });

    connection.onDidSaveTextDocument(({ textDocument: { uri } }) => {
      this.#guarded("saving", () => {
        const { project, path } = this.#session.projects.locate(uri);
        void this.#publisher.verify(project, path);
      });
    });

    connection.onDidCloseTextDocument(({ textDocument: { uri } }) => {
      this.#guarded("closing", () => {
        const known = this.#open.get(uri);
        this.#open.delete(uri);
        if (known !== undefined) this.#release(known);
      });
    });
  }

  /** Files have come or gone, by which a text may have come to belong to another project: that one holds it from now on. */
  relocate(): void {
    for (const known of this.#open.values()) {
      const { project, path } = this.#session.projects.locate(known.document.uri);
      if (project === known.located.project && path === known.located.path) continue;
      this.#release(known);
      this.#hold(known.document);
    }
  }

  #hold(document: TextDocument): Located {
    const located = this.#session.projects.remember(document.uri);
    this.#open.set(document.uri, { document, located });
    const { project, path } = located;
    project.service.hold(path, document.getText(), document.version);
    this.#publisher.changed(project, path);
    return located;
  }

  #release({ document, located }: OpenDocument): void {
    const { project, path } = located;
    project.service.release(path);
    this.#session.projects.forget(document.uri, located);
    const isOther = project.service.parsed(path)?.source.text !== document.getText();
    this.#publisher.closed(project, path, isOther);
  }

  #guarded(what: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#session.fail(what, error);
    }
  }
}
