import { MarkupKind } from "vscode-languageserver/node";
import { hover } from "../../language-service/hover.ts";
import { signatureHelp } from "../../language-service/signature-help.ts";
import type { Feature } from "../feature.ts";

export const hoverFeature: Feature = {
  capabilities: { hoverProvider: true },
  register(connection, session) {
    connection.onHover(({ textDocument, position }, token) =>
      session.checked("hover", textDocument.uri, token, (asked) => {
        const found = hover(asked.service, asked.path, asked.offset(position));
        if (found === undefined) return null;
        return { contents: { kind: MarkupKind.Markdown, value: found.markdown }, range: asked.range(found.span) };
      }),
    );
  },
};

export const signatureHelpFeature: Feature = {
  capabilities: { signatureHelpProvider: { triggerCharacters: ["(", ","], retriggerCharacters: [":"] } },
  register(connection, session) {
    connection.onSignatureHelp(({ textDocument, position }) =>
      session.answer("signature help", textDocument.uri, (asked) => {
        const found = signatureHelp(asked.service, asked.path, asked.offset(position));
        if (found === undefined) return null;
        const { label, documentation, parameters, active } = found;
        return {
          signatures: [
            {
              label,
              ...(documentation !== undefined && {
                documentation: { kind: MarkupKind.Markdown, value: documentation },
              }),
              parameters: parameters.map(({ start, end }) => ({ label: [start, end] as [number, number] })),
            },
          ],
          activeSignature: 0,
          ...(active !== undefined && { activeParameter: active }),
        };
      }),
    );
  },
};
