import type { Random } from "../interface/random.ts";
import { isPanic } from "./breaker.ts";
import type { Candidate, Sent } from "./candidate.ts";
import { Candidates, type CandidatesInit } from "./candidates.ts";
import type { CandidateLoad, LoadReport } from "./load.ts";
import type { CandidatePolicy } from "./policies/policy.ts";
import { candidatePolicy, type PolicyName } from "./policies/policy-of.ts";
import { StickySessions } from "./sticky-sessions.ts";

export interface BalancerInit extends CandidatesInit {
  readonly policy: PolicyName;
  readonly random: Random;
  /** Those of several balancers, who then know of what each of them has sent; left out, they are its own. */
  readonly candidates?: Candidates;
  /**
   * What becomes of those for whom there is no slot. `queue` (the default): a candidate lets them wait, so a full one may be chosen.
   * `refuse`: a full one is never chosen.
   */
  readonly overflow?: "queue" | "refuse";
}

export interface PickRequest {
  /** All of a session goes where its first went, as long as that can be had. */
  readonly session?: string | undefined;
  /** What the policy `hash` goes by; the session where it is left out. */
  readonly key?: string | undefined;
  /** The candidates that would do; left out, all. Who is not known of them is passed over. */
  readonly among?: readonly string[] | undefined;
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
  readonly #candidates: Candidates;
  readonly #sticky = new StickySessions();
  #turn = 0;

  constructor(init: BalancerInit) {
    this.#init = init;
    this.#candidates = init.candidates ?? new Candidates(init);
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
    return this.#candidates.load(id);
  }

  /** A candidate has come; one that is known already stays as it is. */
  add(id: string): void {
    this.#candidates.add(id);
  }

  /** A candidate reports its load; one that is not known has come by that. */
  report(id: string, report: LoadReport): void {
    this.#candidates.report(id, report);
  }

  /** A candidate has gone; what was sent there is nobody's any more. */
  remove(id: string): void {
    this.#candidates.remove(id);
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
    this.#candidates.chosen(candidate);
    candidate.breaker.begin();
    if (session !== undefined) this.#sticky.stick(session, candidate.id, nowUs);
    return this.#place(candidate, candidate.sent(nowUs));
  }

  #choose(request: PickRequest, nowUs: number, choice: Parameters<CandidatePolicy>[1]): Candidate | undefined {
    const list = this.#asked(request);
    const few = this.#init.policy === "adaptive" && list.length > fullScanUpTo;
    let among = few ? this.#draw(list, request, nowUs) : [];
    if (among.length === 0) among = this.#standing(list).filter((one) => this.#canBeHad(one, request, nowUs));
    return among.length === 0 ? undefined : this.#policy(among, choice);
  }

  #asked({ among }: PickRequest): readonly Candidate[] {
    if (among === undefined) return this.#candidates.all;
    return among.flatMap((id) => this.#candidates.get(id) ?? []);
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
    if (id === undefined || request.among?.includes(id) === false) return undefined;
    const found = this.#candidates.get(id);
    return found?.breaker.allows === true && this.#canBeHad(found, request, nowUs) ? found : undefined;
  }

  #canBeHad(candidate: Candidate, { exclude }: PickRequest, nowUs: number): boolean {
    this.#candidates.look(candidate, nowUs);
    if (candidate.refusesUntilUs > nowUs || exclude?.has(candidate.id) === true) return false;
    return this.#init.overflow !== "refuse" || !candidate.full;
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
          // Of one that has gone meanwhile nobody wants to know.
          if (report !== undefined && this.#candidates.get(candidate.id) === candidate) {
            this.#candidates.report(candidate.id, report);
          }
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
