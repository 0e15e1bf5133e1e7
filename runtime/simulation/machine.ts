import type { Clock } from "../interface/clock.ts";
import type { Random } from "../interface/random.ts";
import type { EventLoop } from "./loop.ts";

/** A machine: what its clocks show stays when a process of it ends. */
export class Machine {
  readonly name: string;
  /** Of the monotonic clock, in microseconds; it begins anywhere. */
  monotonicUs: number;
  /** Of the wall clock, in milliseconds. */
  wallMs: number;
  /** The program that runs on it; undefined after a crash. */
  process: Process | undefined;
  /** It has no power: nothing answers for it, as its system would for a process that is gone. */
  isOff = false;

  constructor(name: string, random: Random) {
    this.name = name;
    this.monotonicUs = Math.floor(random.next() * 1e12);
    this.wallMs = 1_790_000_000_000 + Math.floor((random.next() - 0.5) * 10_000);
  }
}

/** A process from its start to its end: its timers, and what comes for it. */
export class Process {
  readonly machine: Machine;
  readonly clock: Clock;
  readonly random: Random;
  /** Counts all processes of a life. */
  readonly incarnation: number;
  readonly #loop: EventLoop;
  readonly #lateUs: number;
  /** Timers that are set. */
  readonly #timers = new Set<() => void>();
  /** What would have happened while it was held up. */
  #dueTimers: (() => void)[] = [];
  #dueRest: (() => void)[] = [];
  #held = 0;
  #dead = false;

  /**
   * @param random of this process alone
   * @param lateUs how late its timers are at most as a rule, in microseconds
   */
  constructor(loop: EventLoop, machine: Machine, random: Random, incarnation: number, lateUs: number) {
    this.#loop = loop;
    this.#lateUs = lateUs;
    this.incarnation = incarnation;
    this.machine = machine;
    this.random = random;
    this.clock = {
      nowUs: () => {
        loop.look();
        return loop.nowUs + machine.monotonicUs;
      },
      wallMs: () => Math.floor(loop.nowUs / 1_000 + machine.wallMs),
      schedule: (delayMs, callback) => this.#schedule(delayMs, callback),
    };
  }

  get isDead(): boolean {
    return this.#dead;
  }

  get isHeld(): boolean {
    return this.#held > 0;
  }

  /** Timers that are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Something has come for it: now, or in its turn when the process goes on. */
  deliver(act: () => void): void {
    if (this.#dead) return;
    if (this.#held > 0) this.#dueRest.push(act);
    else act();
  }

  /** It gets no time any more, as when it is stopped, or its machine is busy. */
  hold(): void {
    this.#held += 1;
  }

  /** It goes on: first with the timers that are due, as an event loop does, each with what it sets off. */
  release(): void {
    this.#held -= 1;
    if (this.#held > 0 || this.#dead) return;
    const due = [...this.#dueTimers, ...this.#dueRest];
    this.#dueTimers = [];
    this.#dueRest = [];
    for (const act of due) this.#loop.after(0, () => this.deliver(act));
  }

  /** It is gone without a word. */
  kill(): void {
    this.#dead = true;
    this.#timers.clear();
    this.#dueTimers = [];
    this.#dueRest = [];
    if (this.machine.process === this) this.machine.process = undefined;
  }

  #schedule(delayMs: number, callback: () => void): () => void {
    this.#loop.look();
    if (this.#dead) return () => undefined;
    const lateUs = delayMs <= 0 ? 0 : Math.floor(this.random.next() * this.#lateUs);
    let cancelled = false;
    const fire = (): void => {
      if (cancelled || this.#dead) return;
      if (this.#held > 0) {
        this.#dueTimers.push(fire);
        return;
      }
      this.#timers.delete(cancel);
      callback();
    };
    const takeBack = this.#loop.after(Math.max(0, delayMs) * 1_000 + lateUs, fire);
    const cancel = (): void => {
      cancelled = true;
      takeBack();
      this.#timers.delete(cancel);
    };
    this.#timers.add(cancel);
    return cancel;
  }
}
