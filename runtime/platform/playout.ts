import { SpareWait } from "./spare-wait.ts";
import { Steadiness } from "./steadiness.ts";

/** How far ahead of its time sound is begun after a pause, in seconds: what comes later than that is heard as a gap. */
export const aheadSeconds = 0.06;
/** Sound that waits longer than that, in seconds, and comes no faster than it plays, was held up on its way once. */
export const longSeconds = 0.15;
/** Below this share of the loudest it is a pause of who speaks; the loudest is forgotten by so much with each piece. */
const quietShare = 0.1;
const forgetting = 0.995;
/** A context that does not run yet, or may not, holds no more than that, in seconds. */
const heldSeconds = 0.5;

/**
 * When pieces of sound are played, one after another without a gap. A connection that stood still for a while makes all that follows as
 * late, so pauses are left out until none waits longer than is of use; sound that a machine has made ahead of its time is left as it is. Times are in
 * seconds, by the clock of the player.
 */
export class Playout {
  #untilS = 0;
  readonly #steadiness = new Steadiness(longSeconds);
  readonly #wait = new SpareWait(aheadSeconds);
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
    this.#steadiness.add(nowS, seconds);
    this.#loudest = Math.max(loudness, this.#loudest * forgetting);
    const isQuiet = loudness < this.#loudest * quietShare || loudness === 0;
    const aheadS = this.aheadOf(nowS);
    if (aheadS === 0 || !this.#steadiness.isSteady) this.#wait.restart(nowS);
    else {
      this.#wait.look(nowS, aheadS);
      if (isQuiet && (aheadS > longSeconds || this.#wait.spareS >= seconds)) {
        this.#wait.use(seconds);
        return undefined;
      }
    }
    const atS = aheadS > 0 ? this.#untilS : nowS + aheadSeconds;
    this.#untilS = atS + seconds;
    return atS;
  }

  /** Nothing is to be played any more. */
  restart(): void {
    this.#untilS = 0;
  }
}
