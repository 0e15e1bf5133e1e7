import type { ClientCapabilities } from "vscode-languageserver/node";
import type { ClientAbilities } from "./session.ts";

/** What a client says it can do. */
export function abilitiesOf({ textDocument, workspace, window, experimental }: ClientCapabilities): ClientAbilities {
  const { completionItem, completionList } = textDocument?.completion ?? {};
  return {
    relatedInformation: textDocument?.publishDiagnostics?.relatedInformation ?? false,
    watchesFiles: workspace?.didChangeWatchedFiles?.dynamicRegistration ?? false,
    resolves: new Set(completionItem?.resolveSupport?.properties),
    defaultRange: completionList?.itemDefaults?.includes("editRange") ?? false,
    snippets: completionItem?.snippetSupport ?? false,
    configuration: workspace?.configuration ?? false,
    resourceOperations: workspace?.workspaceEdit?.resourceOperations?.includes("create") ?? false,
    inlayHintRefresh: workspace?.inlayHint?.refreshSupport ?? false,
    codeLensRefresh: workspace?.codeLens?.refreshSupport ?? false,
    semanticTokensRefresh: workspace?.semanticTokens?.refreshSupport ?? false,
    documentSymbolTree: textDocument?.documentSymbol?.hierarchicalDocumentSymbolSupport ?? false,
    definitionLinks: textDocument?.definition?.linkSupport ?? false,
    graphRefresh: hasGraphRefresh(experimental),
    workDoneProgress: window?.workDoneProgress ?? false,
  };
}

/** Under `experimental` anything may stand. */
function hasGraphRefresh(said: unknown): boolean {
  return typeof said === "object" && said !== null && "meshGraphRefresh" in said && said.meshGraphRefresh === true;
}
