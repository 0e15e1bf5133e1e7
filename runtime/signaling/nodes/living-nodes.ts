import type { Clock } from "../../interface/clock.ts";

/** A node says so often that it is there, in milliseconds; one that was not heard of for so long is taken for gone. */
export const nodeLimits = { beatMs: 1_000, goneMs: 3_000 } as const;

export interface LivingNodesInit {
  readonly clock: Clock;
  /** Called every `beatMs`. */
  readonly onBeat: () => void;
  readonly onGone: (node: string) => void;
  /** One that was taken for gone is heard of again. */
  readonly onBack: (node: string) => void;
}

/** Which of the other nodes are there, by when they were last heard of. */
export class LivingNodes {
  readonly #init: LivingNodesInit;
  readonly #heardUs = new Map<string, number>();
  readonly #gone = new Set<string>();
  #cancel: () => void = () => undefined;
  #stopped = false;

  constructor(init: LivingNodesInit) {
    this.#init = init;
    this.#tick();
  }

  /** In the order of their names. */
  get names(): readonly string[] {
    return [...this.#heardUs.keys()].toSorted();
  }

  has(node: string): boolean {
    return this.#heardUs.has(node);
  }

  /** It should be there: from now on it is missed when it says nothing. */
  expect(node: string): void {
    if (!this.#heardUs.has(node) && !this.#gone.has(node)) this.#heardUs.set(node, this.#init.clock.nowUs());
  }

  heard(node: string): void {
    this.#heardUs.set(node, this.#init.clock.nowUs());
    if (this.#gone.delete(node)) this.#init.onBack(node);
  }

  /** It has said that it goes, or was not heard of. */
  left(node: string): void {
    if (!this.#heardUs.delete(node)) return;
    this.#gone.add(node);
    this.#init.onGone(node);
  }

  /** Nothing is left of a node that has gone. */
  forget(node: string): void {
    this.#gone.delete(node);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #tick(): void {
    const { clock, onBeat } = this.#init;
    onBeat();
    const dueUs = clock.nowUs() + nodeLimits.beatMs * 1_000;
    this.#cancel = clock.schedule(nodeLimits.beatMs, () => {
      const nowUs = clock.nowUs();
      // Who has slept itself has heard nobody, and that says nothing of the others.
      const slept = nowUs - dueUs > nodeLimits.beatMs * 1_000;
      for (const [node, heardUs] of this.#heardUs) {
        if (slept) this.#heardUs.set(node, nowUs);
        else if (nowUs - heardUs >= nodeLimits.goneMs * 1_000) this.left(node);
      }
      if (!this.#stopped) this.#tick();
    });
  }
}
