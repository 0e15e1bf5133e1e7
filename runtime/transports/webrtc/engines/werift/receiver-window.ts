/** A sender that has so much of the window under way would send more if it might. */
const fullShare = 0.75;
/** The least that is counted together, in milliseconds: what comes in one turn of the event loop tells little of a rate. */
const shortestMs = 10;
/** So long may this process be held up without reading from its socket, in milliseconds. */
const heldUpMs = 10;
/** What one sender may have under way at most, in bytes. */
const mostBytes = 1024 * 1024;

/**
 * How much a sender may have under way, as a receiver tells it. What arrives while nobody reads it waits in the buffer of the socket, so the
 * window begins as small as that is; on a long path most of it is on its way, and it grows with what arrives in a round trip, as long as
 * what comes in the time that nobody may be reading still fits the buffer (after Fisk and Feng, Dynamic Right-Sizing in TCP).
 */
export class ReceiverWindow {
  readonly #heldBytes: number;
  #bytes: number;
  #sinceMs: number | undefined;
  #arrived = 0;

  /** @param bytes that fit the buffer of the socket */
  constructor(bytes: number) {
    this.#heldBytes = bytes;
    this.#bytes = bytes;
  }

  /** @returns by how many bytes the window is larger now */
  arrived(bytes: number, roundTripMs: number, nowMs: number): number {
    this.#sinceMs ??= nowMs;
    this.#arrived += bytes;
    const ms = nowMs - this.#sinceMs;
    if (ms < Math.max(shortestMs, roundTripMs)) return 0;
    const rate = this.#arrived / ms;
    this.#sinceMs = nowMs;
    this.#arrived = 0;
    if (rate * roundTripMs < fullShare * this.#bytes || rate * heldUpMs > this.#heldBytes) return 0;
    const more = Math.min(this.#bytes, mostBytes - this.#bytes);
    this.#bytes += more;
    return more;
  }
}
