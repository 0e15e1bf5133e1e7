export interface DelayBounds {
  /** What the buffer holds back at least, in milliseconds. */
  readonly minDelayMs: number;
  /** And at most. */
  readonly maxDelayMs: number;
}

/** Share of the packets that come in time. */
const quantile = 0.99;
const binUs = 5_000;
/** Weight of what was before, for each packet: about the last 200 count. */
const memory = 0.995;
/** The path is as quick as its quickest packet of so much time: long enough to see one, short enough to follow a clock that drifts. */
const windowUs = 2_000_000;
/** Of the packets in that time: a flood must not grow it. */
const maxWindow = 2_048;
/** A packet so far from where it is expected belongs to another time: a jump of the media time, or the end of a pause. */
const jumpUs = 1_000_000;
/** Before so many packets have come, a guess holds. */
const guessedPackets = 10;
const guessUs = 40_000;

/**
 * How long frames have to be held back so that nearly all come in time: S. B. Moon, J. Kurose and D. Towsley, "Packet audio
 * playout delay adjustment: performance bounds and algorithms", Multimedia Systems 6 (1998). A histogram of the delays beyond
 * the quickest gives the delay within which 99 % of the packets have come. As in NetEQ of WebRTC, older packets weigh less and
 * less in place of the last w packets of the paper, which follows a change without a mode of its own for spikes.
 *
 * Times are in microseconds; media times and arrivals are of two clocks of which only the differences mean something.
 */
export class DelayEstimator {
  readonly #minUs: number;
  readonly #maxUs: number;
  readonly #bins: Float64Array;
  #weight = 0;
  #count = 0;
  #targetUs: number;
  /** Candidates for the smallest of the window: arrivals and offsets that grow. */
  #window: { readonly arrivalUs: number; readonly offsetUs: number }[] = [];

  constructor(bounds: DelayBounds) {
    this.#minUs = bounds.minDelayMs * 1_000;
    this.#maxUs = Math.max(bounds.minDelayMs, bounds.maxDelayMs) * 1_000;
    // The last one is for all that is later.
    this.#bins = new Float64Array(Math.ceil(this.#maxUs / binUs) + 1);
    this.#targetUs = this.#bounded(guessUs);
  }

  /** What has to be added to a media time to get the arrival on the quickest way; undefined before the first packet. */
  get offsetUs(): number | undefined {
    return this.#window[0]?.offsetUs;
  }

  /** How long a frame that came on the quickest way is held back. */
  get targetUs(): number {
    return this.#targetUs;
  }

  record(arrivalUs: number, mediaUs: number): void {
    const offsetUs = arrivalUs - mediaUs;
    const known = this.offsetUs;
    if (known !== undefined && Math.abs(offsetUs - known) > jumpUs) this.#window = [];
    while ((this.#window.at(-1)?.offsetUs ?? -Infinity) >= offsetUs) this.#window.pop();
    this.#window.push({ arrivalUs, offsetUs });
    let stale = Math.max(0, this.#window.length - maxWindow);
    while (arrivalUs - (this.#window[stale]?.arrivalUs ?? arrivalUs) > windowUs) stale += 1;
    if (stale > 0) this.#window.splice(0, stale);
    this.#note(offsetUs - (this.offsetUs ?? offsetUs));
  }

  /** What is known of the path does not hold any more. */
  reset(): void {
    this.#window = [];
    this.#bins.fill(0);
    this.#weight = 0;
    this.#count = 0;
    this.#targetUs = this.#bounded(guessUs);
  }

  #note(delayUs: number): void {
    this.#count += 1;
    // At first all weigh the same: a long memory of nothing would be slow to learn.
    const kept = Math.min(memory, 1 - 1 / this.#count);
    let weight = 0;
    for (let bin = 0; bin < this.#bins.length; bin += 1) weight += this.#bins[bin] = (this.#bins[bin] ?? 0) * kept;
    const bin = Math.min(this.#bins.length - 1, Math.floor(delayUs / binUs));
    this.#bins[bin] = (this.#bins[bin] ?? 0) + 1 - kept;
    this.#weight = weight + 1 - kept;
    if (this.#count >= guessedPackets) this.#targetUs = this.#bounded(this.#quantileUs());
  }

  #quantileUs(): number {
    let sum = 0;
    for (let bin = 0; bin < this.#bins.length; bin += 1) {
      sum += this.#bins[bin] ?? 0;
      if (sum >= this.#weight * quantile) return (bin + 1) * binUs;
    }
    return this.#maxUs;
  }

  #bounded(us: number): number {
    return Math.min(this.#maxUs, Math.max(this.#minUs, us));
  }
}
