import type { CandidateLoad } from "../load.ts";
import { utilisation } from "../scores.ts";
import { lowest } from "./lowest.ts";
import type { CandidatePolicy, Choice } from "./policy.ts";

/** One choice in so many goes to the one that was left alone the longest, or one that was slow once would never be tried again. */
const probeEvery = 32;

/** As fast as the fastest is who takes at most so many times as long… */
const enters = 1.1;
/** …and stays so up to here: times that sway a little are not to send everyone from one to the other and back. */
const leaves = 1.3;
/** Milliseconds that make no difference. */
const slackMs = 0.5;

const inUse = ({ inFlight, slots }: CandidateLoad): number => utilisation(inFlight, slots);

/**
 * Where the latency is lowest, measured or reported. Among those that are about as fast the least is in use, so that not all go to the
 * one that is ahead by a hair. One that has not been measured comes first, with one at a time.
 */
export function fastest(): CandidatePolicy {
  let fast: ReadonlySet<string> = new Set();
  return <T extends CandidateLoad>(among: readonly T[], { random, turn }: Choice): T => {
    if (turn % probeEvery === probeEvery - 1) return lowest(among, random, ({ chosen }) => chosen);
    const unknown = among.filter(({ latencyMs, inFlight }) => latencyMs === undefined && inFlight === 0);
    if (unknown.length > 0) return lowest(unknown, random, () => 0);
    const least = among.reduce((ms, { latencyMs }) => Math.min(ms, latencyMs ?? ms), Number.POSITIVE_INFINITY);
    if (least === Number.POSITIVE_INFINITY) return lowest(among, random, inUse);
    const close = among.filter(
      ({ id, latencyMs = Number.POSITIVE_INFINITY }) => latencyMs <= least * (fast.has(id) ? leaves : enters) + slackMs,
    );
    fast = new Set(close.map(({ id }) => id));
    return lowest(close, random, inUse);
  };
}
