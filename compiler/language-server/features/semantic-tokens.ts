import { encodeTokens, semanticTokens, tokenModifiers, tokenTypes } from "../../language-service/semantic-tokens.ts";
import type { Feature } from "../feature.ts";

export const semanticTokensFeature: Feature = {
  capabilities: {
    semanticTokensProvider: {
      legend: { tokenTypes: [...tokenTypes], tokenModifiers: [...tokenModifiers] },
      full: true,
      range: true,
    },
  },
  register(connection, session) {
    connection.languages.semanticTokens.on(({ textDocument }) => {
      const data = session.answer("semantic tokens", textDocument.uri, ({ service, path, parsed: { source } }) =>
        encodeTokens(semanticTokens(service, path), source.text, source.lineStarts),
      );
      return { data: data ?? [] };
    });
    connection.languages.semanticTokens.onRange(({ textDocument, range }) => {
      const data = session.answer("semantic tokens", textDocument.uri, ({ service, path, span, parsed: { source } }) =>
        encodeTokens(semanticTokens(service, path, span(range)), source.text, source.lineStarts),
      );
      return { data: data ?? [] };
    });
  },
};
