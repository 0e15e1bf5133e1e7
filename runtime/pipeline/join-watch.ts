import type { BoundedChannel } from "./bounded-channel.ts";
import type { JoinInput } from "./joins/join.ts";
import type { Watchdog, Watched } from "./watchdog.ts";

/** Why no set comes about: one queue in front of a join is full, and nothing waits in those of another input. */
export interface StandStill {
  /** Its name is that of its link. */
  readonly full: BoundedChannel;
  readonly empty: readonly string[];
}

export interface JoinWatchInit {
  readonly inputs: readonly JoinInput[];
  readonly watchdog: Watchdog;
  /** False while something else keeps the node from taking a set. */
  readonly isFree: () => boolean;
  readonly onStalled: (forMs: number, why: StandStill) => void;
}

/**
 * Finds joins that stand still: where two ways from one source meet again and one gives fewer frames than the queue of the
 * other holds, that queue holds up the source, and nothing comes by either.
 */
export class JoinWatch implements Watched {
  readonly #init: JoinWatchInit;
  #waits = false;
  #since = 0;

  constructor(init: JoinWatchInit) {
    this.#init = init;
    init.watchdog.add(this);
  }

  /** There is no set to take. */
  waits(): void {
    if (this.#waits || this.#init.inputs.every(isEmpty)) return;
    this.#waits = true;
    this.#since = this.#init.watchdog.look + 1;
    this.#init.watchdog.arm();
  }

  /** A set was taken. */
  moves(): void {
    this.#waits = false;
  }

  get waitingSince(): number | undefined {
    const { inputs, watchdog } = this.#init;
    if (inputs.every(isEmpty)) this.#waits = false;
    if (!this.#waits) return undefined;
    // While all queues have room nobody is held up; one that is full at the next look is counted from there.
    if (this.#why() === undefined) this.#since = watchdog.look + 1;
    return this.#since;
  }

  stalled(forMs: number): void {
    const why = this.#why();
    if (why !== undefined) this.#init.onStalled(forMs, why);
  }

  #why(): StandStill | undefined {
    const { inputs, isFree } = this.#init;
    if (!isFree()) return undefined;
    const full = inputs.flatMap(({ channels }) => channels).find((one) => !one.writable && !one.ended);
    const empty = inputs.filter(isEmpty).flatMap(({ channels }) => channels.map(({ name }) => name));
    return full === undefined || empty.length === 0 ? undefined : { full, empty };
  }
}

function isEmpty({ channels }: JoinInput): boolean {
  return channels.every(({ size }) => size === 0);
}
