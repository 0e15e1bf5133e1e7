/** Texts in order, to be gone through from any place: pages of one list that changes meanwhile. */
export class SortedNames {
  readonly #names: string[] = [];

  get size(): number {
    return this.#names.length;
  }

  add(name: string): void {
    const at = this.#firstNotBefore(name);
    if (this.#names[at] !== name) this.#names.splice(at, 0, name);
  }

  delete(name: string): void {
    const at = this.#firstNotBefore(name);
    if (this.#names[at] === name) this.#names.splice(at, 1);
  }

  first(count: number): string[] {
    return this.#names.slice(0, count);
  }

  /** Those behind `last`, or all. */
  *after(last: string | undefined): Generator<string> {
    let at = last === undefined ? 0 : this.#firstNotBefore(last);
    if (last !== undefined && this.#names[at] === last) at += 1;
    for (; at < this.#names.length; at += 1) yield this.#names[at] as string;
  }

  /** All, those behind `last` first. */
  *around(last: string | undefined): Generator<string> {
    yield* this.after(last);
    if (last === undefined) return;
    for (const name of this.#names) {
      if (name > last) return;
      yield name;
    }
  }

  #firstNotBefore(name: string): number {
    let low = 0;
    let high = this.#names.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#names[middle] as string) < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
