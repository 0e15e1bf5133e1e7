import type { JsonDiagnostic, JsonRange } from "../../diagnostics/render-json.ts";

/** Which scenario is meant. */
export interface ScenarioName {
  /** As a person in the current folder writes it. */
  readonly file: string;
  readonly title: string;
  /** Of its title. */
  readonly range: JsonRange;
}

/** An expectation that has not come true. */
export interface ToldFailure {
  readonly message: string;
  readonly notes: readonly string[];
  readonly hint?: string;
  readonly range: JsonRange;
}

/** One line of `meshc test --format json`. Positions count from 0, as in the Language Server Protocol. */
export type TestMessage =
  | ({ readonly type: "started" } & ScenarioName)
  | ({
      readonly type: "scenario";
      readonly status: "passed" | "failed";
      readonly failures: readonly ToldFailure[];
      readonly timeline: readonly { readonly atMs: number; readonly text: string }[];
      /** How long it was, and how long it took to play. */
      readonly virtualMs: number;
      readonly realMs: number;
    } & ScenarioName)
  | { readonly type: "diagnostics"; readonly diagnostics: readonly JsonDiagnostic[] }
  /** The last line. */
  | {
      readonly type: "ended";
      readonly passed: number;
      readonly failed: number;
      /** Programs whose scenarios could not be played. */
      readonly broken: number;
    };

/** Reads a line of another process of ours; undefined when it is none. */
export function readTestMessage(line: string): TestMessage | undefined {
  if (!line.startsWith('{"type":"')) return undefined;
  try {
    // Written by this same program, in a process that the reader has started.
    return JSON.parse(line) as TestMessage;
  } catch {
    return undefined;
  }
}
