/** Makes the leaves of the tree from tokens. */
import type { IToken } from "chevrotain";
import type { LiteralValue } from "./literals.ts";
import { spanOf } from "./scan.ts";
import { unescape } from "./strings.ts";
import type { LiteralSyntax, NameSyntax, StringSyntax } from "./syntax.ts";
import { False, Mono, True } from "./tokens.ts";

export function name(token: IToken): NameSyntax {
  return { kind: "Name", text: token.image, span: spanOf(token) };
}

/** Stands where a name was expected and none was found. */
export function missingName(offset: number): NameSyntax {
  return { kind: "Name", text: "", span: { start: offset, end: offset } };
}

export function string(token: IToken): StringSyntax {
  return { kind: "String", value: unescape(token.image).value, span: spanOf(token) };
}

function wordValue(token: IToken): LiteralValue {
  if (token.tokenType === True) return { quantity: "bool", value: 1 };
  if (token.tokenType === False) return { quantity: "bool", value: 0 };
  return { quantity: "channels", value: token.tokenType === Mono ? 1 : 2 };
}

/** Undefined for a number whose unit does not exist: that is reported already, and nothing follows from it. */
export function literal(token: IToken, isNumber: boolean): LiteralSyntax | undefined {
  const known = isNumber ? (token.payload as LiteralValue | undefined) : wordValue(token);
  return known && { kind: "Literal", ...known, text: token.image, span: spanOf(token) };
}
