/** What the check bench asks a contender for; each runs in a process of its own. */
export interface CheckTask {
  readonly project: "one" | "many";
  /** Checks again after an edit of one line in a file of this number; everything from nothing when left out. */
  readonly edit?: { readonly number: number; readonly round: number; readonly what: "body" | "export" };
}

export type ContenderName = "mesh" | "langium" | "typespec";

export const lines = 10_000;
export const files = 100;

/** The answer: milliseconds that somebody waits, or why there is none. */
export type CheckAnswer = { readonly ms: number } | { readonly error: string };
