/**
 * Where braces do not balance, indentation tells which one is to blame. Balanced files are never looked at, so layout
 * carries no meaning in a correct program.
 */
import type { IToken } from "chevrotain";
import { LBrace, RBrace } from "./tokens.ts";

export interface BraceFindings {
  /** Offsets of `{` whose `}` is missing. */
  readonly unclosed: ReadonlySet<number>;
  /** `}` that close nothing. */
  readonly extra: ReadonlySet<IToken>;
}

interface OpenBrace {
  readonly offset: number;
  /** Column of the first token of its line. */
  readonly indent: number;
  readonly line: number;
}

export function braceFindings(tokens: readonly IToken[]): BraceFindings {
  const unclosed = new Set<number>();
  const extra = new Set<IToken>();
  let balance = 0;
  for (const { tokenType } of tokens) {
    if (tokenType === LBrace) balance++;
    else if (tokenType === RBrace) balance--;
  }
  if (balance === 0) return { unclosed, extra };

  const stack: OpenBrace[] = [];
  let line = 0;
  let indent = 0;
  for (const token of tokens) {
    const startsLine = token.startLine !== line;
    if (startsLine) {
      line = token.startLine!;
      indent = token.startColumn!;
    }
    if (token.tokenType === LBrace) {
      stack.push({ offset: token.startOffset, indent, line });
    } else if (token.tokenType === RBrace) {
      if (startsLine && balance > 0) {
        // It stands under an outer line: what was opened further inside has no end.
        while (stack.length > 1 && stack.at(-1)!.indent > indent && balance > 0) {
          unclosed.add(stack.pop()!.offset);
          balance--;
        }
      } else if (startsLine && balance < 0 && stack.length === 1 && indent > stack[0]!.indent) {
        extra.add(token);
        balance++;
        continue;
      }
      stack.pop();
    }
  }
  return { unclosed, extra };
}
