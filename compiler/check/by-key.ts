import type { DeclarationSymbol } from "./program.ts";

/** What is known of declarations, by their keys; worked out when it is asked for, for there may be many. */
export class ByKey<S extends DeclarationSymbol, V> implements ReadonlyMap<string, V> {
  readonly #symbols: ReadonlyMap<string, S>;
  readonly #of: (symbol: S) => V;

  constructor(symbols: readonly S[], of: (symbol: S) => V) {
    this.#symbols = new Map(symbols.map((one) => [one.key, one]));
    this.#of = of;
  }

  get size(): number {
    return this.#symbols.size;
  }

  get(key: string): V | undefined {
    const symbol = this.#symbols.get(key);
    return symbol && this.#of(symbol);
  }

  has(key: string): boolean {
    return this.#symbols.has(key);
  }

  forEach(callback: (value: V, key: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [key, value] of this) callback(value, key, this);
  }

  keys(): MapIterator<string> {
    return this.#symbols.keys();
  }

  *values(): Generator<V, undefined, unknown> {
    for (const symbol of this.#symbols.values()) yield this.#of(symbol);
  }

  *entries(): Generator<[string, V], undefined, unknown> {
    for (const [key, symbol] of this.#symbols) yield [key, this.#of(symbol)];
  }

  [Symbol.iterator](): Generator<[string, V], undefined, unknown> {
    return this.entries();
  }
}
