/** What a candidate says of its load: in its registration, with an answer, or every so often (`report-load.ts`). */
export interface LoadReport {
  /** Sessions or calls that it has at this moment, from whomever, those that wait in its queue included. */
  readonly inFlight: number;
  /** So many it works on at the same time; at least 1. Left out where there is no such number. */
  readonly slots?: number | undefined;
  /** Milliseconds that the work on one takes, without the wait before it; smoothed. */
  readonly serviceMs?: number | undefined;
  /** Milliseconds until those who ask it have their answer, or of a round trip to it. */
  readonly latencyMs?: number | undefined;
}

/** A candidate as policies see it. */
export interface CandidateLoad {
  readonly id: string;
  /** As last reported, with what was sent there since and without what has come back since. */
  readonly inFlight: number;
  /** 1 where it is not known. */
  readonly slots: number;
  /** Milliseconds; undefined before the first report or measurement. */
  readonly serviceMs: number | undefined;
  /** Milliseconds; undefined before the first report or measurement. */
  readonly latencyMs: number | undefined;
  /** Which choice of the balancer was the last that fell on it, counted from 1; 0 for none. */
  readonly chosen: number;
}
