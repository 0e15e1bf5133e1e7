import type { Clock } from "../interface/clock.ts";
import type { LoadMeter } from "./load-meter.ts";
import type { LoadReport } from "./load.ts";

/** Milliseconds between two reports where no answer takes one along. */
export const reportEveryMs = 250;

/** Of reports that say the same as the last, one in so many is sent all the same: what was lost is made good by it. */
const sameEvery = 8;

/**
 * Reports the load by the clock, until it is stopped.
 * @returns stops it
 */
export function reportLoad(clock: Clock, meter: LoadMeter, send: (report: LoadReport) => void): () => void {
  let last: LoadReport | undefined;
  let same = 0;
  let cancel: () => void = () => undefined;
  const tick = (): void => {
    const report = meter.report();
    same = sameLoad(report, last) ? same + 1 : 0;
    if (same % sameEvery === 0) send(report);
    last = report;
    cancel = clock.schedule(reportEveryMs, tick);
  };
  tick();
  return () => cancel();
}

function sameLoad(one: LoadReport, other: LoadReport | undefined): boolean {
  return one.inFlight === other?.inFlight && one.serviceMs === other.serviceMs && one.latencyMs === other.latencyMs;
}
