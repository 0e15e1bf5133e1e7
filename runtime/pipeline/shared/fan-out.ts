import type { Frame } from "../../interface/frame.ts";
import type { KeyFrameListener, Link } from "../../interface/link.ts";
import { Waiters } from "../waiters.ts";
import type { Tap } from "./tap.ts";

/** An output of a shared instance: hands each frame to all callers that are there now. */
export class FanOut implements Link {
  readonly #taps = new Set<Tap>();
  readonly #waiters = new Waiters();
  #ended = false;
  #askWriter: KeyFrameListener | undefined;

  add(tap: Tap): void {
    this.#taps.add(tap);
    if (this.#ended) tap.end();
  }

  remove(tap: Tap): void {
    this.#taps.delete(tap);
    this.roomAgain();
  }

  /** One of the callers has room again, or has gone. */
  readonly roomAgain = (): void => {
    if (this.writable) this.#waiters.wake();
  };

  get writable(): boolean {
    for (const tap of this.#taps) if (!tap.writable) return false;
    return true;
  }

  ready(signal?: AbortSignal): Promise<void> {
    return this.writable ? Promise.resolve() : this.#waiters.wait(signal);
  }

  send(frame: Frame): void {
    for (const tap of this.#taps) tap.offer(frame);
  }

  flush(): void {
    for (const tap of this.#taps) tap.flush();
  }

  onKeyFrameRequest(listener: KeyFrameListener): void {
    this.#askWriter = listener;
  }

  /** One of the callers needs a picture that decodes by itself. */
  readonly requestKeyFrame = (): boolean => this.#askWriter?.() === true;

  end(): void {
    this.#ended = true;
    for (const tap of this.#taps) tap.end();
  }

  /** The instance has failed, which its callers are told otherwise. */
  abort(): void {
    this.#ended = true;
  }
}
