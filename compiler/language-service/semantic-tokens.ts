import type { Span } from "../../grammar/syntax.ts";
import type { Token } from "../../grammar/index.ts";
import { visit } from "../../grammar/walk.ts";
import { isStandard } from "../check/program.ts";
import type { Analysis } from "./files.ts";
import type { MeaningKind } from "./names/meaning.ts";
import { typeDocs } from "./words.ts";

/** The types of tokens, in the order in which the protocol counts them. */
export const tokenTypes = [
  ...(["keyword", "string", "number", "operator", "comment", "type", "struct", "enum", "interface"] as const),
  ...(["class", "function", "variable", "property", "parameter", "enumMember", "typeParameter", "namespace"] as const),
] as const;

export const tokenModifiers = ["declaration", "defaultLibrary", "readonly", "documentation"] as const;

export type SemanticTokenType = (typeof tokenTypes)[number];

export interface SemanticToken extends Span {
  readonly type: SemanticTokenType;
  readonly modifiers: readonly (typeof tokenModifiers)[number][];
}

const typeOf: Readonly<Record<MeaningKind, SemanticTokenType>> = {
  record: "struct",
  enum: "enum",
  interface: "interface",
  node: "class",
  pipeline: "function",
  policy: "variable",
  peer: "namespace",
  field: "property",
  enumValue: "enumMember",
  port: "property",
  parameter: "parameter",
  variable: "typeParameter",
  let: "variable",
  remote: "variable",
};

/** The tokens of a file with what they mean, in order of place; those of a part of it where one is given. */
export function semanticTokens(analysis: Analysis, path: string, range?: Span): readonly SemanticToken[] {
  const file = analysis.parsed(path);
  if (file === undefined) return [];
  const isIn = ({ start, end }: Span): boolean => range === undefined || (start < range.end && end > range.start);
  const meant = new Map(analysis.occurrences(path).map((one) => [one.span.start, one]));
  const names = new Set<number>();
  for (const one of [...file.syntax.imports, ...file.syntax.declarations]) {
    visit(one, (node) => {
      if (node.kind === "Name") names.add(node.span.start);
    });
  }
  const found: SemanticToken[] = [];
  for (const token of file.tokens) {
    if (!isIn(token.span)) continue;
    const occurrence = meant.get(token.span.start);
    if (occurrence !== undefined && token.class !== "string") {
      const { kind, module } = occurrence.meaning;
      const isDeclaration = occurrence.role === "definition";
      const modifiers = [
        ...(isDeclaration ? (["declaration"] as const) : []),
        ...(isStandard(module) ? (["defaultLibrary"] as const) : []),
      ];
      found.push({ ...token.span, type: typeOf[kind], modifiers });
      continue;
    }
    const type = plainType(token, names.has(token.span.start));
    if (type !== undefined) found.push({ ...token.span, type, modifiers: type === "type" ? ["defaultLibrary"] : [] });
  }
  for (const { span, kind } of file.comments) {
    if (isIn(span))
      found.push({ ...span, type: "comment", modifiers: kind === "documentation" ? ["documentation"] : [] });
  }
  return found.toSorted((a, b) => a.start - b.start);
}

/** A token that names nothing of the program. */
function plainType({ class: kind, text }: Token, isName: boolean): SemanticTokenType | undefined {
  switch (kind) {
    case "keyword":
    case "name":
      if (Object.hasOwn(typeDocs, text) || text === "map") return isName || text === "map" ? "type" : "keyword";
      return isName || kind === "name" ? "variable" : "keyword";
    case "constant":
      return isName ? "variable" : "enumMember";
    case "number":
      return "number";
    case "string":
      return "string";
    case "operator":
      return "operator";
    default:
      return undefined;
  }
}

/**
 * Tokens as the protocol wants them: five numbers each, relative to the one before. One that goes over several lines is told as one
 * for each line.
 */
export function encodeTokens(tokens: readonly SemanticToken[], text: string, lineStarts: readonly number[]): number[] {
  const data: number[] = [];
  let line = 0;
  let [lastLine, lastColumn] = [0, 0];
  const push = (start: number, end: number, { type, modifiers }: SemanticToken): void => {
    while ((lineStarts[line + 1] ?? Infinity) <= start) line += 1;
    const column = start - (lineStarts[line] ?? 0);
    const bits = modifiers.reduce((sum, one) => sum | (1 << tokenModifiers.indexOf(one)), 0);
    data.push(
      line - lastLine,
      line === lastLine ? column - lastColumn : column,
      end - start,
      tokenTypes.indexOf(type),
      bits,
    );
    [lastLine, lastColumn] = [line, column];
  };
  for (const token of tokens) {
    for (let start = token.start; start < token.end;) {
      const newline = text.indexOf("\n", start);
      const end = newline < 0 || newline > token.end ? token.end : newline;
      const bare = text[end - 1] === "\r" ? end - 1 : end;
      if (bare > start) push(start, bare, token);
      start = end + 1;
    }
  }
  return data;
}
