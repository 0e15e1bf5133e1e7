import { canonical } from "./interface-hash.ts";
import { shortSha256 } from "./sha256.ts";

/** A value that stands for all that are equal to it. */
export interface Held<T, A = undefined> {
  readonly key: string;
  readonly value: T;
  /** What was found out of it when it came. */
  readonly about: A;
  /** UTF-16 code units of its canonical JSON. */
  readonly length: number;
  /** Its JSON, once somebody has been told of it. */
  json: string | undefined;
  users: number;
}

/** Keeps equal values once: many peers run the same pipelines, and provide the same. */
export class Interner<T extends object, A = undefined> {
  readonly #aboutOf: (value: T) => A;
  readonly #held = new Map<string, Held<T, A>>();
  /** What was given out is known without being read again. */
  readonly #byValue = new Map<T, Held<T, A>>();

  #length = 0;

  /** @param aboutOf what is to be known of a value, worked out once for all that are equal */
  constructor(aboutOf: (value: T) => A) {
    this.#aboutOf = aboutOf;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Of all that is kept. */
  get length(): number {
    return this.#length;
  }

  /** The value that is kept in place of this one; this one where none is. */
  shared(value: T): T {
    if (this.#byValue.has(value)) return value;
    return this.#held.get(shortSha256(canonical(value)))?.value ?? value;
  }

  hold(value: T): Held<T, A> {
    const held = this.#byValue.get(value) ?? this.#heldFor(value);
    held.users += 1;
    return held;
  }

  /** Once for each `hold`. */
  release(held: Held<T, A>): void {
    held.users -= 1;
    if (held.users > 0) return;
    this.#held.delete(held.key);
    this.#byValue.delete(held.value);
    this.#length -= held.length;
  }

  #heldFor(value: T): Held<T, A> {
    const text = canonical(value);
    const key = shortSha256(text);
    const known = this.#held.get(key);
    if (known !== undefined) return known;
    const held = { key, value, about: this.#aboutOf(value), length: text.length, json: undefined, users: 0 };
    this.#held.set(key, held);
    this.#byValue.set(value, held);
    this.#length += held.length;
    return held;
  }
}

/** The JSON of a value that is held, written once. */
export function heldJson(held: Held<object, unknown>): string {
  held.json ??= JSON.stringify(held.value);
  return held.json;
}
