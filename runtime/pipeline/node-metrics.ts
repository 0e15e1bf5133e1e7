import type { NodeMetrics } from "../interface/node.ts";
import { MovingMean } from "./moving-mean.ts";

/** Names that one node may use; more are a mistake, such as a name for each frame. */
const maxNames = 256;

/** What a node says of its own work. */
export class OwnMetrics implements NodeMetrics {
  /** Made for the first: most nodes keep no figures. */
  #values: Map<string, number> | undefined;
  #means: Map<string, MovingMean> | undefined;

  count(name: string, more = 1): void {
    this.set(name, (this.#values?.get(name) ?? 0) + more);
  }

  set(name: string, value: number): void {
    if (!this.#has(name)) return;
    this.#values ??= new Map();
    this.#values.set(name, value);
  }

  record(name: string, value: number): void {
    if (!this.#has(name)) return;
    this.#means ??= new Map();
    const mean = this.#means.get(name) ?? new MovingMean();
    this.#means.set(name, mean);
    mean.add(value);
  }

  /** By name; undefined where there are none. */
  get figures(): Readonly<Record<string, number>> | undefined {
    if (this.#values === undefined && this.#means === undefined) return undefined;
    const means = [...(this.#means ?? [])].map(([name, mean]): [string, number] => [name, mean.value ?? 0]);
    return Object.fromEntries([...(this.#values ?? []), ...means]);
  }

  #has(name: string): boolean {
    if (this.#values?.has(name) === true || this.#means?.has(name) === true) return true;
    return (this.#values?.size ?? 0) + (this.#means?.size ?? 0) < maxNames;
  }
}
