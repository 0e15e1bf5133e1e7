import { whenAborted } from "./abort.ts";
import type { Clock } from "./clock.ts";
import type { MeshError } from "./errors.ts";
import { giveTime } from "./time-given.ts";

export interface Deadline<T = unknown> {
  readonly clock: Clock;
  /** Milliseconds from now, at least 0; those in which this process stands still do not count. */
  readonly afterMs: number;
  /** Gives up earlier. */
  readonly signal?: AbortSignal | undefined;
  /** Made only when the time is over. */
  readonly error: () => MeshError;
  /** Gets what `work` still yields once nobody waits for it any more, to free it. */
  readonly discard?: (late: T) => void;
}

/** Gives `work` another deadline, counted from now, in place of the one it has. */
export type Extend = (afterMs: number, error: () => MeshError) => void;

/**
 * Runs `work` until it settles, the time is over or the outer signal aborts, whatever comes first. The signal that
 * `work` gets aborts in the latter two; a late failure of `work` is ignored.
 * @throws the deadline's error; the outer signal's reason; what `work` throws
 */
export async function withDeadline<T>(
  deadline: Deadline<T>,
  work: (signal: AbortSignal, extend: Extend) => Promise<T>,
): Promise<T> {
  const { clock, signal: outer } = deadline;
  outer?.throwIfAborted();
  const controller = new AbortController();
  const unlisten = whenAborted(outer, () => controller.abort(outer?.reason));
  const give = (afterMs: number, error: () => MeshError) => giveTime(clock, afterMs, () => controller.abort(error()));
  let settled = false;
  let given = give(deadline.afterMs, deadline.error);
  const extend: Extend = (afterMs, error) => {
    if (settled) return;
    given.stop();
    given = give(afterMs, error);
  };
  try {
    return await new Promise<T>((resolve, reject) => {
      whenAborted(controller.signal, () => reject(controller.signal.reason as Error));
      work(controller.signal, extend).then((value) => {
        if (controller.signal.aborted) deadline.discard?.(value);
        else resolve(value);
      }, reject);
    });
  } finally {
    settled = true;
    given.stop();
    unlisten();
  }
}
