import { FoldingRangeKind, type SelectionRange } from "vscode-languageserver/node";
import { documentLinks } from "../../language-service/document-links.ts";
import { foldingRanges, type Fold } from "../../language-service/folding.ts";
import { selectionSpans } from "../../language-service/selection.ts";
import type { Feature } from "../feature.ts";

const foldKinds: Readonly<Record<Fold["kind"], FoldingRangeKind | undefined>> = {
  comment: FoldingRangeKind.Comment,
  imports: FoldingRangeKind.Imports,
  region: undefined,
};

export const foldingFeature: Feature = {
  capabilities: { foldingRangeProvider: true, selectionRangeProvider: true },
  register(connection, session) {
    connection.onFoldingRanges(({ textDocument }) =>
      session.answer("folding", textDocument.uri, ({ parsed }) =>
        foldingRanges(parsed).map(({ startLine, endLine, kind }) => {
          const known = foldKinds[kind];
          return known === undefined ? { startLine, endLine } : { startLine, endLine, kind: known };
        }),
      ),
    );
    connection.onSelectionRanges(({ textDocument, positions }) =>
      session.answer("selection ranges", textDocument.uri, (asked) =>
        positions.map((position) => {
          let found: SelectionRange | undefined;
          for (const span of selectionSpans(asked.parsed, asked.offset(position)).toReversed()) {
            const range = asked.range(span);
            found = found === undefined ? { range } : { range, parent: found };
          }
          return found ?? { range: { start: position, end: position } };
        }),
      ),
    );
  },
};

export const documentLinksFeature: Feature = {
  capabilities: { documentLinkProvider: { resolveProvider: false } },
  register(connection, session) {
    connection.onDocumentLinks(({ textDocument }) =>
      session.answer("document links", textDocument.uri, (asked) =>
        documentLinks(asked.service, asked.path).flatMap(({ span, path }) => {
          const target = session.projects.uriOf(asked.project, path);
          return target === undefined ? [] : [{ range: asked.range(span), target }];
        }),
      ),
    );
  },
};
