import type { Clock } from "../../interface/clock.ts";

/** So long the mark of an end stays, for a node that was cut off to learn of it; milliseconds. */
export const marksStayMs = 600_000;

interface Mark {
  readonly key: string;
  readonly revision: number;
  readonly dueUs: number;
}

/**
 * A value that is ended leaves a mark behind in its bucket, one for each key that ever was. Each node clears away those of its own ends
 * after a while, and what it finds when it starts.
 */
export class MarkPurge {
  readonly #clock: Clock;
  readonly #purge: (key: string, revision: number) => Promise<unknown>;
  /** Ended here; the mark is still to be seen. */
  readonly #own = new Set<string>();
  /** In the order in which they fall due, but for what was found at the start. */
  readonly #marks: Mark[] = [];
  #cancel: (() => void) | undefined;

  /** @param purge clears away what stands for a key up to a revision */
  constructor(clock: Clock, purge: (key: string, revision: number) => Promise<unknown>) {
    this.#clock = clock;
    this.#purge = purge;
  }

  /** This node has ended it. */
  expect(key: string): void {
    this.#own.add(key);
  }

  /** @param ageMs of a mark that was found; undefined for a new one */
  seen(key: string, revision: number, ageMs: number | undefined): void {
    const isOwn = this.#own.delete(key);
    if (!isOwn && ageMs === undefined) return;
    const leftMs = Math.max(0, marksStayMs - (ageMs ?? 0));
    this.#marks.push({ key, revision, dueUs: this.#clock.nowUs() + leftMs * 1_000 });
    this.#await();
  }

  stop(): void {
    this.#cancel?.();
    this.#marks.length = 0;
  }

  #await(): void {
    const [first] = this.#marks;
    if (first === undefined) return;
    this.#cancel ??= this.#clock.schedule(Math.max(0, (first.dueUs - this.#clock.nowUs()) / 1_000), () => {
      // One that cannot be cleared away now is found again by the next node that starts.
      const next = (): void => {
        this.#cancel = undefined;
        this.#await();
      };
      this.#marks.shift();
      this.#purge(first.key, first.revision).then(next, next);
    });
  }
}
