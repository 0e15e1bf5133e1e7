import type { Span } from "../../../grammar/syntax.ts";
import type { MeaningKind } from "../names/meaning.ts";

export type ItemKind =
  | MeaningKind
  | "keyword"
  | "type"
  | "value"
  | "unit"
  | "file"
  | "module"
  | "snippet"
  | "capability";

/** A replacement in the text of the file. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly newText: string;
}

/** One thing that may be put in at a place. */
export interface CompletionItem {
  readonly label: string;
  readonly kind: ItemKind;
  /** Less comes first. */
  readonly rank: number;
  readonly detail?: string | undefined;
  readonly documentation?: string | undefined;
  /** The declaration that it names, where that is what is told beside it. */
  readonly declared?:
    | { readonly module: string; readonly name: string; /** It is imported with it. */ readonly isImported: boolean }
    | undefined;
  /** With places to fill in as `${1:name}`; the label where it is left out. */
  readonly snippet?: string | undefined;
  /** What has to change elsewhere in the file, worked out when it is asked for: an import that is added. */
  readonly edits?: (() => readonly TextEdit[]) | undefined;
}

export interface Completion {
  /** What is replaced: the word around the cursor. */
  readonly span: Span;
  readonly items: readonly CompletionItem[];
  /** There is more for whoever takes back what has been typed of the word. */
  readonly isPart: boolean;
}

export function keyword(label: string, documentation?: string, snippet?: string): CompletionItem {
  return { label, kind: "keyword", rank: 5, documentation, snippet };
}

export function words(all: readonly string[], kind: ItemKind = "value", rank = 1): CompletionItem[] {
  return all.map((label) => ({ label, kind, rank }));
}

/** A snippet as plain text, for clients that know none. */
export function plainText(snippet: string): string {
  return snippet
    .replaceAll(
      /\$\{\d+:([^}]*)\}|\$\{\d+\|([^,|}]*)[^}]*\|\}|\$\d+/g,
      (_, named: string, first: string) => named ?? first ?? "",
    )
    .replaceAll("\\}", "}");
}
