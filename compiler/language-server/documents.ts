import { TextDocument, type TextDocumentContentChangeEvent } from "vscode-languageserver-textdocument";
import type { Connection } from "vscode-languageserver/node";
import type { Publisher } from "./diagnostics.ts";
import type { Located } from "./projects.ts";
import type { Session } from "./session.ts";

const languageId = "mesh";

/** Keeps the texts that the client has open, and hands each change to the service of its project. */
export function followDocuments(connection: Connection, session: Session, publisher: Publisher): void {
  const open = new Map<string, TextDocument>();

  const hold = (document: TextDocument): Located => {
    open.set(document.uri, document);
    const located = session.projects.remember(document.uri);
    const { project, path } = located;
    project.service.hold(path, document.getText(), document.version);
    publisher.changed(project, path);
    return located;
  };

  connection.onDidOpenTextDocument(({ textDocument: { uri, version, text } }) => {
    guarded("opening", () => {
      const { project, path } = hold(TextDocument.create(uri, languageId, version, text));
      void publisher.verify(project, path);
    });
  });

  connection.onDidChangeTextDocument(({ textDocument: { uri, version }, contentChanges }) => {
    guarded("a change", () => {
      const before = open.get(uri);
      // A client that changes what it never opened still means a text.
      const document = before ?? TextDocument.create(uri, languageId, version, "");
      const changes = contentChanges as TextDocumentContentChangeEvent[];
      hold(TextDocument.update(document, changes, version ?? document.version + 1));
    });
  });

  connection.onDidSaveTextDocument(({ textDocument: { uri } }) => {
    guarded("saving", () => {
      const { project, path } = session.projects.locate(uri);
      void publisher.verify(project, path);
    });
  });

  connection.onDidCloseTextDocument(({ textDocument: { uri } }) => {
    guarded("closing", () => {
      open.delete(uri);
      const { project, path } = session.projects.locate(uri);
      project.service.release(path);
      session.projects.forget(uri);
      publisher.closed(project, path);
    });
  });

  function guarded(what: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      session.fail(what, error);
    }
  }
}
