/** So many parts are put together before the frame is there, so that small ones cannot cost more than what is in them. */
const mostParts = 256;

/**
 * The parts of a frame as they arrive. What it holds grows with what has come, not with what was announced: an announcement
 * costs the sender nothing.
 */
export class FrameParts {
  #joined: Uint8Array[] = [];
  #parts: Uint8Array[];

  constructor(first: Uint8Array) {
    this.#parts = [first];
  }

  /** @param part is kept, not copied */
  add(part: Uint8Array): void {
    this.#parts.push(part);
    if (this.#parts.length < mostParts) return;
    this.#joined.push(joined(this.#parts));
    this.#parts = [];
  }

  /** All of them, in memory of their own. */
  whole(): Uint8Array {
    return joined([...this.#joined, ...this.#parts]);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
