import type { TestMessage, ToldFailure } from "../../compiler/cli/test/messages.ts";

/** The words after `meshc` that play scenarios of a program. */
export function scenarioArguments(file: string, titles: readonly string[]): string[] {
  return ["test", file, ...titles.flatMap((title) => ["--scenario", title]), "--format", "json"];
}

/** What is said of an expectation that has not come true. */
export function failureText({ message, notes, hint }: ToldFailure): string {
  return [message, ...notes, ...(hint === undefined ? [] : [hint])].join("\n");
}

/** What happened when, a line each. */
export function timelineText({ timeline }: Extract<TestMessage, { type: "scenario" }>): string {
  return timeline.map(({ atMs, text }) => `${(atMs / 1000).toFixed(3).padStart(8)} s  ${text}`).join("\n");
}

/**
 * Why a scenario has no result.
 * @param broken the mistakes of the program, where it has any
 * @param code the exit code of `meshc`; null where it was ended from outside
 * @param text what it has said besides
 */
export function reasonOfNone(
  broken: Extract<TestMessage, { type: "diagnostics" }>["diagnostics"],
  code: number | null,
  text: string,
): string {
  const errors = broken.filter(({ severity }) => severity === "error").map((one) => `${one.code}: ${one.message}`);
  if (errors.length > 0) return ["The program has errors:", ...errors].join("\n");
  return text.trim() || (code === null ? "It was ended from outside." : `meshc ended with code ${code}.`);
}
