/**
 * Choices read from a row of bytes. Where it ends, each choice is the first one, which is the simplest: a shorter row and
 * smaller bytes make a smaller program, so that fast-check shrinks programs by shrinking bytes.
 */
export class Tape {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    const found = this.#bytes[this.#at] ?? 0;
    this.#at += 1;
    return found;
  }

  /** 0 to `count - 1`; `count` is at most 256. */
  below(count: number): number {
    return Math.floor((this.byte() * count) / 256);
  }

  /** `from` to `to`, both inclusive. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  /** True in so many of a hundred cases; false at the end of the tape. */
  chance(percent: number): boolean {
    return this.byte() >= 256 - percent * 2.56;
  }

  choose<T>(all: readonly T[]): T {
    const found = all[this.below(all.length)];
    if (found === undefined) throw new RangeError("nothing to choose from");
    return found;
  }

  /** One of the keys, as often as its weight says; the first one at the end of the tape. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const all = Object.entries(weights) as [K, number][];
    const sum = all.reduce((total, [, weight]) => total + weight, 0);
    let left = (this.byte() * sum) / 256;
    for (const [key, weight] of all) {
      if (left < weight) return key;
      left -= weight;
    }
    throw new RangeError("nothing to choose from");
  }

  /** Several different ones, in the order of the list. */
  some<T>(all: readonly T[], least: number, most: number): T[] {
    const count = Math.min(all.length, this.between(least, most));
    const left = [...all];
    const taken: T[] = [];
    while (taken.length < count) taken.push(...left.splice(this.below(left.length), 1));
    return taken;
  }
}
