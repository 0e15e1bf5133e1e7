import { DocumentHighlightKind, type Location, type LocationLink } from "vscode-languageserver/node";
import { definition, implementation, typeDefinition, type Target } from "../../language-service/definition.ts";
import { highlights, references } from "../../language-service/references.ts";
import type { Feature } from "../feature.ts";
import type { Asked } from "../session.ts";

function linksOf(asked: Asked, targets: readonly Target[]): LocationLink[] {
  return targets.flatMap(({ origin, ...place }) => {
    const location = asked.location(place);
    if (location === undefined) return [];
    const { uri, range } = location;
    return [
      { originSelectionRange: asked.range(origin), targetUri: uri, targetRange: range, targetSelectionRange: range },
    ];
  });
}

function locationsOf(asked: Asked, targets: readonly Target[]): Location[] {
  return targets.flatMap((one) => asked.location(one) ?? []);
}

export const definitionFeature: Feature = {
  capabilities: { definitionProvider: true, typeDefinitionProvider: true, implementationProvider: true },
  register(connection, session) {
    const answer =
      (name: string, find: typeof definition) =>
      (params: { textDocument: { uri: string }; position: { line: number; character: number } }) =>
        session.answer(name, params.textDocument.uri, (asked): Location[] | LocationLink[] => {
          const targets = find(asked.service, asked.path, asked.offset(params.position));
          return session.abilities?.definitionLinks === true ? linksOf(asked, targets) : locationsOf(asked, targets);
        });
    connection.onDefinition(answer("definition", definition));
    connection.onTypeDefinition(answer("type definition", typeDefinition));
    connection.onImplementation(answer("implementation", implementation));
  },
};

export const referencesFeature: Feature = {
  capabilities: { referencesProvider: true, documentHighlightProvider: true },
  register(connection, session) {
    connection.onReferences(({ textDocument, position, context }) =>
      session.answer("references", textDocument.uri, (asked) => {
        const found = references(asked.service, asked.path, asked.offset(position), context);
        return found.flatMap((one) => asked.location(one) ?? []);
      }),
    );
    connection.onDocumentHighlight(({ textDocument, position }) =>
      session.answer("document highlight", textDocument.uri, (asked) =>
        highlights(asked.service, asked.path, asked.offset(position)).map(({ span, isWrite }) => ({
          range: asked.range(span),
          kind: isWrite ? DocumentHighlightKind.Write : DocumentHighlightKind.Read,
        })),
      ),
    );
  },
};
