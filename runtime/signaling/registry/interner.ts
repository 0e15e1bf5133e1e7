import { canonical } from "./interface-hash.ts";
import { shortSha256 } from "./sha256.ts";

/** A value that stands for all that are equal to it. */
export interface Held<T> {
  readonly key: string;
  readonly value: T;
  users: number;
}

/** Keeps equal values once: many peers run the same pipelines, and provide the same. */
export class Interner<T> {
  readonly #held = new Map<string, Held<T>>();

  get size(): number {
    return this.#held.size;
  }

  hold(value: T): Held<T> {
    const key = shortSha256(canonical(value));
    const held = this.#held.get(key) ?? { key, value, users: 0 };
    held.users += 1;
    this.#held.set(key, held);
    return held;
  }

  /** Once for each `hold`. */
  release(held: Held<T>): void {
    held.users -= 1;
    if (held.users === 0) this.#held.delete(held.key);
  }
}
