import type { NodeMetrics } from "../interface/node.ts";
import { MovingMean } from "./moving-mean.ts";

/** Names that one node may use; more are a mistake, such as a name for each frame. */
const maxNames = 256;

/** What a node says of its own work. */
export class OwnMetrics implements NodeMetrics {
  readonly #values = new Map<string, number>();
  readonly #means = new Map<string, MovingMean>();

  count(name: string, more = 1): void {
    if (this.#has(name)) this.#values.set(name, (this.#values.get(name) ?? 0) + more);
  }

  set(name: string, value: number): void {
    if (this.#has(name)) this.#values.set(name, value);
  }

  record(name: string, value: number): void {
    if (!this.#has(name)) return;
    const mean = this.#means.get(name) ?? new MovingMean();
    this.#means.set(name, mean);
    mean.add(value);
  }

  /** By name; undefined where there are none. */
  get figures(): Readonly<Record<string, number>> | undefined {
    if (this.#values.size === 0 && this.#means.size === 0) return undefined;
    const means = [...this.#means].map(([name, mean]): [string, number] => [name, mean.value ?? 0]);
    return Object.fromEntries([...this.#values, ...means]);
  }

  #has(name: string): boolean {
    return this.#values.has(name) || this.#means.has(name) || this.#values.size + this.#means.size < maxNames;
  }
}
