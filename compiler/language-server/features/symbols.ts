import type { DocumentSymbol, SymbolInformation } from "vscode-languageserver/node";
import { documentSymbols, workspaceSymbols, type OutlineSymbol } from "../../language-service/symbols.ts";
import type { Feature } from "../feature.ts";
import type { Asked } from "../session.ts";
import { symbolKinds } from "./kinds.ts";

export const symbolsFeature: Feature = {
  capabilities: { documentSymbolProvider: true, workspaceSymbolProvider: true },
  register(connection, session) {
    connection.onDocumentSymbol(({ textDocument }) =>
      session.answer("document symbols", textDocument.uri, (asked): DocumentSymbol[] | SymbolInformation[] => {
        const outline = documentSymbols(asked.parsed);
        return session.abilities?.documentSymbolTree === true
          ? outline.map((one) => treeOf(asked, one))
          : outline.flatMap((one) => listOf(asked, textDocument.uri, one));
      }),
    );
    connection.onWorkspaceSymbol(({ query }) => {
      const found: SymbolInformation[] = [];
      for (const project of session.projects.all) {
        try {
          for (const one of workspaceSymbols(project.service, query)) {
            const location = session.location(project, one);
            if (location === undefined) continue;
            found.push({ name: one.name, kind: symbolKinds[one.kind], containerName: one.container, location });
          }
        } catch (error) {
          session.fail("workspace symbols", error);
        }
      }
      return found;
    });
  },
};

function treeOf(asked: Asked, { name, kind, detail, span, nameSpan, children }: OutlineSymbol): DocumentSymbol {
  return {
    name,
    kind: symbolKinds[kind],
    detail,
    range: asked.range(span),
    selectionRange: asked.range(nameSpan),
    children: children.map((one) => treeOf(asked, one)),
  };
}

function listOf(asked: Asked, uri: string, symbol: OutlineSymbol, containerName?: string): SymbolInformation[] {
  const { name, kind, span, children } = symbol;
  const own = { name, kind: symbolKinds[kind], location: { uri, range: asked.range(span) } };
  return [
    containerName === undefined ? own : { ...own, containerName },
    ...children.flatMap((one) => listOf(asked, uri, one, name)),
  ];
}
