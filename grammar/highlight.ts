/** The TextMate grammar of an editor, made from the tokens so that the two cannot drift apart. */
import * as t from "./tokens.ts";
import { units } from "./literals.ts";

export interface TextMateRule {
  readonly name?: string;
  readonly match?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly beginCaptures?: Readonly<Record<string, { readonly name: string }>>;
  readonly captures?: Readonly<Record<string, { readonly name: string }>>;
  readonly patterns?: readonly (TextMateRule | { readonly include: string })[];
}

export interface TextMateGrammar {
  readonly $schema: string;
  readonly name: string;
  readonly scopeName: string;
  readonly fileTypes: readonly string[];
  readonly patterns: readonly { readonly include: string }[];
  readonly repository: Readonly<Record<string, TextMateRule>>;
}

/** Types and codecs that the language knows by name; everything else in UpperCamel is a declaration of the program. */
const builtinTypes = [
  ...["audio", "video", "tensor", "text", "bytes", "json", "bool", "int", "float", "duration", "frequency", "size"],
  ...["bitrate", "framerate", "resolution", "decibel", "percentage", "channels", "version", "signal", "map"],
];

/** Words that begin a declaration and give a name to it. */
const declarationWords = [t.Record, t.Enum, t.Interface, t.Node, t.Pipeline, t.Policy, t.Peer];

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

function anyOf(texts: readonly string[]): string {
  return texts
    .toSorted((a, b) => b.length - a.length)
    .map(literally)
    .join("|");
}

function wordsOf(type: t.TokenClass): string {
  return anyOf([...t.keywords].filter(([, token]) => t.classOf(token) === type).map(([word]) => word));
}

function operators(): string {
  const texts = t.lexicalTokens
    .filter((token) => t.classOf(token) === "operator" && typeof token.LABEL === "string")
    .map((token) => token.LABEL!)
    .filter((label) => label.startsWith('"'));
  return anyOf(texts.map((label) => label.slice(1, -1)).filter((text) => !isArrow(text)));
}

function isArrow(text: string): boolean {
  return text === "->" || text === "~>";
}

