import { CallCancellation, type CallSignal } from "./call-signal.ts";

/** Those who wait for one signal are a ring, in which one stands for the signal itself: each can leave it at once, and it takes little room. */
class Waiter {
  readonly #callback: (() => void) | undefined;
  #next: Waiter = this;
  #previous: Waiter = this;

  constructor(callback?: () => void) {
    this.#callback = callback;
  }

  /** Behind all others of the ring. */
  join(ring: Waiter): void {
    this.#next = ring;
    this.#previous = ring.#previous;
    this.#previous.#next = this;
    ring.#previous = this;
  }

  leave(): void {
    this.#previous.#next = this.#next;
    this.#next.#previous = this.#previous;
    this.#next = this;
    this.#previous = this;
  }

  callOthers(): void {
    for (let one = this.#next; one !== this; one = this.#next) {
      one.leave();
      try {
        one.#callback?.();
      } catch (error) {
        // As the platform has it: what one of them throws is nobody else's affair.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

/** Belongs to the signals, which have no place of their own for it. */
const rings = new WeakMap<CallSignal, Waiter>();

/**
 * Calls back once when a signal aborts; never for one that has aborted already.
 *
 * However many wait for an `AbortSignal`, it has one listener: Node takes more than ten for a leak and warns of it, and a program
 * that ends all of its calls by one signal has as many as there are calls.
 * @returns stops it
 */
export function whenAborted(signal: CallSignal | undefined, callback: () => void): () => void {
  if (signal === undefined || signal.aborted) return () => undefined;
  if (signal instanceof CallCancellation) {
    // Of one call alone, and nobody counts.
    signal.addEventListener("abort", callback);
    return () => signal.removeEventListener("abort", callback);
  }
  let ring = rings.get(signal);
  if (ring === undefined) {
    const all = (ring = new Waiter());
    rings.set(signal, all);
    signal.addEventListener("abort", () => all.callOthers(), { once: true });
  }
  const waiter = new Waiter(callback);
  waiter.join(ring);
  return () => waiter.leave();
}
