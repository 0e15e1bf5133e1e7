/** What became of one scenario. */
export type ScenarioResult =
  | { readonly kind: "passed" }
  | { readonly kind: "failed"; readonly message: string }
  /** It could not be run. */
  | { readonly kind: "errored"; readonly message: string };

/** The words after `meshc` that run one scenario of a program. */
export function scenarioArguments(file: string, title: string): string[] {
  return ["test", file, "--scenario", title];
}

/**
 * Reads what `meshc test` has come to: by its exit code, as for all commands (0 fine, 1 the program is not as it should be).
 * @param text what it has printed
 */
export function scenarioResult(code: number | null, text: string): ScenarioResult {
  if (code === 0) return { kind: "passed" };
  const message = text.trim() || (code === null ? "It was ended from outside." : `It ended with code ${code}.`);
  return { kind: code === 1 ? "failed" : "errored", message };
}
