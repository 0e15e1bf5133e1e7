/** Prints values and comments as TypeScript. Nothing that a program says can end a literal or a comment early. */

/** Lines of generated code are at most this long where they can be broken. */
export const lineWidth = 100;

/**
 * Characters that are written by their number: controls, line separators that end a line in some tools, marks that turn
 * the direction of text so that code reads other than it runs, halves of pairs, and the private ones that mark origins.
 */
const hidden =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ue000-\uf8ff\ufeff\ufff9-\uffff]/u;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

const shortEscapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };

/** Texts and comments that hold nothing hidden, and no line break but the usual one. */
const visible = /^[ -~\n]*$/;

/** Most texts: nothing in them is written otherwise than it is. */
const plain = /^[ !#-&(-[\]-~]*$/;

/** A string literal, in the quotes that need fewer escapes. */
export function stringLiteral(text: string): string {
  if (plain.test(text)) return `"${text}"`;
  const count = (quote: string): number => text.split(quote).length - 1;
  const quote = count('"') > count("'") ? "'" : '"';
  return quote + stringBody(text, quote) + quote;
}

/** What stands between the quotes of a string literal. */
export function stringBody(text: string, quote: string): string {
  if (plain.test(text)) return text;
  let body = "";
  for (const character of text) {
    const short = shortEscapes[character];
    if (character === quote) body += `\\${quote}`;
    else if (short !== undefined) body += short;
    else body += hidden.test(character) ? escaped(character) : character;
  }
  return body;
}

/** The key of a property in an object literal. `__proto__` would set the prototype, so it is computed. */
export function propertyKey(name: string): string {
  if (name === "__proto__") return '["__proto__"]';
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : stringLiteral(name);
}

/** A regular expression literal that matches the pattern as a whole. */
export function patternLiteral(pattern: string): string {
  try {
    const { source } = new RegExp(`^(?:${pattern})$`, "u");
    return `/${[...source].map((one) => (hidden.test(one) ? escaped(one) : one)).join("")}/u`;
  } catch {
    // A pattern that is none matches nothing, as at run time.
    return "/(?!)/u";
  }
}

/** Text for a comment: it cannot end the comment, and holds nothing that one does not see. */
export function commentText(text: string): string {
  if (visible.test(text)) return text.replaceAll("*/", "*\\/").trim();
  const lines = text.split(/\r\n|[\n\r\u2028\u2029]/);
  return lines
    .map((line) =>
      [...line.replaceAll("*/", "*\\/").replaceAll("\t", " ")]
        .map((one) => (hidden.test(one) ? escaped(one) : one))
        .join(""),
    )
    .join("\n")
    .trim();
}

/** Text between backquotes in a comment. */
export function codeSpan(text: string): string {
  const inside = commentText(text.replace(/\s+/g, " ").trim()).replaceAll("`", "'");
  return inside === "" ? "" : `\`${inside}\``;
}

type Data = null | boolean | number | string | readonly Data[] | { readonly [key: string]: Data | undefined };

/** Prints plain data as a literal on one line. */
export function dataLiteral(value: unknown): string {
  return flat(value as Data);
}

/**
 * Prints plain data as a literal of many lines: lists of records have a line for each item.
 * @param open whether the record at a path, or the records of the list there, have a line for each field
 */
export function dataTable(value: unknown, open: (path: readonly string[]) => boolean): string {
  return table(value as Data, [], open, "");
}

function table(
  value: Data,
  path: readonly string[],
  open: (path: readonly string[]) => boolean,
  indent: string,
): string {
  const inner = `${indent}  `;
  if (isArray(value)) {
    if (!value.some((item) => typeof item === "object" && item !== null)) return flat(value);
    const rows = value.map((item) => table(item, path, open, inner));
    return `[\n${rows.map((row) => `${inner}${row},\n`).join("")}${indent}]`;
  }
  if (typeof value !== "object" || value === null || !open(path)) return flat(value);
  const entries = entriesOf(value);
  if (entries.length === 0) return "{}";
  const lines = entries.map(([key, item]) => {
    const text = table(item, [...path, key], open, inner);
    return `${inner}${propertyKey(key)}: ${text},\n`;
  });
  return `{\n${lines.join("")}${indent}}`;
}

function flat(value: Data): string {
  if (typeof value === "string") return stringLiteral(value);
  if (typeof value === "number") return numberLiteral(value);
  if (typeof value !== "object" || value === null) return String(value);
  if (isArray(value)) return `[${value.map(flat).join(", ")}]`;
  let inside = "";
  for (const key of Object.keys(value)) {
    const item = value[key];
    if (item !== undefined) inside += `${inside === "" ? "" : ", "}${propertyKey(key)}: ${flat(item)}`;
  }
  return inside === "" ? "{}" : `{ ${inside} }`;
}

function numberLiteral(value: number): string {
  return Number.isFinite(value) ? String(value).replace("e+", "e") : "0";
}

function entriesOf(value: { readonly [key: string]: Data | undefined }): [string, Data][] {
  return Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [[key, item]]));
}

function isArray(value: Data): value is readonly Data[] {
  return Array.isArray(value);
}
