/**
 * Lists of the same objects as one list: peers of one program run the same pipelines. Of the lists that begin with an object the last is known,
 * which is the only one for nearly all.
 */
export class SharedLists<T extends object> {
  readonly #byFirst = new WeakMap<T, T[]>();

  /** The list that is known in place of this one; this one where none is. */
  shared(list: T[]): T[] {
    const [first] = list;
    if (first === undefined) return list;
    const known = this.#byFirst.get(first);
    if (known?.length === list.length && known.every((one, at) => one === list[at])) return known;
    this.#byFirst.set(first, list);
    return list;
  }
}
