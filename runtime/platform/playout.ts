/** How far ahead of its time sound is begun after a pause, in seconds: what comes later than that is heard as a gap. */
const aheadSeconds = 0.06;
/** Sound that waits longer than that, in seconds, and comes no faster than it plays, was held up on its way once. */
const longSeconds = 0.15;
/** For so long it is looked at how fast sound comes, in seconds, and so much more than plays in that time is not faster. */
const lookSeconds = 2;
const steadyShare = 1.05;
/** Below this share of the loudest it is a pause of who speaks; the loudest is forgotten by so much with each piece. */
const quietShare = 0.1;
const forgetting = 0.995;
/** A context that does not run yet, or may not, holds no more than that, in seconds. */
const heldSeconds = 0.5;

/**
 * When pieces of sound are played, one after another without a gap. A connection that stood still for a while makes all that follows as
 * late, so pauses are left out until it comes in time again; sound that a machine has made ahead of its time is left as it is. Times are in
 * seconds, by the clock of the player.
 */
export class Playout {
  #untilS = 0;
  #lookedS: number | undefined;
  #givenS = 0;
  #isSteady = false;
  #loudest = 0;

  /** What is to be played yet. */
  aheadOf(nowS: number): number {
    return Math.max(0, this.#untilS - nowS);
  }

  /** Whether all of it has become stale, for nothing is played: the caller drops it, and says so by `restart`. */
  isStale(nowS: number, isRunning: boolean): boolean {
    return !isRunning && this.aheadOf(nowS) > heldSeconds;
  }

  /**
   * @param loudness of the piece, root mean square
   * @returns when it begins; undefined where it is left out
   */
  place(nowS: number, seconds: number, loudness: number): number | undefined {
    this.#look(nowS, seconds);
    this.#loudest = Math.max(loudness, this.#loudest * forgetting);
    const isQuiet = loudness < this.#loudest * quietShare || loudness === 0;
    if (isQuiet && this.#isSteady && this.aheadOf(nowS) > longSeconds) return undefined;
    const atS = this.#untilS > nowS ? this.#untilS : nowS + aheadSeconds;
    this.#untilS = atS + seconds;
    return atS;
  }

  /** Nothing is to be played any more. */
  restart(): void {
    this.#untilS = 0;
  }

  #look(nowS: number, seconds: number): void {
    this.#lookedS ??= nowS;
    const passedS = nowS - this.#lookedS;
    if (passedS >= lookSeconds) {
      this.#isSteady = this.#givenS <= passedS * steadyShare;
      this.#lookedS = nowS;
      this.#givenS = 0;
    } else if (this.#givenS > passedS * steadyShare + longSeconds) this.#isSteady = false;
    this.#givenS += seconds;
  }
}
