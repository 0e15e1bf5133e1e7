/** Sessions that are remembered at most; beyond, the one that was quiet the longest is forgotten. */
const most = 65_536;
/** A session that was quiet for so long is forgotten. */
const idleUs = 600_000_000;

interface Stuck {
  readonly id: string;
  readonly atUs: number;
}

/** Which candidate a session has, so that all that belongs to it goes there. Times are microseconds of `Clock.nowUs`. */
export class StickySessions {
  /** The one that was quiet the longest first. */
  readonly #sessions = new Map<string, Stuck>();

  /** @returns the id of a candidate; undefined for a session that is not known, or not any more */
  of(session: string, nowUs: number): string | undefined {
    this.#forget(nowUs);
    return this.#sessions.get(session)?.id;
  }

  stick(session: string, id: string, nowUs: number): void {
    this.#sessions.delete(session);
    this.#sessions.set(session, { id, atUs: nowUs });
    if (this.#sessions.size > most) this.#forget(nowUs);
  }

  release(session: string): void {
    this.#sessions.delete(session);
  }

  #forget(nowUs: number): void {
    for (const [session, { atUs }] of this.#sessions) {
      if (this.#sessions.size <= most && atUs + idleUs > nowUs) return;
      this.#sessions.delete(session);
    }
  }
}
