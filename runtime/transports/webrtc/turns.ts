/**
 * Whose turn it is, in order; those come first that have not had one since they came in. Lists and no sets: a set that becomes empty makes a new
 * table each time, of which V8 takes the occasion to look through the whole heap.
 */
export class Turns<Member extends object> {
  /** Those who have not had a turn, and those who have. */
  #fresh: Member[] = [];
  #others: Member[] = [];

  get size(): number {
    return this.#fresh.length + this.#others.length;
  }

  has(member: Member): boolean {
    return this.#fresh.includes(member) || this.#others.includes(member);
  }

  /** @returns false for one that is in already */
  add(member: Member): boolean {
    if (this.has(member)) return false;
    this.#fresh.push(member);
    return true;
  }

  /** It has had its turn: the next one is after all others. */
  served(member: Member): void {
    if (this.#fresh.length === 0 && this.#others.length === 1 && this.#others[0] === member) return;
    remove(this.#others, member);
    remove(this.#fresh, member);
    this.#others.push(member);
  }

  delete(member: Member): void {
    if (!remove(this.#others, member)) remove(this.#fresh, member);
  }

  clear(): void {
    this.#fresh = [];
    this.#others = [];
  }

  /** All of them; may be changed meanwhile. */
  inOrder(): readonly Member[] {
    // One that leaves is no trouble to who goes through the list; mostly there is one.
    if (this.#fresh.length === 0 && this.#others.length < 2) return this.#others;
    return [...this.#fresh, ...this.#others];
  }
}

function remove<Member>(list: Member[], member: Member): boolean {
  const at = list.indexOf(member);
  if (at < 0) return false;
  list.splice(at, 1);
  return true;
}
