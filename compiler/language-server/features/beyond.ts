import { framesOf, type Picture } from "../../graph/picture.ts";
import { explainedLine } from "../../language-service/explain.ts";
import { graphOf } from "../../language-service/graph.ts";
import { outlineOf } from "../../language-service/outline.ts";
import type { Feature } from "../feature.ts";
import {
  requests,
  type ExplainParams,
  type GraphParams,
  type GraphResult,
  type OutlineParams,
  type OutlineResult,
} from "../protocol.ts";

/** A picture that follows the text; the client lays it out, which takes longer than all that is done here. */
export const graphFeature: Feature = {
  capabilities: {},
  register(connection, session) {
    connection.onRequest(requests.graph, ({ textDocument: { uri } }: GraphParams, token) =>
      session.checked("graph", uri, token, ({ project, service, path }): GraphResult | null => {
        const checked = service.program(path);
        if (checked === undefined) return null;
        const picture = graphOf(checked, path, session.environment.version);
        const errors = checked.diagnostics.filter(({ severity }) => severity === "error").length;
        const uris = Object.fromEntries(
          [...filesOf(picture)].flatMap((file) => {
            const found = session.projects.uriOf(project, file);
            return found === undefined ? [] : [[file, found]];
          }),
        );
        return { version: service.versionOf(path) ?? null, picture: picture ?? null, errors, uris };
      }),
    );
  },
};

export const outlineFeature: Feature = {
  capabilities: {},
  register(connection, session) {
    connection.onRequest(requests.outline, ({ textDocument: { uri } }: OutlineParams) =>
      session.answer("outline", uri, ({ parsed, range }): OutlineResult => {
        const { peers, pipelines, scenarios } = outlineOf(parsed);
        return {
          peers: peers.map(({ name, span }) => ({ name, range: range(span) })),
          pipelines: pipelines.map(({ span, ...rest }) => ({ ...rest, range: range(span) })),
          scenarios: scenarios.map(({ span, ...rest }) => ({ ...rest, range: range(span) })),
        };
      }),
    );
  },
};

export const explainFeature: Feature = {
  capabilities: {},
  register(connection, session) {
    connection.onRequest(requests.explain, (params: ExplainParams, token) => {
      if ("code" in params) return session.environment.readPage(params.code) ?? null;
      const { textDocument, position } = params;
      return session.checked("explain", textDocument.uri, token, ({ service, path }) => {
        const checked = service.program(path);
        if (checked === undefined) return null;
        return explainedLine(checked, position.line + 1, session.environment.version) ?? null;
      });
    });
  },
};

function filesOf(picture: Picture | undefined): ReadonlySet<string> {
  const { frames = [], boxes = [], arrows = [] } = picture ?? {};
  const placed = [...framesOf(frames)].flatMap((one) => [one, ...one.boxes]);
  return new Set([...placed, ...boxes, ...arrows].flatMap(({ at }) => (at === undefined ? [] : [at.file])));
}
