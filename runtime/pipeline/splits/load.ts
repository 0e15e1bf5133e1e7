import type { Room } from "../outlet.ts";

/** What is known of a branch when one has to be chosen. */
export interface BranchLoad {
  /** Frames that wait in front of it or are in work. */
  readonly waiting: number;
  /** Milliseconds that a frame takes there, mean of the latest; undefined before the first. */
  readonly serviceMs: number | undefined;
  /** Sessions that have chosen it; 0 where frames are distributed. */
  readonly sessions: number;
  readonly writable: boolean;
}

/** Looks at the first stage of a branch. */
export interface LoadProbe {
  readonly waiting: number;
  readonly serviceMs: number | undefined;
}

/** Several probes as one: a branch may begin with several links. */
export function loadOf(probes: readonly LoadProbe[], rooms: readonly Room[], sessions: number): BranchLoad {
  const times = probes.flatMap((probe) => probe.serviceMs ?? []);
  return {
    waiting: probes.reduce((sum, probe) => sum + probe.waiting, 0),
    serviceMs: times.length === 0 ? undefined : Math.max(...times),
    sessions,
    writable: rooms.every((room) => room.writable),
  };
}
