interface Registration {
  readonly id: string;
  readonly epoch: number;
  readonly next: Registration | undefined;
}

/** Epochs by id, of the peers that were registered over one connection: nearly always one, for which a `Map` would take 400 bytes. */
export class FewRegistrations implements Iterable<readonly [id: string, epoch: number]> {
  #first: Registration | undefined;

  get size(): number {
    let count = 0;
    for (let one = this.#first; one !== undefined; one = one.next) count += 1;
    return count;
  }

  has(id: string): boolean {
    return this.get(id) !== undefined;
  }

  get(id: string): number | undefined {
    for (let one = this.#first; one !== undefined; one = one.next) if (one.id === id) return one.epoch;
    return undefined;
  }

  set(id: string, epoch: number): void {
    this.delete(id);
    this.#first = { id, epoch, next: this.#first };
  }

  /** @returns whether it was there */
  delete(id: string): boolean {
    if (!this.has(id)) return false;
    const others = [...this].filter(([other]) => other !== id);
    this.#first = undefined;
    for (const [other, epoch] of others) this.#first = { id: other, epoch, next: this.#first };
    return true;
  }

  *[Symbol.iterator](): Generator<readonly [id: string, epoch: number]> {
    for (let one = this.#first; one !== undefined; one = one.next) yield [one.id, one.epoch];
  }
}
