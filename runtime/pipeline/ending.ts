import type { Clock } from "../interface/clock.ts";
import type { BoundedChannel } from "./bounded-channel.ts";

/** A node, as far as the end of its session is concerned. */
export interface EndingNode {
  readonly ended: boolean;
  /** Will end by itself as soon as it has worked off what it has. */
  readonly draining: boolean;
}

/** A remote, as far as the end of its session is concerned. */
export class EndingRemote {
  readonly id: string;
  ended = false;
  readonly #feeds: readonly BoundedChannel[];

  /** @param feeds the queues in front of it, without those that close loops */
  constructor(id: string, feeds: readonly BoundedChannel[]) {
    this.id = id;
    this.#feeds = feeds;
  }

  /** All that it gets has ended, so it will end by itself once it has given what comes of it. */
  get draining(): boolean {
    return !this.ended && this.#feeds.length > 0 && this.#feeds.every((channel) => channel.ended);
  }
}

export interface EndingInit {
  readonly clock: Clock;
  /** Outputs that somebody wants. */
  readonly outputs: number;
  readonly nodes: { readonly all: readonly EndingNode[] };
  /** Grows with each frame that goes to a remote or comes from one. */
  readonly carried: () => number;
  /** The session is at its end. @param cut remotes that were no longer waited for */
  readonly onDone: (cut: readonly string[]) => void;
}

/** When its outputs have ended, a session waits no longer for remotes from and to which nothing has moved for so long. */
export const drainQuietMs = 10_000;

/** Nor longer than this in all: behind a remote there may be a source that never ends. */
export const drainAtMostMs = 60_000;

/**
 * Knows when a session is at its end: when all outputs that somebody wants have ended or, where nobody wants one, all
 * nodes and remotes. Nodes and remotes that are about to end by themselves are waited for, so that what is on its way to a
 * file or a peer beside the outputs arrives.
 */
export class Ending {
  readonly #init: EndingInit;
  #remotes: readonly EndingRemote[] = [];
  #pendingOutputs: number;
  #started = false;
  #looking = false;
  #over = false;
  #cancelTimer: (() => void) | undefined;

  constructor(init: EndingInit) {
    this.#init = init;
    this.#pendingOutputs = init.outputs;
  }

  /** Before the start. */
  add(remote: EndingRemote): void {
    this.#remotes = [...this.#remotes, remote];
  }

  start(): void {
    this.#started = true;
    this.look();
  }

  outputEnded(): void {
    this.#pendingOutputs -= 1;
    this.look();
  }

  /** Looks, when all that happens now has happened, whether the session is at its end. */
  look(): void {
    if (this.#looking || !this.#started || this.#over) return;
    this.#looking = true;
    void Promise.resolve().then(() => {
      this.#looking = false;
      this.#judge();
    });
  }

  close(): void {
    this.#over = true;
    this.#cancelTimer?.();
  }

  #judge(): void {
    if (this.#over) return;
    const { outputs, nodes } = this.#init;
    const { all } = nodes;
    if (outputs === 0) {
      if (all.every((node) => node.ended) && this.#remotes.every((remote) => remote.ended)) this.#done([]);
    } else if (this.#pendingOutputs === 0 && !all.some((node) => node.draining)) {
      if (!this.#remotes.some((remote) => remote.draining)) this.#done([]);
      else if (this.#cancelTimer === undefined) this.#wait(drainAtMostMs);
    }
  }

  #wait(leftMs: number): void {
    const { clock, carried } = this.#init;
    const before = carried();
    const waitMs = Math.min(drainQuietMs, leftMs);
    this.#cancelTimer = clock.schedule(waitMs, () => {
      if (carried() > before && leftMs > waitMs) this.#wait(leftMs - waitMs);
      else this.#done(this.#remotes.filter((remote) => remote.draining).map((remote) => remote.id));
    });
  }

  #done(cut: readonly string[]): void {
    this.close();
    this.#init.onDone(cut);
  }
}
