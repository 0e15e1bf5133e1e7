import type { ClientCapabilities } from "vscode-languageserver/node";
import type { ClientAbilities } from "./session.ts";

/** What a client says it can do. */
export function abilitiesOf({ textDocument, workspace, window }: ClientCapabilities): ClientAbilities {
  return {
    relatedInformation: textDocument?.publishDiagnostics?.relatedInformation ?? false,
    watchesFiles: workspace?.didChangeWatchedFiles?.dynamicRegistration ?? false,
    resolvesDocumentation:
      textDocument?.completion?.completionItem?.resolveSupport?.properties.includes("documentation") ?? false,
    snippets: textDocument?.completion?.completionItem?.snippetSupport ?? false,
    configuration: workspace?.configuration ?? false,
    resourceOperations: workspace?.workspaceEdit?.resourceOperations?.includes("create") ?? false,
    inlayHintRefresh: workspace?.inlayHint?.refreshSupport ?? false,
    codeLensRefresh: workspace?.codeLens?.refreshSupport ?? false,
    semanticTokensRefresh: workspace?.semanticTokens?.refreshSupport ?? false,
    documentSymbolTree: textDocument?.documentSymbol?.hierarchicalDocumentSymbolSupport ?? false,
    definitionLinks: textDocument?.definition?.linkSupport ?? false,
    workDoneProgress: window?.workDoneProgress ?? false,
  };
}
