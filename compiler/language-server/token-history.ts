/** A replacement in a list of numbers. */
export interface NumbersEdit {
  readonly start: number;
  readonly deleteCount: number;
  readonly data: readonly number[];
}

/** So many files have their tokens kept; an editor asks for those that it shows. */
const kept = 32;

/** The tokens that a client has got of its files, so that the next time it needs no more than what has changed. */
export class TokenHistory {
  /** By URI, the one asked for last at the end. */
  readonly #last = new Map<string, { readonly id: string; readonly data: readonly number[] }>();
  #count = 0;

  /** Remembers the tokens of a file. @returns the id under which the client will name them */
  take(uri: string, data: readonly number[]): string {
    this.#count += 1;
    const id = String(this.#count);
    this.#last.delete(uri);
    this.#last.set(uri, { id, data });
    const [oldest] = this.#last.keys();
    if (this.#last.size > kept && oldest !== undefined) this.#last.delete(oldest);
    return id;
  }

  /** What makes the tokens of an id into others; undefined where those are not known any more. */
  editsSince(uri: string, id: string, data: readonly number[]): readonly NumbersEdit[] | undefined {
    const before = this.#last.get(uri);
    return before?.id === id ? difference(before.data, data) : undefined;
  }
}

/** What lies between what two lists begin with and what they end with. Tokens are told relative to each other, so that one edit is enough. */
function difference(before: readonly number[], after: readonly number[]): readonly NumbersEdit[] {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start += 1;
  let same = 0;
  while (same < shorter - start && before[before.length - 1 - same] === after[after.length - 1 - same]) same += 1;
  const deleteCount = before.length - same - start;
  const data = after.slice(start, after.length - same);
  return deleteCount === 0 && data.length === 0 ? [] : [{ start, deleteCount, data }];
}
