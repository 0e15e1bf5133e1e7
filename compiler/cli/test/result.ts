import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { Project } from "../compile-file.ts";
import type { Failure } from "./judge.ts";
import type { Happening } from "./recording.ts";
import type { Scenario } from "./scenario.ts";

/** What a scenario has come to. */
export interface Result {
  readonly scenario: Scenario;
  readonly project: Project;
  /** None where all that is expected has come true. */
  readonly failures: readonly Failure[];
  readonly timeline: readonly Happening[];
  /** How long it was, and how long it took to play. */
  readonly virtualMs: number;
  readonly realMs: number;
}

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  /** Programs whose scenarios could not be played. */
  readonly broken: number;
}

/** Tells of scenarios as they are played. */
export interface TestReporter {
  started(scenario: Scenario, project: Project): void;
  ended(result: Result): void;
  /** A program has errors, or says something worth knowing. */
  diagnosed(diagnostics: readonly Diagnostic[], project: Project): void;
  finished(totals: Totals): void;
}
