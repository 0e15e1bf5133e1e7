import type { Seen } from "./watching.ts";

/** What was seen of a scenario; all times are milliseconds of virtual time from its start. */
export interface Recording {
  /** The frames of each output of the pipeline. */
  readonly outputs: ReadonlyMap<string, readonly Seen[]>;
  /** What has passed the ends of ways, by `endKey`. */
  readonly passed: ReadonlyMap<string, readonly Seen[]>;
  /** The target that each remote of the session has had from when on. */
  readonly targets: readonly { readonly atMs: number; readonly remote: string; readonly target: string }[];
  readonly timeline: readonly Happening[];
  /** When the last frame was fed; undefined where nothing is. */
  readonly fedMs: number | undefined;
  readonly endMs: number;
  /** Why the session could not be had, or has ended, or the scenario could not be played to its end. */
  readonly failure: { readonly message: string; readonly hint: string | undefined } | undefined;
}

/** One line of a timeline. */
export interface Happening {
  readonly atMs: number;
  readonly text: string;
}

/** `80ms`, `1.25s`, as the program would write it. */
export function timeText(ms: number): string {
  if (ms < 1000) return `${trimmed(ms)}ms`;
  return `${trimmed(ms / 1000)}s`;
}

function trimmed(value: number): string {
  return String(Number(value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)));
}
