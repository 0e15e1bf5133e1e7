import { whenAborted } from "../interface/abort.ts";
import type { CallSignal } from "../interface/call-signal.ts";
import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";

export interface AdmissionLimits {
  /** Calls that are worked on at the same time. */
  readonly concurrent: number;
  /** Calls that may wait for their turn; one more is refused at once. */
  readonly queued: number;
}

/**
 * Who may work now: so many at once, so many in a queue, and no more. A refusal costs the caller a moment; a queue that
 * grows costs everyone their deadline.
 */
export class Admission {
  readonly #clock: Clock;
  readonly #limits: AdmissionLimits;
  readonly #name: string;
  readonly #queue = new Set<() => void>();
  #active = 0;
  /** Mean time of a call in milliseconds, of the latest ones. */
  #meanMs = 0;

  constructor(clock: Clock, name: string, limits: AdmissionLimits) {
    this.#clock = clock;
    this.#name = name;
    this.#limits = limits;
  }

  /**
   * Works when there is a place.
   * @throws {MeshError} `resource-exhausted` at once, with when to come again; the reason of the signal
   */
  async run<T>(signal: CallSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.#active >= this.#limits.concurrent) await this.#wait(signal);
    else this.#active += 1;
    const startUs = this.#clock.nowUs();
    try {
      return await work();
    } finally {
      const tookMs = (this.#clock.nowUs() - startUs) / 1_000;
      this.#meanMs = this.#meanMs === 0 ? tookMs : this.#meanMs + (tookMs - this.#meanMs) / 8;
      this.#next();
    }
  }

  /** The place of one that is done goes to the first in the queue. */
  #next(): void {
    const [first] = this.#queue;
    if (first === undefined) this.#active -= 1;
    else first();
  }

  #wait(signal: CallSignal): Promise<void> {
    const { concurrent, queued } = this.#limits;
    if (this.#queue.size >= queued) {
      const text = `\`${this.#name}\` works on ${concurrent} calls, and ${queued} wait already.`;
      const retryAfterMs = Math.min(10_000, Math.max(10, Math.ceil((this.#meanMs * (queued + 1)) / concurrent)));
      const hint = `Call again in ${retryAfterMs} ms, or call another peer.`;
      return Promise.reject(new MeshError("resource-exhausted", text, { hint, retryAfterMs }));
    }
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        this.#queue.delete(turn);
        unlisten();
        resolve();
      };
      this.#queue.add(turn);
      const unlisten = whenAborted(signal, () => {
        this.#queue.delete(turn);
        reject(signal.reason as Error);
      });
    });
  }
}
