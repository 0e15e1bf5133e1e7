import { MarkupKind } from "vscode-languageserver/node";
import { codeLenses, lensReferences } from "../../language-service/code-lens.ts";
import { inlayHints } from "../../language-service/inlay-hints.ts";
import type { Feature } from "../feature.ts";

export const inlayHintsFeature: Feature = {
  capabilities: { inlayHintProvider: true },
  register(connection, session) {
    connection.languages.inlayHint.on(({ textDocument, range }, token) =>
      session.checked("inlay hints", textDocument.uri, token, (asked) => {
        const checked = asked.service.program(asked.path);
        const shown = session.settings.inlayHints;
        return (checked === undefined ? [] : inlayHints(checked, asked.path, asked.span(range)))
          .filter(({ kind }) => shown[kind])
          .map(({ offset, label, tooltip }) => ({
            position: asked.range({ start: offset, end: offset }).start,
            label,
            tooltip: { kind: MarkupKind.Markdown, value: tooltip },
          }));
      }),
    );
  },
};

/** Commands are the client's: `mesh.run`, `mesh.graph` and `mesh.references` with what they are about. */
export const codeLensFeature: Feature = {
  capabilities: { codeLensProvider: { resolveProvider: false } },
  register(connection, session) {
    connection.onCodeLens(({ textDocument: { uri } }) =>
      session.answer("code lens", uri, (asked) =>
        (session.settings.codeLens ? codeLenses(asked.parsed) : []).map((lens) => {
          const range = asked.range(lens.span);
          if (lens.kind === "graph")
            return { range, command: { title: "graph", command: "mesh.graph", arguments: [uri] } };
          if (lens.kind === "run") {
            return { range, command: { title: "run", command: "mesh.run", arguments: [uri, lens.what, lens.name] } };
          }
          const places = lensReferences(asked.service, asked.path, lens.offset);
          const title = places.length === 1 ? "1 reference" : `${places.length} references`;
          const locations = places.flatMap((one) => asked.location(one) ?? []);
          return { range, command: { title, command: "mesh.references", arguments: [uri, range.start, locations] } };
        }),
      ),
    );
  },
};
