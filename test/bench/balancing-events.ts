import type { Clock } from "../../runtime/interface/clock.ts";

interface Happening {
  readonly atUs: number;
  /** Those of the same time happen in the order in which they were planned. */
  readonly order: number;
  readonly what: () => void;
}

/** Time that goes from one event to the next: a heap, for there are millions. */
export class Timeline implements Clock {
  readonly #heap: Happening[] = [];
  #nowUs = 0;
  #planned = 0;

  nowUs(): number {
    return this.#nowUs;
  }

  wallMs(): number {
    return this.#nowUs / 1_000;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    let cancelled = false;
    this.after(delayMs, () => {
      if (!cancelled) callback();
    });
    return () => void (cancelled = true);
  }

  /** The same without a way back. */
  after(delayMs: number, what: () => void): void {
    this.#planned += 1;
    this.#push({ atUs: this.#nowUs + delayMs * 1_000, order: this.#planned, what });
  }

  /** Lets happen what is planned, as long as `more` says so and there is anything. */
  run(more: () => boolean): void {
    for (let first = this.#heap[0]; first !== undefined && more(); first = this.#heap[0]) {
      this.#pop();
      this.#nowUs = first.atUs;
      first.what();
    }
  }

  /** The same, for code that goes on after an `await`. */
  async runAsync(more: () => boolean): Promise<void> {
    for (let first = this.#heap[0]; first !== undefined && more(); first = this.#heap[0]) {
      this.#pop();
      this.#nowUs = first.atUs;
      first.what();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #push(happening: Happening): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(happening);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above] as Happening;
      if (before(parent, happening)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = happening;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Happening;
    if (heap.length === 0) return;
    let at = 0;
    for (let below = 1; below < heap.length; below = 2 * at + 1) {
      if (below + 1 < heap.length && before(heap[below + 1] as Happening, heap[below] as Happening)) below += 1;
      const child = heap[below] as Happening;
      if (before(last, child)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
  }
}

function before(one: Happening, other: Happening): boolean {
  return one.atUs < other.atUs || (one.atUs === other.atUs && one.order < other.order);
}
