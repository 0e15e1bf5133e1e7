import { encodeTokens, semanticTokens, tokenModifiers, tokenTypes } from "../../language-service/semantic-tokens.ts";
import type { Feature } from "../feature.ts";
import { TokenHistory } from "../token-history.ts";

export const semanticTokensFeature: Feature = {
  capabilities: {
    semanticTokensProvider: {
      legend: { tokenTypes: [...tokenTypes], tokenModifiers: [...tokenModifiers] },
      full: { delta: true },
      range: true,
    },
  },
  register(connection, session) {
    const history = new TokenHistory();
    const tokensOf = (uri: string): number[] =>
      session.answer("semantic tokens", uri, ({ service, path, parsed: { source } }) =>
        encodeTokens(semanticTokens(service, path), source.text, source.lineStarts),
      ) ?? [];
    connection.languages.semanticTokens.on(({ textDocument: { uri } }) => {
      const data = tokensOf(uri);
      return { resultId: history.take(uri, data), data };
    });
    connection.languages.semanticTokens.onDelta(({ textDocument: { uri }, previousResultId }) => {
      const data = tokensOf(uri);
      const edits = history.editsSince(uri, previousResultId, data);
      const resultId = history.take(uri, data);
      if (edits === undefined) return { resultId, data };
      return { resultId, edits: edits.map((one) => ({ ...one, data: [...one.data] })) };
    });
    connection.languages.semanticTokens.onRange(({ textDocument, range }) => {
      const data = session.answer("semantic tokens", textDocument.uri, ({ service, path, span, parsed: { source } }) =>
        encodeTokens(semanticTokens(service, path, span(range)), source.text, source.lineStarts),
      );
      return { data: data ?? [] };
    });
  },
};
