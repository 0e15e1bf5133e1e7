/** For so long it is looked at how fast a stream comes, in seconds, and so much more than plays in that time is not faster. */
const lookSeconds = 2;
const steadyShare = 1.05;

/** Tells a stream that comes as fast as it plays, from a call, from one that a machine makes ahead of its time. */
export class Steadiness {
  readonly #spareS: number;
  #lookedS: number | undefined;
  #givenS = 0;
  #isSteady = false;

  /** @param spareS what may come at once, in seconds */
  constructor(spareS: number) {
    this.#spareS = spareS;
  }

  get isSteady(): boolean {
    return this.#isSteady;
  }

  /** @param seconds that a piece plays which has come now */
  add(nowS: number, seconds: number): void {
    this.#lookedS ??= nowS;
    const passedS = nowS - this.#lookedS;
    if (passedS >= lookSeconds) {
      this.#isSteady = this.#givenS <= passedS * steadyShare;
      this.#lookedS = nowS;
      this.#givenS = 0;
    } else if (this.#givenS > passedS * steadyShare + this.#spareS) this.#isSteady = false;
    this.#givenS += seconds;
  }
}
