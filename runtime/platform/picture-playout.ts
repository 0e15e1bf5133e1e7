import { aheadSeconds, longSeconds } from "./playout.ts";
import { SpareWait } from "./spare-wait.ts";
import { Steadiness } from "./steadiness.ts";

/** A leap in media time, in seconds: the pictures behind it are another scene, and not waited for. */
const leapSeconds = 1;

/**
 * When pictures are shown, as far apart as their media times. Those that a connection has held up are left out, once they come as fast as they play
 * again, and none waits longer than has turned out to be of use; what a machine has made ahead of its time is shown at its time. Times are in
 * seconds, by the clock of who shows them.
 */
export class PicturePlayout {
  readonly #steadiness = new Steadiness(longSeconds);
  readonly #wait = new SpareWait(aheadSeconds);
  #lastS: number | undefined;
  /** From media time to the clock. */
  #offsetS = 0;

  /**
   * @param mediaS media time of the picture
   * @returns when it is shown; undefined where it is left out
   */
  place(nowS: number, mediaS: number): number | undefined {
    const passedS = this.#lastS === undefined ? undefined : mediaS - this.#lastS;
    this.#lastS = mediaS;
    if (passedS === undefined || passedS < 0 || passedS > leapSeconds) return this.#begin(nowS, mediaS);
    this.#steadiness.add(nowS, passedS);
    const atS = mediaS + this.#offsetS;
    if (atS < nowS) return this.#begin(nowS, mediaS);
    if (!this.#steadiness.isSteady) {
      this.#wait.restart(nowS);
      return atS;
    }
    if (atS - nowS > longSeconds) {
      this.#offsetS -= passedS;
      return undefined;
    }
    this.#wait.look(nowS, atS - nowS);
    const { spareS } = this.#wait;
    this.#wait.use(spareS);
    this.#offsetS -= spareS;
    return atS - spareS;
  }

  /** What came before is not shown any more. */
  restart(): void {
    this.#lastS = undefined;
  }

  #begin(nowS: number, mediaS: number): number {
    const atS = nowS + aheadSeconds;
    this.#offsetS = atS - mediaS;
    this.#wait.restart(nowS);
    return atS;
  }
}
