import type { Clock } from "../../../runtime/interface/clock.ts";

/** In so many pieces a time is waited for. */
const pieces = 10;

/**
 * Calls back when somebody has had so much time. A machine that stands still gives nobody any, and then all timers are due at once: what is
 * waited for piece by piece is at most one of them nearer by that.
 * @returns stops it
 */
export function afterTimeGiven(clock: Clock, ms: number, callback: () => void): () => void {
  let left = pieces;
  const next = (): (() => void) =>
    clock.schedule(ms / pieces, () => {
      left -= 1;
      if (left === 0) callback();
      else cancel = next();
    });
  let cancel = next();
  return () => cancel();
}
