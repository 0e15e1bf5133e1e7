import { canonical } from "./interface-hash.ts";
import { shortSha256 } from "./sha256.ts";

/** A value that stands for all that are equal to it. */
export interface Held<T> {
  readonly key: string;
  readonly value: T;
  /** UTF-16 code units of its canonical JSON. */
  readonly length: number;
  users: number;
}

/** Keeps equal values once: many peers run the same pipelines, and provide the same. */
export class Interner<T> {
  readonly #held = new Map<string, Held<T>>();

  #length = 0;

  get size(): number {
    return this.#held.size;
  }

  /** Of all that is kept. */
  get length(): number {
    return this.#length;
  }

  hold(value: T): Held<T> {
    const text = canonical(value);
    const key = shortSha256(text);
    let held = this.#held.get(key);
    if (held === undefined) {
      held = { key, value, length: text.length, users: 0 };
      this.#held.set(key, held);
      this.#length += held.length;
    }
    held.users += 1;
    return held;
  }

  /** Once for each `hold`. */
  release(held: Held<T>): void {
    held.users -= 1;
    if (held.users > 0) return;
    this.#held.delete(held.key);
    this.#length -= held.length;
  }
}
