/** What the tests in the editor's host and the one that drives its window say to each other, a line each in the host's log. */

/** One test, when it has ended. */
export interface HostResult {
  readonly name: string;
  readonly error?: string;
  readonly tookMs: number;
}

/** What the host asks of the window, whose effect it waits for. */
export type WindowStep =
  | "fix"
  | "graph"
  | "graph-stale"
  | "graph-mended"
  | "graph-follows"
  | "save"
  | "running"
  | "pick"
  | "scenario"
  | "new-project";

export const marks = { result: "mesh-result ", step: "mesh-step " } as const;
