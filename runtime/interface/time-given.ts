import type { Clock } from "./clock.ts";

/** In so many pieces a time is waited for. */
const pieces = 10;

/** Timers are a little late as a rule; only more than this means that the process was held up, in milliseconds. */
export const usualLatenessMs = 20;

export interface TimeGiven {
  /** What is still to be given, in milliseconds. */
  leftMs(): number;
  /** It is not waited for any more. */
  stop(): void;
}

/**
 * Gives others so much time. A process or a machine that stands still gives nobody any, and then its timers are due before it has read what
 * came meanwhile. So a time is waited for piece by piece: standing still takes one of them at most, and never the last. Who is late again and again
 * does not stand still: timers of a page that nobody sees come once a second.
 * @param ms at least 0
 * @param whenOver called when all of it has been given
 */
export function giveTime(clock: Clock, ms: number, whenOver: () => void): TimeGiven {
  // Whole milliseconds, as timers keep them.
  const pieceMs = Math.ceil(ms / pieces);
  let leftMs = ms;
  let wasLate = false;
  /** There has been one more piece, for what came while this process stood still at the end. */
  let hadMore = false;
  let sinceUs: number;
  let stop: () => void;
  const passedMs = (): number => (clock.nowUs() - sinceUs) / 1_000;
  const wait = (forMs: number): void => {
    sinceUs = clock.nowUs();
    stop = clock.schedule(forMs, () => {
      const lateMs = Math.max(0, passedMs() - forMs);
      const isLate = lateMs > usualLatenessMs;
      leftMs -= forMs + (isLate && !wasLate ? 0 : lateMs);
      if (leftMs > 0) wait(Math.min(leftMs, pieceMs));
      else if (isLate && !hadMore) {
        hadMore = true;
        wait(pieceMs);
      } else whenOver();
      wasLate = isLate;
    });
  };
  wait(pieceMs);
  return { leftMs: () => Math.max(0, leftMs - Math.min(passedMs(), pieceMs)), stop: () => stop() };
}
