import type { Clock } from "../interface/clock.ts";

/** What is due at a time. */
export interface Deadline {
  /** By `Clock.nowUs`; only `Deadlines.set` changes it. */
  dueUs: number;
  /** Where it stands among all; -1 when it does not. */
  place: number;
}

/**
 * Many deadlines by one timer. They stand in a binary heap that knows their places (Cormen et al., "Introduction to Algorithms", 4th edition, chapter 6), so
 * that each can be put off, brought forward and taken out in logarithmic time. A timer of the platform for each would take half a kilobyte.
 */
export class Deadlines<T extends Deadline> {
  readonly #clock: Clock;
  readonly #onDue: (one: T) => void;
  readonly #heap: T[] = [];
  /** When the timer is set for; undefined without one. It may be earlier than the first deadline, which was put off since. */
  #timerUs: number | undefined;
  #cancelTimer: () => void = () => undefined;

  /** @param onDue is told of each once, when it is not among them any more */
  constructor(clock: Clock, onDue: (one: T) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Adds it, or puts it off, or brings it forward. */
  set(one: T, dueUs: number): void {
    const isEarlier = one.place === -1 || dueUs < one.dueUs;
    one.dueUs = dueUs;
    if (one.place === -1) one.place = this.#heap.push(one) - 1;
    if (isEarlier) this.#rise(one);
    else this.#sink(one);
    this.#schedule();
  }

  /** Takes it out; does nothing when it is not among them. */
  delete(one: T): void {
    if (one.place === -1) return;
    this.#takeOut(one);
    if (this.#heap.length === 0) this.#stopTimer();
  }

  /** Takes all out. */
  clear(): void {
    for (const one of this.#heap) one.place = -1;
    this.#heap.length = 0;
    this.#stopTimer();
  }

  #takeOut(one: T): void {
    const { place } = one;
    const last = this.#heap.pop() as T;
    one.place = -1;
    if (last === one) return;
    this.#put(last, place);
    this.#rise(last);
    this.#sink(last);
  }

  #schedule(): void {
    const [first] = this.#heap;
    if (first === undefined || (this.#timerUs !== undefined && this.#timerUs <= first.dueUs)) return;
    this.#stopTimer();
    this.#timerUs = first.dueUs;
    const leftMs = Math.max(0, (first.dueUs - this.#clock.nowUs()) / 1_000);
    this.#cancelTimer = this.#clock.schedule(leftMs, () => {
      this.#timerUs = undefined;
      this.#fallDue();
    });
  }

  #fallDue(): void {
    const nowUs = this.#clock.nowUs();
    for (let [first] = this.#heap; first !== undefined && first.dueUs <= nowUs; [first] = this.#heap) {
      this.#takeOut(first);
      this.#onDue(first);
    }
    this.#schedule();
  }

  #stopTimer(): void {
    this.#cancelTimer();
    this.#timerUs = undefined;
  }

  #put(one: T, place: number): void {
    this.#heap[place] = one;
    one.place = place;
  }

  #rise(one: T): void {
    for (;;) {
      const above = this.#heap[(one.place - 1) >> 1];
      if (one.place === 0 || above === undefined || above.dueUs <= one.dueUs) return;
      this.#change(one, above);
    }
  }

  #sink(one: T): void {
    for (;;) {
      const left = 2 * one.place + 1;
      const [a, b] = [this.#heap[left], this.#heap[left + 1]];
      const below = a !== undefined && b !== undefined && b.dueUs < a.dueUs ? b : a;
      if (below === undefined || one.dueUs <= below.dueUs) return;
      this.#change(below, one);
    }
  }

  /** @param one goes up @param other goes down */
  #change(one: T, other: T): void {
    const { place } = one;
    this.#put(one, other.place);
    this.#put(other, place);
  }
}
