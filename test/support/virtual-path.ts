import type { Random } from "../../runtime/interface/random.ts";
import { seededRandom, type VirtualClock } from "pipeline-mesh/testing";

export interface PathConditions {
  /** One way, in milliseconds. */
  readonly delayMs?: number;
  /** Added to it, uniformly from 0: beyond the time between two packets it also changes their order. */
  readonly jitterMs?: number;
  /** Share of packets that are lost, 0 to 1. */
  readonly loss?: number;
  /**
   * How many are lost in a row, in the mean; each on its own when left out. The two states of E. N. Gilbert, "Capacity of a burst-noise
   * channel", Bell System Technical Journal 39 (1960), where all is lost in the bad one.
   */
  readonly burst?: number;
  /** Share that comes twice. */
  readonly duplicate?: number;
  readonly seed?: number;
}

/** A way for packets in virtual time, as bad as it is told to be; may be changed while packets pass. */
export class Path {
  conditions: PathConditions;
  readonly counts = { sent: 0, lost: 0 };
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #deliver: (packet: Uint8Array) => void;
  #isBad = false;

  constructor(clock: VirtualClock, conditions: PathConditions, deliver: (packet: Uint8Array) => void) {
    this.#clock = clock;
    this.conditions = conditions;
    this.#random = seededRandom(conditions.seed ?? 1);
    this.#deliver = deliver;
  }

  send(packets: readonly Uint8Array[]): void {
    for (const packet of packets) {
      const { delayMs = 20, jitterMs = 0, duplicate = 0 } = this.conditions;
      // Each packet takes as many numbers, so that one that is lost changes nothing for the next.
      const [chance, twice, late] = [this.#random.next(), this.#random.next(), this.#random.next()];
      this.counts.sent += 1;
      if (this.#loses(chance)) {
        this.counts.lost += 1;
        continue;
      }
      for (let copy = 0; copy < (twice < duplicate ? 2 : 1); copy += 1) {
        this.#clock.schedule(Math.max(0.001, delayMs + late * jitterMs + copy), () => this.#deliver(packet));
      }
    }
  }

  #loses(chance: number): boolean {
    const { loss = 0, burst } = this.conditions;
    if (burst === undefined) return chance < loss;
    // As often into the bad state as makes the share right, and out of it after `burst` packets in the mean.
    this.#isBad = this.#isBad ? chance >= 1 / burst : chance < loss / (1 - loss) / burst;
    return this.#isBad;
  }
}
