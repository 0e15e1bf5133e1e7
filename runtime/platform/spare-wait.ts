/** For so long it is looked at how long what comes waits, in seconds. */
const lookSeconds = 2;

/** Tells how much less all that comes could wait, and yet be there in time: what even the one that waited least had to spare. Times are in seconds. */
export class SpareWait {
  readonly #keptS: number;
  #leastS = Number.POSITIVE_INFINITY;
  #sinceS = 0;
  #spareS = 0;

  /** @param keptS what none is to wait less than */
  constructor(keptS: number) {
    this.#keptS = keptS;
  }

  /** As of the last time of looking, but for what has been made use of since. */
  get spareS(): number {
    return this.#spareS;
  }

  look(nowS: number, waitS: number): void {
    this.#leastS = Math.min(this.#leastS, waitS);
    if (nowS - this.#sinceS < lookSeconds) return;
    this.#spareS = Math.max(0, this.#leastS - this.#keptS);
    this.#sinceS = nowS;
    this.#leastS = Number.POSITIVE_INFINITY;
  }

  /** All waits so much less from now on. */
  use(seconds: number): void {
    this.#spareS -= seconds;
    this.#leastS -= seconds;
  }

  /** Waits are others from now on. */
  restart(nowS: number): void {
    this.#spareS = 0;
    this.#sinceS = nowS;
    this.#leastS = Number.POSITIVE_INFINITY;
  }
}
