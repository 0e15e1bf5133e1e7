import type { Clock } from "../interface/clock.ts";
import type { LoadMeter } from "./load-meter.ts";
import type { LoadReport } from "./load.ts";

/** Milliseconds between two reports at least, where no answer takes one along. */
export const reportEveryMs = 250;

/**
 * Milliseconds after the last change until the same is reported once more: those who send work here count what a report that was made
 * meanwhile may not know of, until one comes that has to know; and what was lost is made good.
 */
const againMs = 2_000;

/**
 * Reports the load now and when it changes, until it is stopped. It sets no timer while nothing happens: peers are many, and what is the
 * same need not be said.
 * @returns stops it
 */
export function reportLoad(clock: Clock, meter: LoadMeter, send: (report: LoadReport) => void): () => void {
  let cancel: () => void = () => undefined;
  /** The last report is not old enough for another. */
  let resting = false;
  let changed = false;
  const report = (): void => {
    cancel();
    resting = true;
    changed = false;
    cancel = clock.schedule(reportEveryMs, rested);
    send(meter.report());
  };
  const rested = (): void => {
    resting = false;
    if (changed) report();
    else cancel = clock.schedule(againMs - reportEveryMs, () => send(meter.report()));
  };
  const stop = meter.onChange(() => {
    if (resting) changed = true;
    else report();
  });
  report();
  return () => {
    stop();
    cancel();
  };
}