/** A TextMate grammar for `.mesh` files, as plain data for a JSON file. */
export function textMateGrammar(): TextMateGrammar {
  const arrow = "->|~>";
  const stepWords = anyOf([t.Any, t.First, t.Route, t.Flush].map(t.wordOf));
  // A word before one of these is a name: `in -> vad`, `vad.out`, `in: text`, `[let, at]`.
  const asName = `(?!\\s*(?:${arrow}|\\.(?!\\.)|[:(,\\]]))`;
  const constantAsName = `(?!\\s*(?:${arrow}|\\.(?!\\.)|[:(]))`;
  // Behind the dots of a range something begins; behind a single dot it goes on.
  const start = "(?<!\\w)(?<![^.]\\.)";
  return {
    $schema: "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
    name: "Mesh",
    scopeName: "source.mesh",
    fileTypes: ["mesh"],
    patterns: [
      ...["comment", "string", "quantity", "declaration", "annotation", "arrow", "constant", "member", "keyword"],
      ...["call", "type", "builtin", "operator", "punctuation", "name"],
    ].map((key) => ({ include: `#${key}` })),
    repository: {
      comment: {
        patterns: [
          { name: "comment.line.documentation.mesh", match: "///(?!/).*$" },
          { name: "comment.line.double-slash.mesh", match: "//.*$" },
          { include: "#block-comment" },
        ],
      },
      "block-comment": {
        name: "comment.block.mesh",
        begin: "/\\*",
        end: "\\*/",
        patterns: [{ include: "#block-comment" }],
      },
      string: {
        name: "string.quoted.double.mesh",
        begin: '"',
        // A string ends on its line, closed or not.
        end: '"|(?=$)',
        patterns: [
          { name: "constant.character.escape.mesh", match: '\\\\(?:["\\\\/bfnrt]|u[0-9A-Fa-f]{4})' },
          { name: "invalid.illegal.escape.mesh", match: "\\\\." },
        ],
      },
      quantity: {
        patterns: [
          {
            match: `${start}(-?[0-9]+(?:\\.[0-9]+)*)(${anyOf([...units.keys()])})?(?![A-Za-z0-9_])`,
            captures: { 1: { name: "constant.numeric.mesh" }, 2: { name: "keyword.other.unit.mesh" } },
          },
          { name: "constant.numeric.resolution.mesh", match: "(?<!\\w)[0-9]+x[0-9]+(?!\\w)" },
          { name: "invalid.illegal.quantity.mesh", match: "(?<!\\w)-?[0-9]+(?:\\.[0-9]+)*[A-Za-z_]\\w*" },
        ],
      },
      declaration: {
        match: `(?<!\\w)(?:(batch)\\s+)?(${anyOf(declarationWords.map(t.wordOf))})\\s+([A-Za-z_]\\w*)`,
        captures: {
          1: { name: "storage.modifier.mesh" },
          2: { name: "storage.type.mesh" },
          3: { name: "entity.name.type.mesh" },
        },
      },
      annotation: {
        patterns: [
          {
            match: "(?<!\\w)(in|out|let|remote)\\s+([A-Za-z_]\\w*)(?=\\s*[:=])",
            captures: { 1: { name: "keyword.control.mesh" }, 2: { name: "variable.other.definition.mesh" } },
          },
          { match: "([A-Za-z_]\\w*)(?=\\s*:)", captures: { 1: { name: "variable.parameter.mesh" } } },
        ],
      },
      arrow: {
        patterns: [
          {
            match: `(${arrow})[ \\t]*(?!(?:${stepWords})[ \\t]*[\\[(a-zA-Z_])([a-z_]\\w*)(?![\\w(])`,
            captures: { 1: { name: "keyword.operator.arrow.mesh" }, 2: { name: "variable.other.mesh" } },
          },
          { name: "keyword.operator.arrow.mesh", match: arrow },
        ],
      },
      constant: { name: "constant.language.mesh", match: `${start}(?:${wordsOf("constant")})(?!\\w)${constantAsName}` },
      member: {
        match: "(?<=[A-Za-z0-9_)])(\\.)([A-Za-z_]\\w*)",
        captures: { 1: { name: "punctuation.accessor.mesh" }, 2: { name: "variable.other.property.mesh" } },
      },
      keyword: {
        patterns: [
          // These begin a step of their own form, so a bracket after them does not make them names.
          {
            name: "keyword.control.mesh",
            match: `(?<![\\w.])(?:${stepWords})(?!\\w)(?!\\s*(?:${arrow}|[.:]))`,
          },
          // The last case of a route, and the count of a retry before its backoff.
          {
            name: "keyword.control.mesh",
            match: `(?<![\\w.])(?:${t.wordOf(t.Else)}(?=\\s*(?:${arrow}))|${t.wordOf(t.Times)}(?=\\s*,))`,
          },
          { name: "keyword.control.mesh", match: `(?<![\\w.])(?:${wordsOf("keyword")})(?!\\w)${asName}` },
        ],
      },
      call: {
        match: "(?<![\\w.])([A-Za-z_]\\w*)(?=\\()",
        captures: { 1: { name: "entity.name.function.mesh" } },
      },
      builtin: { name: "support.type.mesh", match: `(?<![\\w.])(?:${anyOf(builtinTypes)})(?!\\w)` },
      type: { name: "entity.name.type.mesh", match: "(?<![\\w.])[A-Z]\\w*" },
      operator: { name: "keyword.operator.mesh", match: operators() },
      punctuation: { name: "punctuation.mesh", match: "[{}()\\[\\],:.]" },
      name: { name: "variable.other.mesh", match: "[A-Za-z_]\\w*" },
    },
  };
}
