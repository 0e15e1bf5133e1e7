import type { Clock } from "../../interface/clock.ts";
import { SoleUse } from "../channel/sole-use.ts";
import { grpcLimits } from "./limits.ts";

/** What less is sent tells more of what a message costs than of the network, in bytes. */
const leastBytes = 16 * 1024;
/** How much a message counts in what is known of the rate. */
const share = 1 / 4;

/**
 * How large the messages of a connection should be. A large one saves both sides the memory and the copy of a frame that is put together, but
 * delays all that follows it; so it is for a channel that is the only one in use, on a way that is known to be fast.
 */
export class MessageSizes {
  readonly #clock: Clock;
  readonly #sole: SoleUse;
  /** Bytes a microsecond. */
  #rate = 0;
  #sentUs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sole = new SoleUse(clock);
  }

  get nowUs(): number {
    return this.#clock.nowUs();
  }

  /** @param channel that has something to send, other than the control channel */
  used(channel: object): void {
    this.#sole.used(channel);
  }

  /** A message has left. @param atUs when it was written */
  sent(bytes: number, atUs: number): void {
    const now = this.nowUs;
    const tookUs = Math.max(1, now - Math.max(atUs, this.#sentUs));
    this.#sentUs = now;
    if (bytes >= leastBytes) this.#rate += (bytes / tookUs - this.#rate) * share;
  }

  /** In bytes. @param most that the other side takes */
  now(most: number): number {
    const { messageBytes, largeMessageBytes, largeMessageMs } = grpcLimits;
    if (most <= messageBytes || !this.#sole.now) return Math.min(most, messageBytes);
    return Math.max(messageBytes, Math.min(most, largeMessageBytes, Math.floor(this.#rate * largeMessageMs * 1_000)));
  }
}
