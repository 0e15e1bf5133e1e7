/** What went on for longer than a life may, or never came back: the seed is then a failure, not a hang. */
export class EndlessLife extends Error {}

interface Event {
  readonly atUs: number;
  readonly order: number;
  /** Undefined once it is cancelled. */
  act: (() => void) | undefined;
}

/** So many events one life may have, and so often one event may look at the time or ask for a timer. */
const mostEvents = 400_000;
const mostLooks = 100_000;

/**
 * Virtual time, from one event to the next. Between two events all microtasks run and nothing else: no turn of the real event loop is
 * needed, which would take longer than most events do.
 */
export class EventLoop {
  readonly #calm: (() => Promise<void>) | undefined;
  readonly #heap: Event[] = [];
  #nowUs = 0;
  #order = 0;
  #events = 0;
  #looks = 0;

  /**
   * @param calm waited for before time goes on, for what is done by nothing that is simulated; left out, nothing is and a life has a
   * bound to its events
   */
  constructor(calm?: () => Promise<void>) {
    this.#calm = calm;
  }

  get nowUs(): number {
    return this.#nowUs;
  }

  /** Events that have happened. */
  get events(): number {
    return this.#events;
  }

  /** Those who ask without end within one event are told by an error; who heeds no error is seen from outside alone. */
  look(): void {
    this.#looks += 1;
    if (this.#looks > mostLooks) {
      throw new EndlessLife(`at ${this.#nowUs / 1_000} ms one event looks at the time more than ${mostLooks} times`);
    }
  }

  /** Those of the same time happen in the order in which they were asked for. @returns takes it back */
  at(atUs: number, act: () => void): () => void {
    this.#order += 1;
    const event: Event = { atUs: Math.max(atUs, this.#nowUs), order: this.#order, act };
    this.#push(event);
    return () => void (event.act = undefined);
  }

  after(us: number, act: () => void): () => void {
    return this.at(this.#nowUs + us, act);
  }

  /**
   * Lets time go on until the promise settles.
   * @throws {EndlessLife}; what the promise rejects with; an error when nothing is left that could settle it
   */
  run<T>(promise: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let over = false;
      const end = (settle: () => void): void => {
        over = true;
        settle();
      };
      promise.then(
        (value) => end(() => resolve(value)),
        (error: unknown) => end(() => reject(error as Error)),
      );
      const fail = (error: unknown): void => end(() => reject(error as Error));
      let isCalm = false;
      const next = (): void => {
        if (over) return;
        if (this.#calm !== undefined && !isCalm && !this.#isDue()) {
          isCalm = true;
          this.#calm().then(tick, fail);
          return;
        }
        isCalm = false;
        const event = this.#pop();
        if (event === undefined) {
          reject(new Error(`nothing more happens after ${this.#nowUs / 1_000} ms, and the life is not over`));
          return;
        }
        this.#events += 1;
        if (this.#calm === undefined && this.#events > mostEvents) {
          reject(new EndlessLife(`more than ${mostEvents} events by ${this.#nowUs / 1_000} ms`));
          return;
        }
        this.#looks = 0;
        this.#nowUs = event.atUs;
        event.act?.();
        void settled.then(tick);
      };
      // A tick that is asked for by a microtask comes when no microtask is left.
      const tick = (): void => process.nextTick(next);
      const settled = Promise.resolve();
      void settled.then(tick);
    });
  }

  /** Something is to happen now, before time goes on. */
  #isDue(): boolean {
    while (this.#heap[0] !== undefined && this.#heap[0].act === undefined) this.#take();
    const [first] = this.#heap;
    return first !== undefined && first.atUs <= this.#nowUs;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(event, heap[parent] as Event)) break;
      heap[at] = heap[parent] as Event;
      at = parent;
    }
    heap[at] = event;
  }

  /** The next that was not taken back. */
  #pop(): Event | undefined {
    for (;;) {
      const first = this.#take();
      if (first === undefined || first.act !== undefined) return first;
    }
  }

  #take(): Event | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first !== undefined && last !== undefined && first !== last) this.#sink(last);
    return first;
  }

  #sink(event: Event): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Event, heap[child] as Event)) child += 1;
      if (!before(heap[child] as Event, event)) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = event;
  }
}

function before(one: Event, other: Event): boolean {
  return one.atUs < other.atUs || (one.atUs === other.atUs && one.order < other.order);
}
