/** Problems of syntax: their shape, and one stable code for each kind. */
import type { Span } from "./syntax.ts";

/** Every kind of syntax problem with what it means. Codes are stable: they are never reused for something else. */
export const problemKinds = {
  MESH1001: "something else was expected here",
  MESH1002: "a name is missing",
  MESH1003: "a type is missing",
  MESH1004: "a value is missing",
  MESH1005: "a bracket or brace is not closed",
  MESH1006: "a bracket or brace closes nothing",
  MESH1007: "a comma is missing or one too many",
  MESH1008: '":" and "=" are mixed up, or missing',
  MESH1009: "an arrow without a step after it",
  MESH1010: "an arrow without a step before it",
  MESH1011: "an arrow of another notation",
  MESH1012: "a semicolon",
  MESH1013: "an import without braces",
  MESH1014: "an unknown kind of declaration",
  MESH1015: "an unknown kind of statement",
  MESH1016: "a string without its closing quote",
  MESH1017: "a block comment without its end",
  MESH1018: "a number with an unknown unit or out of range",
  MESH1019: "a character that has no meaning",
  MESH1020: "an unknown escape in a string",
  MESH1021: "a string in other quotes than double ones",
  MESH1022: "a reserved word used as a name",
  MESH1024: "a node or pipeline without its parentheses",
  MESH1025: "an argument without a name",
  MESH1026: "brackets nested too deeply",
  MESH1027: "a file that is too large",
  MESH1028: "a step on its own, with no arrow",
  MESH1029: "a name with letters that are not allowed",
  MESH1030: "a member that belongs into another declaration",
} as const;

export type ProblemCode = keyof typeof problemKinds;

export interface SyntaxProblem {
  readonly code: ProblemCode;
  readonly span: Span;
  /** What is wrong, in one line. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
  readonly related?: readonly { readonly span: Span; readonly message: string }[];
  /** Replaces the text of `span` by `text`. */
  readonly fix?: { readonly title: string; readonly span: Span; readonly text: string };
}
