import type { Place } from "../source/source-file.ts";

export type Severity = "error" | "warning" | "information";

/** A replacement of the text at a place. */
export interface TextEdit {
  readonly place: Place;
  readonly newText: string;
}

/**
 * How sure a fix is. `safe`: it does what the author meant or changes nothing that runs, and `meshc check --fix` applies
 * it. `suggested`: a likely way out that somebody has to choose.
 */
export type Applicability = "safe" | "suggested";

/** What the editor offers. The edits of one fix do not overlap. */
export interface Fix {
  readonly title: string;
  readonly edits: readonly TextEdit[];
  readonly applicability: Applicability;
}

/** Another place that has to do with the mistake, and what it has to do with it. */
export interface Related {
  readonly place: Place;
  readonly message: string;
}

/**
 * One mistake in a program: data, never thrown.
 *
 * `message` says what is wrong in the user's own names; `notes` say why; `hint` says what to do.
 */
export interface Diagnostic {
  /** `MESH3001`; the thousands are the family. Empty where it is no mistake of the language, such as an expectation that has not come true. */
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly place: Place;
  /** A few words under the underlined text. */
  readonly label?: string;
  readonly notes: readonly string[];
  readonly hint?: string;
  readonly related: readonly Related[];
  readonly fixes: readonly Fix[];
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((one) => one.severity === "error");
}
