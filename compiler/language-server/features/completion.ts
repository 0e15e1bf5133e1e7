import { CompletionItemKind, InsertTextFormat, MarkupKind, type CompletionList } from "vscode-languageserver/node";
import { complete } from "../../language-service/completion/complete.ts";
import { plainText, type CompletionItem, type ItemKind } from "../../language-service/completion/item.ts";
import type { Feature } from "../feature.ts";
import type { Asked, Session } from "../session.ts";

const kinds: Readonly<Record<ItemKind, CompletionItemKind>> = {
  keyword: CompletionItemKind.Keyword,
  type: CompletionItemKind.Keyword,
  value: CompletionItemKind.Value,
  unit: CompletionItemKind.Unit,
  file: CompletionItemKind.File,
  module: CompletionItemKind.Module,
  snippet: CompletionItemKind.Snippet,
  capability: CompletionItemKind.Constant,
  record: CompletionItemKind.Struct,
  enum: CompletionItemKind.Enum,
  interface: CompletionItemKind.Interface,
  node: CompletionItemKind.Class,
  pipeline: CompletionItemKind.Function,
  policy: CompletionItemKind.Constant,
  peer: CompletionItemKind.Module,
  field: CompletionItemKind.Field,
  enumValue: CompletionItemKind.EnumMember,
  port: CompletionItemKind.Property,
  parameter: CompletionItemKind.Variable,
  variable: CompletionItemKind.TypeParameter,
  let: CompletionItemKind.Variable,
  remote: CompletionItemKind.Reference,
};

export const completionFeature: Feature = {
  capabilities: {
    completionProvider: { triggerCharacters: [".", ">", "<", ":", '"', "/", "(", "[", " "], resolveProvider: false },
  },
  register(connection, session) {
    connection.onCompletion(({ textDocument, position, context }) =>
      session.answer("completion", textDocument.uri, (asked): CompletionList | null => {
        const { service, path, parsed } = asked;
        const offset = asked.offset(position);
        // A space opens the list only where it ends an arrow or a word that something must follow.
        if (
          context?.triggerCharacter === " " &&
          !/(?:[-~]>|\b(?:at|else|runs|for|flush|route)|[:=,]) $/.test(
            parsed.source.text.slice(Math.max(0, offset - 16), offset),
          )
        ) {
          return null;
        }
        const found = complete(service, path, offset, service.lastProgram(path));
        if (found === undefined) return null;
        const range = asked.range(found.span);
        return { isIncomplete: false, items: found.items.map((one) => itemOf(one, asked, range, session)) };
      }),
    );
  },
};

type Range = ReturnType<Asked["range"]>;

function itemOf(item: CompletionItem, asked: Asked, range: Range, session: Session) {
  const { label, kind, rank, detail, documentation, snippet = label, edits } = item;
  const hasSnippets = session.abilities?.snippets === true && snippet.includes("$");
  return {
    label,
    kind: kinds[kind],
    sortText: String(rank).padStart(2, "0"),
    ...(detail !== undefined && { detail }),
    ...(documentation !== undefined && { documentation: { kind: MarkupKind.Markdown, value: documentation } }),
    textEdit: { range, newText: hasSnippets ? snippet : plainText(snippet) },
    ...(hasSnippets && { insertTextFormat: InsertTextFormat.Snippet }),
    ...(edits !== undefined && {
      additionalTextEdits: edits.map((one) => ({ range: asked.range(one), newText: one.newText })),
    }),
  };
}
