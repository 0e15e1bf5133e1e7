/**
 * What becomes of keys is heard of in two ways, soon and surely: from the node that has changed one, as soon as the store has taken it, and
 * from the store, which tells everything in the order of its revisions. This says what of it is news.
 */
export class KnownRevisions {
  readonly #keys = new Map<string, { readonly revision: number; readonly present: boolean }>();
  #watched = 0;

  /** The store has told everything up to this revision. */
  get watched(): number {
    return this.#watched;
  }

  /**
   * A node tells that it has written a value, or ended one.
   * @param revision of the value; of one that was ended, its last
   */
  told(key: string, revision: number, present: boolean): boolean {
    const known = this.#keys.get(key);
    // The store has said so before, and perhaps what came after.
    if (known === undefined && revision <= this.#watched) return false;
    if (known !== undefined && (known.revision > revision || (present && known.revision === revision))) return false;
    this.#keys.set(key, { revision, present });
    return present || known?.present === true;
  }

  /** The store tells. @param revision of the value, or of the mark of its end */
  seen(key: string, revision: number, present: boolean): boolean {
    const known = this.#keys.get(key);
    this.#watched = Math.max(this.#watched, revision);
    if (known !== undefined && known.revision >= revision) return false;
    if (present) this.#keys.set(key, { revision, present });
    // What was before does not come any more.
    else this.#keys.delete(key);
    return present || known?.present === true;
  }

  /**
   * The store has told all that there is.
   * @param there the keys of it
   * @returns those that are gone without a word
   */
  complete(there: ReadonlySet<string>): string[] {
    const lost: string[] = [];
    for (const [key, { revision, present }] of this.#keys) {
      if (there.has(key) || revision > this.#watched) continue;
      this.#keys.delete(key);
      if (present) lost.push(key);
    }
    return lost;
  }
}
