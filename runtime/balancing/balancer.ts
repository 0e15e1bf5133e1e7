import type { Clock } from "../interface/clock.ts";
import type { Random } from "../interface/random.ts";
import { isPanic } from "./breaker.ts";
import { Candidate, type Sent } from "./candidate.ts";
import type { CandidateLoad, LoadReport } from "./load.ts";
import type { CandidatePolicy } from "./policies/policy.ts";
import { candidatePolicy, type PolicyName } from "./policies/policy-of.ts";
import { StickySessions } from "./sticky-sessions.ts";

export interface BalancerInit {
  readonly policy: PolicyName;
  readonly clock: Clock;
  readonly random: Random;
  /**
   * What becomes of those for whom there is no slot. `queue` (the default): a candidate lets them wait, so a full one may be chosen.
   * `refuse`: a full one is never chosen.
   */
  readonly overflow?: "queue" | "refuse";
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

export interface PickRequest {
  /** All of a session goes where its first went, as long as that can be had. */
  readonly session?: string | undefined;
  /** What the policy `hash` goes by; the session where it is left out. */
  readonly key?: string | undefined;
  /** Candidates that are not to be chosen: those that have been tried. */
  readonly exclude?: ReadonlySet<string> | undefined;
}

/** One that was sent to a candidate: a session or a call. It counts as in flight there until something is said of it. */
export interface Placement {
  /** The candidate. */
  readonly id: string;
  /** The candidate has it, and it goes on there; for sessions, which may last. */
  accepted(): void;
  /** It is over; how long it took is taken for latency and service time. @param report what came with the answer */
  ended(report?: LoadReport): void;
  /** The candidate has refused it before any work: it is not chosen again for `retryAfterMs`, or until its next report. */
  refused(retryAfterMs?: number): void;
  /** It could not be had, or has failed. Where that happens again and again, the candidate is left alone for a while (`breaker.ts`). */
  failed(): void;
}

/** Milliseconds for which one that has refused is left alone when it does not say how long: until its next report. */
const refusesForMs = 250;

/** So many are all looked at; of more, a few. */
const fullScanUpTo = 64;
const sampled = 4;

/**
 * Chooses among candidates that come and go, by what they report of their load and by what was sent there since. Its methods take
 * constant time but for `pick`, which looks at each candidate once; it sets no timers.
 *
 * Under `adaptive` with more than 64 candidates it draws four of them and takes the best: with two, as in Mitzenmacher, "How useful is old
 * information?" (IEEE Transactions on Parallel and Distributed Systems 11(1), 2000), balancers whose news are old do not all run to the
 * same one; two more cost little and make the choice better.
 */
export class Balancer {
  readonly #init: BalancerInit;
  readonly #policy: CandidatePolicy;
  readonly #candidates = new Map<string, Candidate>();
  readonly #sticky = new StickySessions();
  /** The candidates once more, to draw from; undefined after one has come or gone. */
  #list: readonly Candidate[] | undefined;
  #turn = 0;

  constructor(init: BalancerInit) {
    this.#init = init;
    this.#policy = candidatePolicy(init.policy);
  }

  get size(): number {
    return this.#candidates.size;
  }

  has(id: string): boolean {
    return this.#candidates.has(id);
  }

