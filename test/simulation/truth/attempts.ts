import type { MeshEvent } from "../../../runtime/interface/events.ts";
import type { ClientSpec } from "../scenario.ts";

/** As `target-health.ts` has it: further attempts that are free, more in a second, and more for each first attempt. */
const free = 30;
const perSecond = 3;
const perCall = 0.2;
/** So many may be owed by those that wait for their turn. */
const owed = 30;

interface Search {
  /** Attempts so far, by target. */
  readonly attempts: Map<string, number>;
}

/** The truth about attempts of one process: as many in each search as the policy says, and over all sessions within the budget. */
export class Attempts {
  readonly #spec: ClientSpec;
  readonly #name: string;
  readonly #searches = new Map<string, Search>();
  /** When a target was tried again, by target. */
  readonly #again = new Map<string, number[]>();
  #calls = 0;
  /** Further attempts that were had by jumps of the clock. */
  #jumped = 0;

  constructor(spec: ClientSpec, name: string) {
    this.#spec = spec;
    this.#name = name;
  }

  /**
   * What the clock jumps ahead is time in which the budget grows, until what is owed is paid and it is full. Timers do not jump: who waits
   * for a turn still has it when that was to be.
   */
  jumped(byMs: number): void {
    this.#jumped += Math.min(free + owed, (perSecond * byMs) / 1_000);
  }

  note(event: MeshEvent, atMs: number): void {
    if (event.kind === "remote-connected" || event.kind === "remote-failed") this.#calls += 1;
    if (event.kind === "remote-connected") this.#searches.delete(event.session);
    if (event.kind !== "remote-connecting") return;
    const search = this.#searches.get(event.session) ?? { attempts: new Map<string, number>() };
    this.#searches.set(event.session, search);
    const attempts = (search.attempts.get(event.target) ?? 0) + 1;
    search.attempts.set(event.target, attempts);
    if (attempts === 1) this.#calls += 1;
    else this.#again.set(event.target, [...(this.#again.get(event.target) ?? []), atMs]);
    this.#most = Math.max(this.#most, attempts);
  }

  #most = 0;

  judge(broken: (what: string) => void): void {
    const { retryTimes = 2 } = this.#spec.policy;
    if (this.#most > retryTimes + 1)
      broken(`${this.#name} has tried a target ${this.#most} times, and may ${retryTimes + 1} times`);
    const base = free + this.#jumped + perCall * this.#calls + 1;
    for (const [target, times] of this.#again) {
      for (let first = 0; first < times.length; first += 1) {
        for (let last = first + Math.floor(base); last < times.length; last += 1) {
          const ms = (times[last] as number) - (times[first] as number);
          const most = base + (perSecond * ms) / 1_000;
          if (last - first + 1 <= most) continue;
          broken(
            `${this.#name} has tried ${target} ${last - first + 1} times again within ${ms} ms; the budget is ${most}`,
          );
          return;
        }
      }
    }
  }
}
