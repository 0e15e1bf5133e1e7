/** The value of a string token. */

const simple: { readonly [escape: string]: string } = {
  ...{ '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" },
};

export interface Unescaped {
  readonly value: string;
  /** The first escape that JSON does not have, as a range in the token's text. */
  readonly badEscape: { readonly start: number; readonly end: number } | undefined;
}

/** Resolves the escapes of a string token as JSON does (RFC 8259, section 7); an unknown escape stays as written. */
export function unescape(token: string): Unescaped {
  const closed = token.length > 1 && token.at(-1) === token[0];
  const end = closed ? token.length - 1 : token.length;
  if (!token.includes("\\")) return { value: token.slice(1, end), badEscape: undefined };
  let value = "";
  let badEscape: Unescaped["badEscape"];
  for (let at = 1; at < end; at++) {
    const char = token[at]!;
    if (char !== "\\") {
      value += char;
      continue;
    }
    const escape = token[at + 1] ?? "";
    const code = escape === "u" ? token.slice(at + 2, at + 6) : "";
    if (simple[escape] !== undefined) {
      value += simple[escape];
      at++;
    } else if (/^[0-9A-Fa-f]{4}$/.test(code)) {
      value += String.fromCharCode(Number.parseInt(code, 16));
      at += 5;
    } else {
      badEscape ??= { start: at, end: Math.min(at + 2, end) };
      value += char;
    }
  }
  return { value, badEscape };
}
