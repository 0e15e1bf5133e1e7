import type { Span } from "../../grammar/syntax.ts";
import { visit } from "../../grammar/walk.ts";
import { fileOf } from "./definition.ts";
import type { Analysis } from "./files.ts";

/** A text in a file that leads to another file. */
export interface DocumentLink {
  readonly span: Span;
  readonly path: string;
}

export function documentLinks(analysis: Analysis, path: string): readonly DocumentLink[] {
  const file = analysis.parsed(path);
  const links: DocumentLink[] = [];
  for (const one of [...(file?.syntax.imports ?? []), ...(file?.syntax.declarations ?? [])]) {
    visit(one, (node) => {
      const text =
        node.kind === "Import"
          ? node.from
          : node.kind === "From"
            ? node.path
            : node.kind === "FeedStep"
              ? node.file
              : undefined;
      const target = text && fileOf(analysis, path, node.kind, text.value);
      if (text !== undefined && target !== undefined)
        links.push({ span: { start: text.span.start + 1, end: text.span.end - 1 }, path: target });
    });
  }
  return links;
}
