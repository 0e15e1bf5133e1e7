import type { Clock } from "../interface/clock.ts";

export interface RateLimits {
  readonly messagesPerSecond: number;
  /** UTF-8 bytes of all of them. */
  readonly bytesPerSecond: number;
}

/** What a connection has sent too much of, as its code and in words. */
export interface Excess {
  readonly reason: "message-rate" | "byte-rate";
  readonly text: string;
}

/** How many messages, and of how many bytes together, a connection has sent in a second: windows of one second each. */
export class MessageRates {
  readonly #clock: Pick<Clock, "nowUs">;
  /** In whole milliseconds, which the engine keeps in the object itself. */
  #windowStartMs: number;
  #messages = 0;
  #bytes = 0;

  constructor(clock: Pick<Clock, "nowUs">) {
    this.#clock = clock;
    this.#windowStartMs = this.#nowMs();
  }

  /** Counts a message. @returns undefined while that is within the limits */
  take(text: string, { messagesPerSecond, bytesPerSecond }: RateLimits): Excess | undefined {
    const nowMs = this.#nowMs();
    if (nowMs - this.#windowStartMs >= 1_000) {
      this.#windowStartMs = nowMs;
      this.#messages = 0;
      this.#bytes = 0;
    }
    this.#messages += 1;
    if (this.#messages > messagesPerSecond) {
      return { reason: "message-rate", text: `more than ${messagesPerSecond} messages in a second` };
    }
    this.#bytes += utf8Length(text);
    if (this.#bytes <= bytesPerSecond) return undefined;
    return { reason: "byte-rate", text: `more than ${bytesPerSecond} bytes in a second` };
  }

  #nowMs(): number {
    return Math.floor(this.#clock.nowUs() / 1_000);
  }
}

/** Bytes of a text in UTF-8 (RFC 3629), without making them; a surrogate that stands alone counts as U+FFFD. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    // The second half of a pair has one of its own, and the pair takes four.
    bytes += unit < 0x800 || isPaired(text, index, unit) ? 1 : 2;
  }
  return bytes;
}

function isPaired(text: string, index: number, unit: number): boolean {
  if (unit >= 0xd800 && unit < 0xdc00) return (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00;
  return unit >= 0xdc00 && unit < 0xe000 && (text.charCodeAt(index - 1) & 0xfc00) === 0xd800;
}
