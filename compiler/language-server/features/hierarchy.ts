import type { CallHierarchyItem } from "vscode-languageserver/node";
import { callItem, incomingCalls, itemAt, outgoingCalls, type Call } from "../../language-service/call-hierarchy.ts";
import { fileRenameEdits } from "../../language-service/file-rename.ts";
import type { Meaning } from "../../language-service/names/meaning.ts";
import type { Feature } from "../feature.ts";
import type { Asked, Session } from "../session.ts";
import { workspaceEdit } from "./edits.ts";
import { symbolKinds } from "./kinds.ts";

function itemOf(asked: Asked, { name, kind, module, nameSpan, syntax }: Meaning): CallHierarchyItem | undefined {
  const own = asked.location({ path: module, ...nameSpan });
  const whole = asked.location({ path: module, start: syntax.span.start, end: syntax.span.end });
  if (own === undefined || whole === undefined) return undefined;
  return { name, kind: symbolKinds[kind], detail: module, uri: own.uri, range: whole.range, selectionRange: own.range };
}

export const callHierarchyFeature: Feature = {
  capabilities: { callHierarchyProvider: true },
  register(connection, session) {
    connection.languages.callHierarchy.onPrepare(({ textDocument, position }) =>
      session.answer("call hierarchy", textDocument.uri, (asked) => {
        const found = callItem(asked.service, asked.path, asked.offset(position));
        const item = found && itemOf(asked, found);
        return item === undefined ? null : [item];
      }),
    );
    connection.languages.callHierarchy.onIncomingCalls(({ item }) =>
      calls(session, item, incomingCalls).map(({ item: from, ranges }) => ({ from, fromRanges: ranges })),
    );
    connection.languages.callHierarchy.onOutgoingCalls(({ item }) =>
      calls(session, item, outgoingCalls).map(({ item: to, ranges }) => ({ to, fromRanges: ranges })),
    );
  },
};

function calls(session: Session, { uri, selectionRange }: CallHierarchyItem, find: typeof incomingCalls) {
  const found = session.answer("calls", uri, (asked) => {
    const meaning = itemAt(asked.service, asked.path, asked.offset(selectionRange.start));
    return (meaning === undefined ? [] : find(asked.service, meaning)).flatMap(
      ({ meaning: other, path, spans }: Call) => {
        const item = itemOf(asked, other);
        const ranges = spans.flatMap((one) => asked.location({ path, ...one })?.range ?? []);
        return item === undefined ? [] : [{ item, ranges }];
      },
    );
  });
  return found ?? [];
}

const renamed = {
  filters: [
    { pattern: { glob: "**/*.{mesh,ts,mts,cts,js,mjs,wasm}" } },
    { pattern: { glob: "**/", matches: "folder" as const } },
  ],
};

export const fileRenameFeature: Feature = {
  capabilities: { workspace: { fileOperations: { willRename: renamed } } },
  register(connection, session) {
    connection.workspace.onWillRenameFiles(({ files }) => {
      const [first] = files;
      return first === undefined
        ? null
        : session.answerForProject("renaming a file", first.oldUri, (asked) => {
            const edits = files.flatMap(({ oldUri, newUri }) =>
              fileRenameEdits(
                asked.service,
                session.projects.locate(oldUri).path,
                session.projects.locate(newUri).path,
              ),
            );
            return workspaceEdit(asked, edits);
          });
    });
  },
};
