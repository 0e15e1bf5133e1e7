import { ErrorCodes, ResponseError } from "vscode-languageserver/node";
import { prepareRename, rename } from "../../language-service/rename.ts";
import type { Feature } from "../feature.ts";
import { workspaceEdit } from "./edits.ts";

export const renameFeature: Feature = {
  capabilities: { renameProvider: { prepareProvider: true } },
  register(connection, session) {
    connection.onPrepareRename(({ textDocument, position }) => {
      const asked = session.asked(textDocument.uri);
      const found = session.answer("prepare rename", textDocument.uri, ({ service, path, offset }) =>
        prepareRename(service, path, offset(position)),
      );
      if (found === null || found === undefined || asked === undefined) return null;
      // An editor shows the reason instead of asking for a name.
      if ("refused" in found) return new ResponseError(ErrorCodes.InvalidRequest, found.refused);
      return { range: asked.range(found.span), placeholder: found.name };
    });
    connection.onRenameRequest(({ textDocument, position, newName }) => {
      const asked = session.asked(textDocument.uri);
      const found = session.answer("rename", textDocument.uri, ({ service, path, offset }) =>
        rename(service, path, offset(position), newName),
      );
      if (found === null || found === undefined || asked === undefined) return null;
      if ("refused" in found) return new ResponseError(ErrorCodes.InvalidRequest, found.refused);
      return workspaceEdit(asked, found.edits);
    });
  },
};
