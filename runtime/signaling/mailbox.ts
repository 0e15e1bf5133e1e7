/** Holds values until there is a listener for them; what may pile up is bounded by the caller. */
export class Mailbox<T> {
  #listener: ((value: T) => void) | undefined;
  #held: T[] = [];

  put(value: T): void {
    if (this.#listener === undefined) this.#held.push(value);
    else this.#listener(value);
  }

  listen(listener: (value: T) => void): void {
    this.#listener = listener;
    const held = this.#held;
    this.#held = [];
    for (const value of held) listener(value);
  }
}
