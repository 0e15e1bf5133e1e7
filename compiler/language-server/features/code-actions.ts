import type { CodeAction, TextDocumentEdit, CreateFile } from "vscode-languageserver/node";
import { codeActions } from "../../language-service/code-actions.ts";
import { toDiagnostic } from "../convert.ts";
import type { Feature } from "../feature.ts";
import { workspaceEdit } from "./edits.ts";

const start = { line: 0, character: 0 };

export const codeActionsFeature: Feature = {
  capabilities: {
    codeActionProvider: {
      codeActionKinds: ["quickfix", "refactor.extract", "refactor.rewrite", "source.organizeImports"],
    },
  },
  register(connection, session) {
    connection.onCodeAction(({ textDocument, range, context }, token) =>
      session.checked("code actions", textDocument.uri, token, (asked): CodeAction[] => {
        const { service, path, project } = asked;
        const found = service.diagnostics().get(path)?.diagnostics ?? [];
        const shown = {
          uriOf: (other: string) => session.projects.uriOf(project, other),
          pageUrl: (code: string) => session.environment.pageUrl(code),
          warningsAsErrors: project.sources?.warningsAsErrors ?? false,
          hasRelated: session.abilities?.relatedInformation ?? false,
        };
        return codeActions(service, path, asked.span(range), found).flatMap((one): CodeAction[] => {
          const { title, kind, edits, creates, diagnostic, isPreferred } = one;
          if (context.only !== undefined && !context.only.some((wanted) => `${kind}.`.startsWith(`${wanted}.`)))
            return [];
          const action: CodeAction = {
            title,
            kind,
            ...(isPreferred && { isPreferred }),
            ...(diagnostic !== undefined && { diagnostics: [toDiagnostic(diagnostic, shown)] }),
          };
          if (creates === undefined) return [{ ...action, edit: workspaceEdit(asked, edits) }];
          const uri = session.projects.uriOf(project, creates.path);
          if (uri === undefined || session.abilities?.resourceOperations !== true) return [];
          const documentChanges: (CreateFile | TextDocumentEdit)[] = [
            { kind: "create", uri, options: { ignoreIfExists: true } },
            { textDocument: { uri, version: null }, edits: [{ range: { start, end: start }, newText: creates.text }] },
          ];
          const { changes = {} } = workspaceEdit(asked, edits);
          for (const [other, list] of Object.entries(changes)) {
            const version = service.versionOf(path) ?? null;
            documentChanges.push({ textDocument: { uri: other, version }, edits: list });
          }
          return [{ ...action, edit: { documentChanges } }];
        });
      }),
    );
  },
};
