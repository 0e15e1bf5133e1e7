import type { MeshError } from "../interface/errors.ts";
import type { Frame } from "../interface/frame.ts";
import type { KeyFrameListener, Link } from "../interface/link.ts";
import { Waiters } from "../pipeline/waiters.ts";

/** What the frames to and from a remote have in common. */
export interface Epochs {
  /** The newest epoch that any of them had. */
  current: number;
  /** Is told of each. */
  readonly onFrame: (() => void) | undefined;
}

/** Where the frames of one output go, over all the sessions that follow each other behind a remote. */
export interface StreamOutlet {
  readonly link: Link;
  readonly epochs: Epochs;
  /** Number of the next frame: the sessions each count from 0, what comes out is one stream. */
  next: number;
  ended: boolean;
}

/**
 * The end of an output that one session gets. It has no room before the session has won against others that were tried
 * beside it, and once the session is over, nothing it still sends comes through.
 */
export class FencedLink implements Link {
  readonly #outlet: StreamOutlet;
  readonly #onAbort: (error: MeshError) => void;
  readonly #waiters = new Waiters();
  #state: "waiting" | "open" | "fenced" = "waiting";
  #firstSeq = 0;
  #firstEpoch = 0;
  #endsEarly = false;
  #askWriter: KeyFrameListener | undefined;
  /** Another session takes over once this one has ended; is told of each frame until then. */
  #leaves: (() => void) | undefined;

  /** @param onAbort the session has given the stream up */
  constructor(outlet: StreamOutlet, onAbort: (error: MeshError) => void) {
    this.#outlet = outlet;
    this.#onAbort = onAbort;
  }

  get writable(): boolean {
    return this.#state === "fenced" || (this.#state === "open" && this.#outlet.link.writable);
  }

  async ready(signal?: AbortSignal): Promise<void> {
    while (this.#state === "waiting") await this.#waiters.wait(signal);
    if (this.#state === "open") await this.#outlet.link.ready(signal);
  }

  send(frame: Frame): void {
    if (this.#state !== "open") return;
    const { epochs, link } = this.#outlet;
    const seq = this.#firstSeq + frame.seq;
    // A session that begins in the middle counts its epochs from 0; its frames are none the staler for it.
    const epoch = Math.max(this.#firstEpoch, frame.epoch);
    this.#outlet.next = Math.max(this.#outlet.next, seq + 1);
    epochs.current = Math.max(epochs.current, epoch);
    epochs.onFrame?.();
    this.#leaves?.();
    link.send(seq === frame.seq && epoch === frame.epoch ? frame : { ...frame, seq, epoch });
  }

  onKeyFrameRequest(listener: KeyFrameListener): void {
    this.#askWriter = listener;
    if (this.#state === "open") this.#outlet.link.onKeyFrameRequest?.(listener);
  }

  end(): void {
    if (this.#state === "waiting") this.#endsEarly = true;
    if (this.#state !== "open" || this.#outlet.ended) return;
    if (this.#leaves !== undefined) {
      this.fence();
      return;
    }
    this.#outlet.ended = true;
    this.#outlet.link.end();
  }

  /** A failure ends the session, not the stream: another session may go on with it. */
  abort(error: MeshError): void {
    if (this.#state === "fenced") return;
    this.fence();
    this.#onAbort(error);
  }

  /** From now on frames come through, as a continuation of what came before. */
  open(): void {
    if (this.#state !== "waiting") return;
    this.#state = "open";
    this.#firstSeq = this.#outlet.next;
    this.#firstEpoch = this.#outlet.epochs.current;
    if (this.#askWriter !== undefined) this.#outlet.link.onKeyFrameRequest?.(this.#askWriter);
    this.#waiters.wake();
    if (this.#endsEarly) this.end();
  }

  /**
   * Another session takes over once this one has ended: its end is not the end of the stream.
   * @param onFrame is told of each frame that still comes
   */
  leave(onFrame: () => void): void {
    this.#leaves = onFrame;
  }

  fence(): void {
    this.#state = "fenced";
    this.#waiters.wake();
  }
}
