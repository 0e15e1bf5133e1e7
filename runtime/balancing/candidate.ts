import type { Clock } from "../interface/clock.ts";
import { Breaker } from "./breaker.ts";
import type { CandidateLoad, LoadReport } from "./load.ts";
import { PeakMean } from "./peak-mean.ts";

/** How long a latency that was once high is held against a candidate, as in Finagle. */
const latencyDecayMs = 10_000;

/** The weight of a time measured here in the mean, as in `load-meter.ts`. */
const weight = 0.03;

/** What stands for one that was sent to a candidate. */
export interface Sent {
  readonly atUs: number;
  /** `since`: no report counts it yet; `reported`: the last one does; `over`: nothing does. */
  state: "since" | "reported" | "over";
}

/** What is known of a candidate, and what was sent there since it was known. Times are microseconds of `Clock.nowUs`. */
export class Candidate implements CandidateLoad {
  readonly id: string;
  readonly breaker: Breaker;
  chosen = 0;
  /** It has said no, and is not asked again before that. */
  refusesUntilUs = 0;
  latencyMs: number | undefined;
  readonly #latency = new PeakMean(latencyDecayMs);
  /** In the order in which they were sent. */
  readonly #since = new Set<Sent>();
  #report: LoadReport | undefined;
  /** Of those in the report, how many have ended after it. */
  #ended = 0;
  #measuredMs: number | undefined;

  constructor(id: string, clock: Clock) {
    this.id = id;
    this.breaker = new Breaker(clock);
  }

  /** What it has said last. */
  get lastReport(): LoadReport | undefined {
    return this.#report;
  }

  get inFlight(): number {
    return Math.max(0, (this.#report?.inFlight ?? 0) - this.#ended) + this.#since.size;
  }

  get slots(): number {
    return this.#report?.slots ?? 1;
  }

  get serviceMs(): number | undefined {
    return this.#report?.serviceMs ?? this.#measuredMs;
  }

  get full(): boolean {
    const slots = this.#report?.slots;
    return slots !== undefined && this.inFlight >= slots;
  }

  /** Before a choice: what was sent before `forgottenUs` is over, whether or not anybody said so. */
  look(nowUs: number, forgottenUs: number): void {
    this.latencyMs = this.#latency.value(nowUs);
    for (const sent of this.#since) {
      if (sent.atUs > forgottenUs) break;
      sent.state = "over";
      this.#since.delete(sent);
    }
  }

  /**
   * What the candidate has more than at its last report is taken for what was sent there first, lest that is counted twice.
   * @param arrivedUs what was sent until then is in the report in any case
   */
  reported(report: LoadReport, nowUs: number, arrivedUs: number): void {
    let more = this.#report === undefined ? 0 : report.inFlight - Math.max(0, this.#report.inFlight - this.#ended);
    for (const sent of this.#since) {
      if (sent.atUs > arrivedUs && more <= 0) break;
      more -= 1;
      sent.state = "reported";
      this.#since.delete(sent);
    }
    this.#report = report;
    this.#ended = 0;
    this.refusesUntilUs = 0;
    if (report.latencyMs !== undefined) this.#latency.measured(report.latencyMs, nowUs);
  }

  sent(atUs: number): Sent {
    const sent: Sent = { atUs, state: "since" };
    this.#since.add(sent);
    return sent;
  }

  ended(sent: Sent): void {
    if (sent.state === "since") this.#since.delete(sent);
    else if (sent.state === "reported") this.#ended += 1;
    sent.state = "over";
  }

  /** It was answered after so long. */
  measured(ms: number, nowUs: number): void {
    this.#latency.measured(ms, nowUs);
    this.#measuredMs = this.#measuredMs === undefined ? ms : this.#measuredMs + (ms - this.#measuredMs) * weight;
  }
}
