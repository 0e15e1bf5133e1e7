import {
  CompletionItemKind,
  InsertTextFormat,
  MarkupKind,
  type CompletionItem as LspCompletionItem,
  type CompletionList,
} from "vscode-languageserver/node";
import { documentationOfItem } from "../../language-service/completion/declared.ts";
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
    completionProvider: { triggerCharacters: [".", ">", "<", ":", '"', "/", "(", "[", " "], resolveProvider: true },
  },
  register(connection, session) {
    connection.onCompletion(({ textDocument: { uri }, position, context }) =>
      session.answer("completion", uri, (asked): CompletionList | null => {
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
        const items = found.items.map((one) => itemOf(one, { asked, range, session, uri }));
        return { isIncomplete: found.isPart, items };
      }),
    );
    connection.onCompletionResolve((item) => {
      const about = aboutOf(item.data);
      if (about === undefined) return item;
      const found = session.answer("completion", about.uri, ({ service }) => documentationOfItem(service, about));
      return typeof found === "string" ? { ...item, documentation: { kind: MarkupKind.Markdown, value: found } } : item;
    });
  },
};

/** What an item is about, as it was given to the client. */
interface About {
  readonly uri: string;
  readonly module: string;
  readonly name: string;
}

function aboutOf(data: unknown): About | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const { uri, module, name } = data as Partial<Record<keyof About, unknown>>;
  return typeof uri === "string" && typeof module === "string" && typeof name === "string"
    ? { uri, module, name }
    : undefined;
}

type Range = ReturnType<Asked["range"]>;

interface Around {
  readonly asked: Asked;
  readonly range: Range;
  readonly session: Session;
  readonly uri: string;
}

function itemOf(item: CompletionItem, { asked, range, session, uri }: Around): LspCompletionItem {
  const { label, kind, rank, detail, declared, snippet = label, edits } = item;
  const isLater = declared !== undefined && session.abilities?.resolvesDocumentation === true;
  const documentation = isLater ? undefined : item.documentation;
  const hasSnippets = session.abilities?.snippets === true && snippet.includes("$");
  return {
    label,
    kind: kinds[kind],
    sortText: String(rank).padStart(2, "0"),
    ...(detail !== undefined && { detail }),
    ...(isLater && { data: { uri, ...declared } }),
    ...(documentation !== undefined && { documentation: { kind: MarkupKind.Markdown, value: documentation } }),
    textEdit: { range, newText: hasSnippets ? snippet : plainText(snippet) },
    ...(hasSnippets && { insertTextFormat: InsertTextFormat.Snippet }),
    ...(edits !== undefined && {
      additionalTextEdits: edits.map((one) => ({ range: asked.range(one), newText: one.newText })),
    }),
  };
}
