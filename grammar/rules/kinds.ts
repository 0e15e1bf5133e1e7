/** The kinds of braced blocks: which words begin a member in each, and what to say where none does. */
import type { TokenType } from "chevrotain";
import * as t from "../tokens.ts";
import { declarationHead, flowAhead, is, isAny, isDeclarationWord, memberStarts, type Peek } from "./starts.ts";

export interface BlockKind {
  /** What the block belongs to, with its article. */
  readonly owner: string;
  /** The words that begin a member. */
  readonly words: readonly TokenType[];
  /** What may stand in it, for a message. */
  readonly expected: string;
  /** Whether the next token begins a member. */
  begins(peek: Peek): boolean;
  /** Whether a new member plausibly begins at the next token, on a new line after a broken one. */
  resumes(peek: Peek): boolean;
  /** Whether a member surely begins at the next token, on the same line as what is wrong. */
  goesOn?(peek: Peek): boolean;
  /** Members may be separated by commas. */
  readonly commas?: boolean;
  /** A block inside a pipeline: a statement of the pipeline on a new line shows that its `}` is missing. */
  readonly inner?: boolean;
}

const signatureWords = [t.In, t.Out, t.Requires, t.Latency, t.From, t.Converts, t.Join, t.Delays, t.Idempotent];
const pipelineWords = [...signatureWords, t.Let, t.Remote, t.Budget];
const clauseWords = [t.Retry, t.Timeout, t.Breaker, t.Via, t.Resume, t.Standby, t.Auth, t.Failback];
const targetWords = [t.At, t.Else];
const peerWords = [t.Runs, t.Listens, t.Registers, t.Allows, t.Admin, t.Provides];
const scenarioWords = [t.At, t.Feed, t.Expect];

function byWord(words: readonly TokenType[]): Pick<BlockKind, "words" | "begins" | "resumes"> {
  const starts = (peek: Peek): boolean => isAny(peek(1), words);
  return { words, begins: starts, resumes: starts };
}

function atName(peek: Peek): boolean {
  return is(peek(1), t.Name);
}

/** Any name begins a member. */
const byName: Pick<BlockKind, "words" | "begins" | "resumes"> = { words: [], begins: atName, resumes: atName };

/** A statement of a pipeline: a keyword that is not used as a name, a flow, or a merge `[a, b] -> c`. */
function pipelineBegins(peek: Peek): boolean {
  const token = peek(1);
  if (is(token, t.LBracket)) return true;
  if (!is(token, t.Name)) return false;
  if (isAny(token, pipelineWords)) return true;
  return isAny(peek(2), [t.Arrow, t.Dot, t.LParen, t.Equals]) || isAny(token, [t.Any, t.First, t.Route, t.Flush]);
}

export const fileKind: BlockKind = {
  owner: "the file",
  words: [t.Import, t.Record, t.Enum, t.Interface, t.Node, t.Pipeline, t.Policy, t.Peer, t.Scenario, t.Batch],
  expected: "a declaration such as `pipeline`, `node` or `record`",
  begins: (peek) => isDeclarationWord(peek(1)),
  goesOn: declarationHead,
  resumes: (peek) => isDeclarationWord(peek(1)),
};

export const recordKind: BlockKind = {
  owner: "the record",
  expected: "a field such as `text: text`",
  ...byName,
  commas: true,
};

export const enumKind: BlockKind = { owner: "the enum", expected: "a value such as en", ...byName, commas: true };

export const signatureKind: BlockKind = {
  owner: "the signature",
  expected: "a member such as `in`, `out` or `requires`",
  ...byWord(signatureWords),
};

export const pipelineKind: BlockKind = {
  owner: "the pipeline",
  words: pipelineWords,
  expected: "a statement such as `mic -> vad`, `let` or `remote`",
  begins: pipelineBegins,
  resumes: (peek) => isAny(peek(1), [t.Name, t.LBracket]),
};

export const policyKind: BlockKind = {
  owner: "the policy",
  expected: "a clause such as `retry` or `timeout`",
  ...byWord(clauseWords),
};

export const remoteKind: BlockKind = {
  owner: "the remote",
  expected: "a target such as `at gpu.Hearing`, or a clause such as `retry`",
  ...byWord([...targetWords, ...clauseWords]),
  inner: true,
};

export const peerKind: BlockKind = {
  owner: "the peer",
  expected: "a member such as `runs`, `listens` or `provides`",
  ...byWord(peerWords),
};

export const scenarioKind: BlockKind = {
  owner: "the scenario",
  expected: "a step such as `at 2s kill gpu`, `feed` or `expect`",
  ...byWord(scenarioWords),
};

/** Which block a word belongs in, for a word in the wrong one. */
const homes: readonly [readonly TokenType[], string][] = [
  [fileKind.words, "outside of other declarations"],
  [[t.Let, t.Remote, t.Budget], "in a pipeline"],
  [signatureWords, "in a node, an interface or a pipeline"],
  [clauseWords, "in a policy or a remote"],
  [targetWords, "in a remote"],
  [peerWords, "in a peer"],
  [scenarioWords, "in a scenario"],
];

export function homeOf(type: TokenType): string | undefined {
  return homes.find(([words]) => words.includes(type))?.[1];
}

/** Whether the next token shows that an inner block has ended without its `}`. */
export function leavesInner(kind: BlockKind, peek: Peek): boolean {
  if (kind.inner !== true || kind.begins(peek)) return false;
  return memberStarts(peek) || flowAhead(peek);
}
