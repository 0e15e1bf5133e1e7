import type { DeclarationSymbol } from "./program.ts";

/** Finds what is known of a declaration by its key. */
export interface Known<V> {
  get(key: string): V | undefined;
}

/** What is known of the declarations of the file that is judged, one after another, and of any other by its key. */
export class Judged<S extends DeclarationSymbol, V> implements Known<V> {
  readonly #own: readonly S[];
  readonly #find: (key: string) => S | undefined;
  readonly #of: (symbol: S) => V;

  constructor(own: readonly S[], find: (key: string) => S | undefined, of: (symbol: S) => V) {
    this.#own = own;
    this.#find = find;
    this.#of = of;
  }

  get(key: string): V | undefined {
    const symbol = this.#find(key);
    return symbol && this.#of(symbol);
  }

  *values(): Generator<V, void, undefined> {
    for (const symbol of this.#own) yield this.#of(symbol);
  }

  *[Symbol.iterator](): Generator<[string, V], void, undefined> {
    for (const symbol of this.#own) yield [symbol.key, this.#of(symbol)];
  }
}
