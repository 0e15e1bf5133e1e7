import type { TextEdit } from "vscode-languageserver/node";
import { Formatting, type SpanEdit } from "../../language-service/format.ts";
import type { Feature } from "../feature.ts";
import type { Asked } from "../session.ts";

function toEdits(asked: Asked, edits: readonly SpanEdit[]): TextEdit[] {
  return edits.map((one) => ({ range: asked.range(one), newText: one.newText }));
}

export const formattingFeature: Feature = {
  capabilities: {
    documentFormattingProvider: true,
    documentRangeFormattingProvider: true,
    documentOnTypeFormattingProvider: { firstTriggerCharacter: "}", moreTriggerCharacter: ["\n"] },
  },
  register(connection, session) {
    const formatting = new Formatting();
    connection.onDocumentFormatting(({ textDocument }) =>
      session.answer("formatting", textDocument.uri, (asked) => toEdits(asked, formatting.format(asked.parsed))),
    );
    connection.onDocumentRangeFormatting(({ textDocument, range }) =>
      session.answer("formatting a range", textDocument.uri, (asked) =>
        toEdits(asked, formatting.format(asked.parsed, asked.span(range))),
      ),
    );
    connection.onDocumentOnTypeFormatting(({ textDocument, position, ch }) =>
      session.answer("formatting on type", textDocument.uri, (asked) =>
        toEdits(asked, formatting.onType(asked.parsed, asked.offset(position), ch)),
      ),
    );
  },
};
