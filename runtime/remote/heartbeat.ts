import type { Clock } from "../interface/clock.ts";
import { usualLatenessMs } from "../interface/time-given.ts";
import { Patience } from "./patience.ts";

/** When a silent peer is given up: after `clamp(4 × (interval + deviation of the round trip), min, max)`. */
export interface HeartbeatOptions {
  /** A peer that has sent nothing else for this long sends a ping. Default 125 ms. */
  readonly intervalMs?: number;
  /** Default 500 ms. */
  readonly minTimeoutMs?: number;
  /** Default 3,000 ms; also rules until the host has begun to open its pipeline. */
  readonly maxTimeoutMs?: number;
  /** Rules while it does: what loads a model often holds up the whole process. Default 10,000 ms. */
  readonly openingTimeoutMs?: number;
  /** What is known of the peer from earlier connections; it makes all limits longer. Left out, nothing is. */
  readonly patience?: Patience;
}

/** A round trip is measured at least this often, also under traffic that makes pings superfluous. */
const measureEveryUs = 1_000_000;

/** What to do at a tick. */
export interface Beat {
  readonly ping: boolean;
  readonly lost: boolean;
  /** Microseconds of `Clock.nowUs` when the next tick is due. */
  readonly nextUs: number;
}

/** The decisions, without timers. Times are microseconds of `Clock.nowUs`. */
export class HeartbeatState {
  readonly #intervalUs: number;
  readonly #minTimeoutUs: number;
  readonly #maxTimeoutUs: number;
  readonly #openingTimeoutUs: number;
  #patience: Patience;
  #sentUs: number;
  #heardUs: number;
  /** Its silence counts from then on: later than it was heard where this process was held up. */
  #silentUs: number;
  #tickedUs: number;
  #wasLate = false;
  #pingedUs: number;
  #dueUs: number;
  #phase: "greeting" | "opening" | "running" = "greeting";
  #roundTripUs: number | undefined;
  #deviationUs: number;

  constructor(options: HeartbeatOptions, nowUs: number) {
    this.#intervalUs = (options.intervalMs ?? 125) * 1_000;
    this.#minTimeoutUs = (options.minTimeoutMs ?? 500) * 1_000;
    this.#maxTimeoutUs = (options.maxTimeoutMs ?? 3_000) * 1_000;
    this.#openingTimeoutUs = (options.openingTimeoutMs ?? 10_000) * 1_000;
    this.#patience = options.patience ?? new Patience();
    this.#sentUs = nowUs;
    this.#heardUs = nowUs;
    this.#silentUs = nowUs;
    this.#tickedUs = nowUs;
    // The first ping goes out at once, so that the round trip is known early.
    this.#pingedUs = nowUs - measureEveryUs;
    this.#dueUs = nowUs;
    // Until the first round trip is known: half an interval, which makes the default timeout 750 ms.
    this.#deviationUs = this.#intervalUs / 2;
  }

  get timeoutUs(): number {
    const { factor } = this.#patience;
    if (this.#phase === "greeting") return this.#maxTimeoutUs * factor;
    if (this.#phase === "opening") return this.#openingTimeoutUs * factor;
    const wanted = 4 * (this.#intervalUs + this.#deviationUs);
    return Math.min(this.#maxTimeoutUs, Math.max(this.#minTimeoutUs, wanted)) * factor;
  }

  /** From now on it shares what is known of the peer with the session that has it. */
  share(patience: Patience): void {
    this.#patience = patience;
  }

  /** Smoothed, in milliseconds; undefined before the first. */
  get roundTripMs(): number | undefined {
    return this.#roundTripUs === undefined ? undefined : this.#roundTripUs / 1_000;
  }

  /** The host opens its pipeline: for now the timeout is the long one. */
  opening(): void {
    if (this.#phase === "greeting") this.#phase = "opening";
  }

  /** The session is open: from now on the timeout is the short one. */
  established(nowUs: number): void {
    this.#phase = "running";
    this.heard(nowUs);
  }

  sent(nowUs: number): void {
    this.#sentUs = nowUs;
  }

  heard(nowUs: number): void {
    this.#heardUs = nowUs;
    this.#silentUs = Math.max(this.#silentUs, nowUs);
  }

  /** Something has come from the peer that was not for this session: it is there, though it need not have begun to serve this one. */
  heardElsewhere(atUs: number): void {
    if (this.#phase === "running" && atUs > this.#heardUs) this.heard(atUs);
  }

  /** RFC 6298 section 2, with its smoothing factors. */
  measured(roundTripUs: number): void {
    if (!Number.isFinite(roundTripUs) || roundTripUs < 0) return;
    if (this.#roundTripUs === undefined) {
      this.#roundTripUs = roundTripUs;
      this.#deviationUs = roundTripUs / 2;
      return;
    }
    this.#deviationUs = 0.75 * this.#deviationUs + 0.25 * Math.abs(this.#roundTripUs - roundTripUs);
    this.#roundTripUs = 0.875 * this.#roundTripUs + 0.125 * roundTripUs;
  }

  tick(nowUs: number): Beat {
    const lateUs = nowUs - this.#dueUs;
    const isLate = lateUs > usualLatenessMs * 1_000;
    // This process was held up: what the peer sent meanwhile may still wait to be read, so its silence does not count. Where ticks are late
    // again and again, as in a page that nobody sees, it has had the time to be read.
    const isRead = this.#wasLate && this.#heardUs <= this.#tickedUs;
    if (isLate && !isRead) this.#silentUs = Math.min(nowUs, this.#silentUs + lateUs);
    this.#wasLate = isLate;
    this.#tickedUs = nowUs;
    this.#patience.wear(nowUs);
    const lost = nowUs >= this.#silentUs + this.timeoutUs;
    if (lost) this.#patience.suspect(this.#phase === "running" ? "running" : "opening");
    const silent = nowUs >= this.#sentUs + this.#intervalUs;
    const ping = !lost && (silent || nowUs >= this.#pingedUs + measureEveryUs);
    if (ping) {
      this.#pingedUs = nowUs;
      this.#sentUs = nowUs;
    }
    this.#dueUs = Math.min(this.#sentUs + this.#intervalUs, this.#silentUs + this.timeoutUs);
    return { ping, lost, nextUs: this.#dueUs };
  }
}

/**
 * Ticks the state by the clock until it is lost or stopped.
 * @returns stops it
 */
export function runHeartbeat(
  clock: Clock,
  state: HeartbeatState,
  actions: { readonly ping: () => void; readonly lost: () => void; readonly heardUs: () => number | undefined },
): () => void {
  let stopped = false;
  let cancel: () => void = () => undefined;
  const tick = (): void => {
    const heardUs = actions.heardUs();
    if (heardUs !== undefined) state.heardElsewhere(heardUs);
    const beat = state.tick(clock.nowUs());
    if (beat.ping) actions.ping();
    if (beat.lost) actions.lost();
    if (beat.lost || stopped) return;
    cancel = clock.schedule(Math.max(0, (beat.nextUs - clock.nowUs()) / 1_000), tick);
  };
  tick();
  return () => {
    stopped = true;
    cancel();
  };
}
