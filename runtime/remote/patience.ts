/** How often the limits are doubled at most. */
const mostFactor = 4;

/** After so long without a false alarm they are halved again, in microseconds. */
const wearUs = 30_000_000;

/**
 * What a side has learned of a peer that was silent beyond its limit and was there after all: each such false alarm doubles
 * the limits. A failure detector that does so is wrong only finitely often about a peer that is merely slow (Chandra and
 * Toueg, "Unreliable Failure Detectors for Reliable Distributed Systems", Journal of the ACM 43, 1996), and no slower than others about
 * one that has died, which never comes back to prove it wrong.
 */
export class Patience {
  #factor = 1;
  #suspected: "opening" | "running" | undefined;
  #sinceUs: number | undefined;

  /** By what the limits are multiplied: 1, 2 or 4. */
  get factor(): number {
    return this.#factor;
  }

  /** The peer has been given up for its silence, while a session with it was being opened or while one ran. */
  suspect(when: "opening" | "running"): void {
    this.#suspected = when;
  }

  /**
   * The peer has gone on with the session that ran, or has begun to open one: it was there, if it was given up for that. A
   * peer that has come up anew opens sessions too, so that proves nothing about one that ran.
   */
  acquit(when: "opening" | "running"): void {
    if (this.#suspected === when) {
      this.#factor = Math.min(mostFactor, this.#factor * 2);
      this.#sinceUs = undefined;
    }
    this.#suspected = undefined;
  }

  /** Time passes: old false alarms count less. @param nowUs of `Clock.nowUs` */
  wear(nowUs: number): void {
    if (this.#factor === 1) return;
    this.#sinceUs ??= nowUs;
    if (nowUs < this.#sinceUs + wearUs) return;
    this.#factor /= 2;
    this.#sinceUs = nowUs;
  }
}
