import { MeshError } from "../interface/errors.ts";
import { FrameFlag, type Frame } from "../interface/frame.ts";
import type { KeyFrameListener, Link } from "../interface/link.ts";
import { Waiters } from "../pipeline/waiters.ts";
import type { Epochs } from "./fenced-link.ts";

/**
 * A link whose other end may be exchanged: without one it has no room, so that its writer holds its frames. What ended
 * for one end is ended again for the next.
 */
export class SwitchLink implements Link {
  readonly #epochs: Epochs;
  readonly #onFailure: (error: MeshError) => void;
  readonly #waiters = new Waiters();
  #link: Link | undefined;
  /** Taken from the writer, but not by the link that failed meanwhile; in order. */
  #held: Frame[] = [];
  #ended = false;
  #discarding = false;
  #error: MeshError | undefined;
  #discarded = 0;
  /** Its writer marks key frames: pictures that build on earlier ones are of no use to an end that has not had those. */
  #keyed = false;
  #needsKey = false;
  #askWriter: KeyFrameListener | undefined;

  /**
   * @param epochs learns of the newest epoch
   * @param onFailure what the current end has failed with; it is detached then
   */
  constructor(epochs: Epochs, onFailure: (error: MeshError) => void) {
    this.#epochs = epochs;
    this.#onFailure = onFailure;
  }

  /** Frames dropped because the far side had ended before them, or because it could not have decoded them. */
  get discarded(): number {
    return this.#discarded;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get writable(): boolean {
    if (this.#discarding) return true;
    return !this.#ended && this.#held.length === 0 && this.#link !== undefined && this.#link.writable;
  }

  get underWay(): number {
    return this.#held.length + (this.#link?.underWay ?? 0);
  }

  async ready(signal?: AbortSignal): Promise<void> {
    while (!this.writable) {
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended) throw new MeshError("channel-closed", "The input has ended.");
      const link = this.#link;
      if (link === undefined || this.#held.length > 0) {
        await this.#waiters.wait(signal);
        continue;
      }
      try {
        await link.ready(signal);
      } catch (error) {
        signal?.throwIfAborted();
        this.#failed(link, error);
      }
    }
  }

  send(frame: Frame): void {
    if (this.#discarding) {
      this.#discarded += 1;
      return;
    }
    if (this.#error !== undefined) throw this.#error;
    if (this.#ended) throw new MeshError("channel-closed", "The input has ended.");
    const link = this.#link;
    if (link === undefined || !link.writable || this.#held.length > 0) {
      throw new MeshError("channel-full", "The input has no room; wait for `ready` before `send`.");
    }
    this.#epochs.current = Math.max(this.#epochs.current, frame.epoch);
    if (!this.#decodes(frame)) return;
    try {
      link.send(frame);
      this.#epochs.onFrame?.();
    } catch (error) {
      this.#held.push(frame);
      this.#failed(link, error);
    }
  }

  flush(epoch: number): void {
    this.#link?.flush?.(epoch);
  }

  onKeyFrameRequest(listener: KeyFrameListener): void {
    this.#askWriter = listener;
    this.#link?.onKeyFrameRequest?.(listener);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#held.length === 0) this.#link?.end();
  }

  abort(error: MeshError): void {
    if (this.#error !== undefined) return;
    this.#link?.abort(error);
    this.shut(error);
  }

  /** Takes no more; what was attached is left as it is. */
  shut(error: MeshError): void {
    this.#error ??= error;
    this.#ended = true;
    this.#link = undefined;
    this.#held = [];
    this.#waiters.refuse(error);
  }

  attach(link: Link): void {
    this.#link = link;
    this.#needsKey = this.#keyed;
    this.#held = this.#held.filter((frame) => this.#decodes(frame));
    if (this.#askWriter !== undefined) link.onKeyFrameRequest?.(this.#askWriter);
    if (this.#needsKey) this.#askWriter?.();
    void this.#resume(link);
  }

  /** Holds its writer until there is another end. */
  detach(): void {
    this.#link = undefined;
    this.#waiters.wake();
  }

  /** Frames that the last end had taken to no effect: the next one gets them before all others. */
  giveBack(frames: readonly Frame[]): void {
    if (!this.#discarding && this.#error === undefined) this.#held = [...frames, ...this.#held];
  }

  /** The far side wants no more: frames are taken, counted and dropped, so that they hold nobody up. */
  discard(): void {
    this.#discarding = true;
    this.#link = undefined;
    this.#discarded += this.#held.length;
    this.#held = [];
    this.#waiters.wake();
  }

  /** False for a picture that builds on what this end has not had; it is dropped. */
  #decodes({ flags }: Frame): boolean {
    if ((flags & FrameFlag.keyFrame) !== 0) {
      this.#keyed = true;
      this.#needsKey = false;
    }
    if (this.#needsKey) this.#discarded += 1;
    return !this.#needsKey;
  }

  async #resume(link: Link): Promise<void> {
    try {
      for (let first = this.#held[0]; first !== undefined; first = this.#held[0]) {
        if (!link.writable) await link.ready();
        if (this.#link !== link) return;
        if (!link.writable) continue;
        link.send(first);
        this.#held.shift();
      }
    } catch (error) {
      this.#failed(link, error);
      return;
    }
    if (this.#ended) link.end();
    this.#waiters.wake();
  }

  #failed(link: Link, error: unknown): void {
    if (this.#link !== link) return;
    this.detach();
    this.#onFailure(MeshError.from(error, "channel-closed"));
  }
}
