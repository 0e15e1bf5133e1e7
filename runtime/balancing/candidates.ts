import type { Clock } from "../interface/clock.ts";
import { Candidate } from "./candidate.ts";
import type { CandidateLoad, LoadReport } from "./load.ts";

export interface CandidatesInit {
  readonly clock: Clock;
  /**
   * Milliseconds from a choice until reports of the candidate count what was sent there; default 0. For sessions it is the time that
   * connecting takes: a report that was made meanwhile does not know of them.
   */
  readonly arrivalMs?: number;
  /**
   * Milliseconds after which one that was sent and that no report has counted is taken for gone, where nobody may say how it ended.
   * Left out, it counts until it is said.
   */
  readonly forgetMs?: number;
}

/** Candidates that come and go, what they report of their load, and what was sent to each; several balancers may choose among the same. */
export class Candidates {
  readonly #init: CandidatesInit;
  readonly #byId = new Map<string, Candidate>();
  /** The candidates once more, to draw from; undefined after one has come or gone. */
  #list: readonly Candidate[] | undefined;
  #choices = 0;

  constructor(init: CandidatesInit) {
    this.#init = init;
  }

  get size(): number {
    return this.#byId.size;
  }

  get all(): readonly Candidate[] {
    this.#list ??= [...this.#byId.values()];
    return this.#list;
  }

  /** Of all balancers so far. */
  get choices(): number {
    return this.#choices;
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  get(id: string): Candidate | undefined {
    return this.#byId.get(id);
  }

  /** As it would be seen by a choice now. */
  load(id: string): CandidateLoad | undefined {
    const found = this.#byId.get(id);
    if (found !== undefined) this.look(found, this.#init.clock.nowUs());
    return found;
  }

  /** A candidate has come; one that is known already stays as it is. */
  add(id: string): Candidate {
    let candidate = this.#byId.get(id);
    if (candidate === undefined) {
      candidate = new Candidate(id, this.#init.clock);
      this.#byId.set(id, candidate);
      this.#list = undefined;
    }
    return candidate;
  }

  /** A candidate reports its load; one that is not known has come by that. */
  report(id: string, report: LoadReport): Candidate {
    const candidate = this.add(id);
    const nowUs = this.#init.clock.nowUs();
    candidate.reported(report, nowUs, nowUs - (this.#init.arrivalMs ?? 0) * 1_000);
    return candidate;
  }

  /** A candidate has gone; what was sent there is nobody's any more. */
  remove(id: string): void {
    if (this.#byId.delete(id)) this.#list = undefined;
  }

  /** Before a choice among others and this one. */
  look(candidate: Candidate, nowUs: number): void {
    candidate.look(nowUs, nowUs - (this.#init.forgetMs ?? Number.POSITIVE_INFINITY) * 1_000);
  }

  /** A choice has fallen on it. */
  chosen(candidate: Candidate): void {
    this.#choices += 1;
    candidate.chosen = this.#choices;
  }
}
