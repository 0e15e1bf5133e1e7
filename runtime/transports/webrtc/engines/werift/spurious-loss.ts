import { isAfter, type SentChunk } from "./sctp.ts";

/** How many chunks that were sent again are remembered. */
const mostRemembered = 2_048;

/** What the window and the timeout were before a loss. */
export interface Before {
  readonly cwnd: number;
  readonly ssthresh: number | undefined;
  readonly hasEverLost: boolean;
  /** Seconds; only a timeout changes it. */
  readonly rto?: number;
}

interface Episode {
  readonly isTimeout: boolean;
  readonly before: Before;
  /** Judged to be lost, and not known to have come when it was sent first. */
  readonly open: Set<number>;
  /** The first that was sent again, and when. */
  first: { readonly tsn: number; readonly sentMs: number } | undefined;
  isSpurious: boolean;
}

/**
 * Finds out that nothing was lost although it seemed so. A chunk came when it was sent first if it is acknowledged without having been sent
 * again, or before an answer to that can be there, or if the other side reports that it has come twice (RFC 3708). A loss was none when
 * that is so of all that was taken for lost; a timeout was none as soon as answers come that nothing which was sent after it can have
 * brought (after RFC 5682, which has to guess that).
 */
export class SpuriousLoss {
  #episode: Episode | undefined;
  /** How often chunks were sent again, less how often the other side has told that they came twice; the oldest first. */
  readonly #again = new Map<number, number>();

  /** Whether what made the window smaller last was a timeout. */
  get isTimeout(): boolean {
    return this.#episode?.isTimeout === true;
  }

  /** The window becomes smaller. */
  begin(isTimeout: boolean, before: Before): void {
    this.#episode = { isTimeout, before, open: new Set(), first: undefined, isSpurious: false };
  }

  takenForLost(tsn: number): void {
    this.#episode?.open.add(tsn);
  }

  sentAgain(tsn: number, nowMs: number): void {
    const times = (this.#again.get(tsn) ?? 0) + 1;
    this.#again.delete(tsn);
    this.#again.set(tsn, times);
    if (this.#again.size > mostRemembered) this.#again.delete(this.#again.keys().next().value as number);
    if (this.#episode !== undefined) this.#episode.first ??= { tsn, sentMs: nowMs };
  }

  /**
   * The other side has this now.
   * @param shortestMs that an answer takes
   * @param cumulativeTsn up to which all has come
   * @returns whether it was sent again in vain
   */
  arrived({ tsn, sentMs, sentCount }: SentChunk, cumulativeTsn: number, nowMs: number, shortestMs: number): boolean {
    const isInVain = sentCount === 2 && nowMs - sentMs < shortestMs;
    if (isInVain || sentCount === 1) this.#cameFirst(tsn);
    const episode = this.#episode;
    if (episode?.isTimeout !== true || episode.first === undefined) return isInVain;
    const { first } = episode;
    const isEarly = isInVain || (sentCount === 1 && nowMs - first.sentMs < shortestMs);
    if (isEarly && !isAfter(first.tsn, cumulativeTsn)) episode.isSpurious = true;
    return isInVain;
  }

  /**
   * The other side tells that it has got this once more than it needs.
   * @returns whether it was sent again in vain; else the network has made two of it
   */
  cameTwice(tsn: number): boolean {
    const times = this.#again.get(tsn);
    if (times === undefined) return false;
    if (times > 1) this.#again.set(tsn, times - 1);
    else {
      this.#again.delete(tsn);
      this.#cameFirst(tsn);
    }
    return true;
  }

  /** @returns once, what the window was before a loss that turns out to have been none */
  take(): Before | undefined {
    const episode = this.#episode;
    if (episode?.isSpurious !== true) return undefined;
    this.#episode = undefined;
    return episode.before;
  }

  #cameFirst(tsn: number): void {
    const episode = this.#episode;
    if (episode?.open.delete(tsn) !== true) return;
    const isProof = episode.isTimeout && tsn === episode.first?.tsn;
    if (isProof || episode.open.size === 0) episode.isSpurious = true;
  }
}
