import {
  CompletionItemKind,
  InsertTextFormat,
  MarkupKind,
  type CompletionItem as LspCompletionItem,
  type CompletionList,
} from "vscode-languageserver/node";
import { resolveItem } from "../../language-service/completion/declared.ts";
import { complete } from "../../language-service/completion/complete.ts";
import {
  plainText,
  type CompletionItem,
  type ItemKind,
  type TextEdit,
} from "../../language-service/completion/item.ts";
import type { Feature } from "../feature.ts";
import type { Asked, ClientAbilities } from "../session.ts";

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
        const abilities = session.abilities ?? noAbilities;
        return {
          isIncomplete: found.isPart,
          ...(abilities.defaultRange && { itemDefaults: { editRange: range } }),
          items: found.items.map((one) => itemOf(one, { asked, range, abilities, uri })),
        };
      }),
    );
    connection.onCompletionResolve((item) => {
      const about = aboutOf(item.data);
      if (about === undefined) return item;
      const found = session.answer("completion", about.uri, (asked): Partial<LspCompletionItem> => {
        const resolved = resolveItem(asked.service, asked.parsed, about);
        if (resolved === undefined) return {};
        const { documentation, edits } = resolved;
        const isLate = session.abilities?.resolves.has("additionalTextEdits") === true && edits.length > 0;
        return {
          documentation: { kind: MarkupKind.Markdown, value: documentation },
          ...(isLate && { additionalTextEdits: edits.map((one) => editOf(one, asked)) }),
        };
      });
      return { ...item, ...found };
    });
  },
};

/** What an item is about, as it was given to the client. */
interface About extends NonNullable<CompletionItem["declared"]> {
  readonly uri: string;
}

function aboutOf(data: unknown): About | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const { uri, module, name, isImported } = data as Partial<Record<keyof About, unknown>>;
  return typeof uri === "string" && typeof module === "string" && typeof name === "string"
    ? { uri, module, name, isImported: isImported === true }
    : undefined;
}

type Range = ReturnType<Asked["range"]>;
type Abilities = Pick<ClientAbilities, "resolves" | "defaultRange" | "snippets">;

const noAbilities: Abilities = { resolves: new Set(), defaultRange: false, snippets: false };

interface Around {
  readonly asked: Asked;
  readonly range: Range;
  readonly abilities: Abilities;
  readonly uri: string;
}

/** There may be hundreds of items in a list that comes with each letter: what a client asks for later, or fills in by itself, is left out. */
function itemOf(item: CompletionItem, { asked, range, abilities, uri }: Around): LspCompletionItem {
  const { label, kind, rank, detail, declared, snippet = label, edits } = item;
  const later = declared === undefined ? undefined : abilities.resolves;
  const documentation = later?.has("documentation") === true ? undefined : item.documentation;
  const hasSnippet = abilities.snippets && snippet.includes("$");
  const newText = hasSnippet || snippet === label ? snippet : plainText(snippet);
  return {
    label,
    kind: kinds[kind],
    sortText: String(rank).padStart(2, "0"),
    ...(detail !== undefined && { detail }),
    ...(later !== undefined && later.size > 0 && { data: { uri, ...declared } }),
    ...(documentation !== undefined && { documentation: { kind: MarkupKind.Markdown, value: documentation } }),
    ...(!abilities.defaultRange && { textEdit: { range, newText } }),
    ...(abilities.defaultRange && newText !== label && { textEditText: newText }),
    ...(hasSnippet && { insertTextFormat: InsertTextFormat.Snippet }),
    ...(edits !== undefined &&
      later?.has("additionalTextEdits") !== true && {
        additionalTextEdits: edits().map((one) => editOf(one, asked)),
      }),
  };
}

function editOf({ newText, ...span }: TextEdit, asked: Asked): { readonly range: Range; readonly newText: string } {
  return { range: asked.range(span), newText };
}
