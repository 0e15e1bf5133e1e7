import type { SenderReport } from "./rtcp.ts";
import type { MediaTimeline } from "./media-timeline.ts";

export interface SyncGroupInit {
  /** How much longer a track may be held back for the sake of another one, in milliseconds; 400 by default. */
  readonly maxSkewMs?: number;
}

/** A track from which nothing has come for so long holds nobody back. */
const idleUs = 2_000_000;
/** Tracks further apart are of no common clock, and holding one back would bring nothing together. */
const unrelatedUs = 2_000_000;
/** What is held back changes by so much at most, in microseconds for each second: a player should not run dry by it. */
const slewUsPerSecond = 100_000;
/** A report that would move a track by more is a mistake, or worse. */
const maxShiftUs = 10_000_000;

interface Member {
  readonly timeline: MediaTimeline;
  readonly kind: "audio" | "video";
  readonly isTold: boolean;
  /** From the media time of a frame until it would be released, by the clock of this peer; undefined before the first packet. */
  delayUs: number | undefined;
  activeUs: number;
  extraUs: number | undefined;
  changedUs: number;
}

/** What a track has of its group. */
export interface SyncMember {
  /** Media time for the first packet of a track of which nobody has told it. */
  begin(arrivalUs: number): number;
  /** A sender report of this track. */
  report(report: SenderReport): void;
  /**
   * How much longer this track has to be held back, in microseconds.
   * @param delayUs from a media time to the time of release without it
   */
  hold(delayUs: number, nowUs: number): number;
  leave(): void;
}

/**
 * Tracks of one source: they get one clock, and frames of equal media time come out together (lip sync).
 *
 * **One clock.** Where the session has told the media times, nothing has to be done. A plain sender tells in its reports which RTP
 * timestamps stand for the same moment of its wall clock (RFC 3550, section 6.4.1). Before those come, a track begins at the time
 * that has passed since the first packet of the group. The first track of sound then stays as it is, for a jump can be heard, and the
 * others are moved to it.
 *
 * **Together.** The track whose frames come latest sets the pace: the others are held back as much longer, up to `maxSkewMs`. One that is
 * more than 2 s late has media times of its own, and is left alone.
 */
export class SyncGroup {
  readonly #maxSkewUs: number;
  readonly #members: Member[] = [];
  #startUs: number | undefined;

  constructor({ maxSkewMs = 400 }: SyncGroupInit = {}) {
    this.#maxSkewUs = maxSkewMs * 1_000;
  }

  /** @param isTold whether the session tells the media times, so that reports do not move them */
  join(timeline: MediaTimeline, kind: "audio" | "video", isTold: boolean): SyncMember {
    const member: Member = {
      timeline,
      kind,
      isTold,
      delayUs: undefined,
      activeUs: 0,
      extraUs: undefined,
      changedUs: 0,
    };
    this.#members.push(member);
    return {
      begin: (arrivalUs) => {
        this.#startUs ??= arrivalUs;
        return arrivalUs - this.#startUs;
      },
      report: (report) => {
        timeline.report(report);
        this.#align();
      },
      hold: (delayUs, nowUs) => this.#hold(member, delayUs, nowUs),
      leave: () => {
        const index = this.#members.indexOf(member);
        if (index >= 0) this.#members.splice(index, 1);
      },
    };
  }

  /** Moves all tracks that may be moved to the clock of the first one. */
  #align(): void {
    const anchor = this.#members.find((one) => one.kind === "audio") ?? this.#members[0];
    const reference = anchor?.timeline.reported;
    if (reference === undefined) return;
    for (const member of this.#members) {
      const reported = member.timeline.reported;
      if (member === anchor || member.isTold || reported === undefined) continue;
      const shiftUs = reference.mediaUs + (reported.ntpUs - reference.ntpUs) - reported.mediaUs;
      if (Math.abs(shiftUs) <= maxShiftUs) member.timeline.shift(shiftUs);
    }
  }

  #hold(member: Member, delayUs: number, nowUs: number): number {
    member.delayUs = delayUs;
    member.activeUs = nowUs;
    let latestUs = delayUs;
    for (const one of this.#members) {
      if (one.delayUs === undefined || nowUs - one.activeUs >= idleUs) continue;
      if (one.delayUs - delayUs < unrelatedUs) latestUs = Math.max(latestUs, one.delayUs);
    }
    const goalUs = Math.min(this.#maxSkewUs, latestUs - delayUs);
    if (member.extraUs === undefined) {
      member.extraUs = goalUs;
    } else {
      const mayUs = ((nowUs - member.changedUs) / 1e6) * slewUsPerSecond;
      member.extraUs += Math.max(-mayUs, Math.min(mayUs, goalUs - member.extraUs));
    }
    member.changedUs = nowUs;
    return member.extraUs;
  }
}