  /** As it would be seen by a choice now. */
  load(id: string): CandidateLoad | undefined {
    const found = this.#candidates.get(id);
    found?.look(this.#init.clock.nowUs(), this.#forgottenUs());
    return found;
  }

  /** A candidate has come; one that is known already stays as it is. */
  add(id: string): void {
    if (this.#candidates.has(id)) return;
    this.#candidates.set(id, new Candidate(id, this.#init.clock));
    this.#list = undefined;
  }

  /** A candidate reports its load; one that is not known has come by that. */
  report(id: string, report: LoadReport): void {
    this.add(id);
    const candidate = this.#candidates.get(id);
    if (candidate !== undefined) this.#reported(candidate, report);
  }

  /** A candidate has gone; what was sent there is nobody's any more. */
  remove(id: string): void {
    if (this.#candidates.delete(id)) this.#list = undefined;
  }

  /** Forgets where a session goes. */
  release(session: string): void {
    this.#sticky.release(session);
  }

  /** @returns undefined when no candidate can be had: there is none, or each is excluded, has refused, or is full where that counts */
  pick(request: PickRequest = {}): Placement | undefined {
    const { clock, random } = this.#init;
    const { session, key = session } = request;
    const nowUs = clock.nowUs();
    const stuck = session === undefined ? undefined : this.#sticky.of(session, nowUs);
    const candidate =
      this.#usable(stuck, request, nowUs) ?? this.#choose(request, nowUs, { random, turn: this.#turn, key });
    if (candidate === undefined) return undefined;
    this.#turn += 1;
    candidate.chosen = this.#turn;
    candidate.breaker.begin();
    if (session !== undefined) this.#sticky.stick(session, candidate.id, nowUs);
    return this.#place(candidate, candidate.sent(nowUs));
  }

  #choose(request: PickRequest, nowUs: number, choice: Parameters<CandidatePolicy>[1]): Candidate | undefined {
    this.#list ??= [...this.#candidates.values()];
    const few = this.#init.policy === "adaptive" && this.#list.length > fullScanUpTo;
    let among = few ? this.#draw(this.#list, request, nowUs) : [];
    if (among.length === 0) among = this.#standing(this.#list).filter((one) => this.#canBeHad(one, request, nowUs));
    return among.length === 0 ? undefined : this.#policy(among, choice);
  }

  #draw(list: readonly Candidate[], request: PickRequest, nowUs: number): Candidate[] {
    const drawn = new Set<Candidate>();
    for (let draws = 0; draws < 4 * sampled && drawn.size < sampled; draws += 1) {
      const one = list[Math.floor(this.#init.random.next() * list.length)] as Candidate;
      if (one.breaker.allows && this.#canBeHad(one, request, nowUs)) drawn.add(one);
    }
    return [...drawn];
  }

  /** Without those whose breaker is open, as long as they are no more than half. */
  #standing(list: readonly Candidate[]): readonly Candidate[] {
    const standing = list.filter(({ breaker }) => breaker.allows);
    return isPanic(list.length - standing.length, list.length) ? list : standing;
  }

  #usable(id: string | undefined, request: PickRequest, nowUs: number): Candidate | undefined {
    const found = id === undefined ? undefined : this.#candidates.get(id);
    return found?.breaker.allows === true && this.#canBeHad(found, request, nowUs) ? found : undefined;
  }

  #canBeHad(candidate: Candidate, { exclude }: PickRequest, nowUs: number): boolean {
    candidate.look(nowUs, this.#forgottenUs());
    if (candidate.refusesUntilUs > nowUs || exclude?.has(candidate.id) === true) return false;
    return this.#init.overflow !== "refuse" || !candidate.full;
  }

  #forgottenUs(): number {
    return this.#init.clock.nowUs() - (this.#init.forgetMs ?? Number.POSITIVE_INFINITY) * 1_000;
  }

  #reported(candidate: Candidate, report: LoadReport): void {
    const nowUs = this.#init.clock.nowUs();
    candidate.reported(report, nowUs, nowUs - (this.#init.arrivalMs ?? 0) * 1_000);
  }

  #place(candidate: Candidate, sent: Sent): Placement {
    const { clock } = this.#init;
    let said = false;
    const once = (what: () => void): void => {
      if (said) return;
      said = true;
      candidate.ended(sent);
      what();
    };
    return {
      id: candidate.id,
      accepted: () => {
        if (!said) candidate.breaker.succeeded();
      },
      ended: (report) =>
        once(() => {
          const nowUs = clock.nowUs();
          candidate.breaker.succeeded();
          candidate.measured((nowUs - sent.atUs) / 1_000, nowUs);
          if (report !== undefined) this.#reported(candidate, report);
        }),
      refused: (retryAfterMs = refusesForMs) =>
        once(() => {
          candidate.breaker.abandoned();
          candidate.refusesUntilUs = clock.nowUs() + retryAfterMs * 1_000;
        }),
      failed: () => once(() => candidate.breaker.failed()),
    };
  }
}
