/**
 * How statements begin, seen from a few tokens ahead.
 *
 * Words are contextual, so a word alone says little; a word with what follows it says enough. Each pattern here is one
 * that can not continue any other form, which is what lets an unfinished statement end where the next one begins.
 */
import { EOF, type IToken, type TokenType } from "chevrotain";
import * as t from "../tokens.ts";

/** The k-th token ahead, 1 being the next one and 0 the last one consumed. */
export type Peek = (k: number) => IToken;

export function is(token: IToken, type: TokenType): boolean {
  if (token.tokenType === type) return true;
  return type.isParent === true && type.categoryMatchesMap![token.tokenTypeIdx] === true;
}

export function isAny(token: IToken, types: readonly TokenType[]): boolean {
  return types.some((type) => is(token, type));
}

/** Whether the k-th token stands on the line on which the one before it ends. */
export function sameLine(peek: Peek, k: number): boolean {
  return peek(k).startLine === peek(k - 1).startLine;
}

const declarations: readonly TokenType[] = [t.Record, t.Enum, t.Interface, t.Node, t.Pipeline, t.Policy, t.Peer];

export function isDeclarationWord(token: IToken): boolean {
  return isAny(token, declarations) || isAny(token, [t.Batch, t.Scenario, t.Import]);
}

/** `pipeline X {`, `batch node …`, `import {`, `scenario "…"` at the start of a line. */
export function declarationStarts(peek: Peek, k = 1): boolean {
  return !sameLine(peek, k) && declarationHead(peek, k);
}

/** The same anywhere. */
export function declarationHead(peek: Peek, k = 1): boolean {
  const next = peek(k + 1);
  switch (peek(k).tokenType) {
    case t.Batch:
      return isAny(next, declarations) && sameLine(peek, k + 1);
    case t.Scenario:
      return is(next, t.Text);
    case t.Import:
      return is(next, t.LBrace);
    default:
      if (!isAny(peek(k), declarations) || !is(next, t.Name)) return false;
      return isAny(peek(k + 2), [t.LBrace, t.LParen, t.Less, t.Colon]);
  }
}

/** What must follow a word at the start of a line for it to begin a member, where that is one kind of token. */
const followers: ReadonlyMap<TokenType, readonly TokenType[]> = new Map([
  [t.Budget, [t.Quantity]],
  [t.Latency, [t.Quantity]],
  [t.From, [t.Text]],
  [t.Converts, [t.At]],
  [t.Join, [t.Identifier]],
  [t.At, [t.Text, t.Service, t.Quantity]],
  [t.Else, [t.Text, t.Service]],
  [t.Retry, [t.Quantity]],
  [t.Breaker, [t.Quantity]],
  [t.Via, [t.Identifier]],
  [t.Resume, [t.Quantity]],
  [t.Standby, [t.Identifier]],
  [t.Auth, [t.Identifier]],
  [t.Failback, [t.After]],
  [t.Runs, [t.Identifier]],
  [t.Listens, [t.Text]],
  [t.Registers, [t.Text]],
  [t.Allows, [t.Text]],
  [t.Admin, [t.Text]],
  [t.Provides, [t.Identifier]],
  [t.Requires, [t.Identifier]],
  [t.Expect, [t.Name]],
]);

/** `let x =`, `remote x:`, `in x:`, `at gpu.X`, `retry 5` … at the start of a line. */
export function memberStarts(peek: Peek, k = 1): boolean {
  const token = peek(k);
  if (sameLine(peek, k) || !sameLine(peek, k + 1)) return false;
  const next = peek(k + 1);
  const third = peek(k + 2);
  switch (token.tokenType) {
    case t.Let:
      return is(next, t.Equals) || (is(next, t.Name) && is(third, t.Binder));
    case t.Remote:
      return is(next, t.Name) && isAny(third, [t.Colon, t.With, t.LBrace]);
    case t.In:
    case t.Out:
      return isAny(next, [t.Name, t.MapWord]) || (is(next, t.LBracket) && is(third, t.Name));
    case t.At:
    case t.Else:
      if (is(next, t.Name) && isAny(third, [t.Dot, t.LParen])) return true;
      break;
    case t.Timeout:
      return is(next, t.Name) && is(third, t.Quantity);
    case t.Listens:
    case t.Registers:
    case t.Allows:
    case t.Admin:
      if (is(next, t.Name) && is(third, t.LParen)) return true;
      break;
    case t.Feed:
      return is(next, t.Name) && is(third, t.From);
    default:
  }
  const wanted = followers.get(token.tokenType);
  return wanted !== undefined && isAny(next, wanted);
}

/** `a ->`, `a.b`, `A(` at the start of a line. */
export function flowStarts(peek: Peek, k = 1): boolean {
  if (sameLine(peek, k) || !is(peek(k), t.Name)) return false;
  return isAny(peek(k + 1), [t.Arrow, t.Dot, t.LParen]);
}

/** Members that are one word, or may be. */
export const loneWords: readonly TokenType[] = [t.Delays, t.Idempotent, t.Converts];

/** How far ahead a closing parenthesis is searched. */
const MAX_SEARCH = 200;

function behindParentheses(peek: Peek, open: number): number {
  let depth = 0;
  for (let k = open; k < open + MAX_SEARCH; k++) {
    const token = peek(k);
    if (is(token, t.LParen)) depth++;
    else if (is(token, t.RParen) && --depth === 0) return k + 1;
    else if (token.tokenType === EOF) return k;
  }
  return open + MAX_SEARCH;
}

/**
 * Whether a condition such as `gpu.memory >= 8GiB` goes on at the k-th token, which stands behind a comma. On a line of
 * its own it must not look like a statement, for the comma may be all that was typed.
 */
export function conditionGoesOn(peek: Peek, k: number): boolean {
  if (!is(peek(k), t.Name)) return false;
  if (is(peek(k), t.Prefer) && is(peek(k + 1), t.Name) && sameLine(peek, k + 1)) return false;
  if (sameLine(peek, k)) return true;
  if (memberStarts(peek, k) || declarationStarts(peek, k)) return false;
  let next = k + 1;
  while (is(peek(next), t.Dot) && is(peek(next + 1), t.Name)) next += 2;
  if (is(peek(next), t.Operator)) return true;
  if (next > k + 1) return false;
  if (is(peek(next), t.LParen)) return !isAny(peek(behindParentheses(peek, next)), [t.Arrow, t.Dot]);
  if (isAny(peek(next), [t.Comma, t.Or, t.Within])) return true;
  return !isAny(peek(k), loneWords) && (is(peek(next), t.RBrace) || !sameLine(peek, next)) && !is(peek(next), t.Arrow);
}

/** A whole flow such as `a -> b`, `a.b ~> c` or `A(…).b -> c` at the k-th token, which begins a line. */
export function flowAhead(peek: Peek, k = 1): boolean {
  if (sameLine(peek, k) || !is(peek(k), t.Name)) return false;
  let next = is(peek(k + 1), t.LParen) ? behindParentheses(peek, k + 1) : k + 1;
  if (is(peek(next), t.Dot) && is(peek(next + 1), t.Name)) next += 2;
  return is(peek(next), t.Arrow);
}

/** A word that is used as the name of a step here, whatever it means elsewhere. */
export function namesStep(peek: Peek): boolean {
  return is(peek(1), t.Name) && isAny(peek(2), [t.Arrow, t.Dot, t.LParen]);
}
