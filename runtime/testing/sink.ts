import { MeshError } from "../interface/errors.ts";
import type { Frame } from "../interface/frame.ts";
import type { KeyFrameListener, Link } from "../interface/link.ts";
import { Waiters } from "../pipeline/waiters.ts";

/** The end of an output in a test: keeps all that comes. */
export class Sink implements Link {
  readonly frames: Frame[] = [];
  readonly #capacity: number;
  readonly #writers = new Waiters();
  readonly #readers = new Waiters();
  #taken = 0;
  #askWriter: KeyFrameListener | undefined;
  #over: { readonly error: MeshError | undefined } | undefined;

  readonly #refusal: (payload: unknown) => string | undefined;

  /**
   * @param capacity frames that it has room for until they are taken
   * @param refusal why a payload is none that the output may send
   */
  constructor(capacity: number, refusal: (payload: unknown) => string | undefined) {
    this.#capacity = capacity;
    this.#refusal = refusal;
  }

  onKeyFrameRequest(listener: KeyFrameListener): void {
    this.#askWriter = listener;
  }

  requestKeyFrame(): boolean {
    return this.#askWriter?.() === true;
  }

  get writable(): boolean {
    return this.frames.length - this.#taken < this.#capacity;
  }

  ready(signal?: AbortSignal): Promise<void> {
    return this.writable ? Promise.resolve() : this.#writers.wait(signal);
  }

  /** @throws {MeshError} `node-failed`, for the node has sent what its signature does not have */
  send(frame: Frame): void {
    const refusal = this.#refusal(frame.payload);
    if (refusal !== undefined) throw new MeshError("node-failed", refusal);
    this.frames.push(frame);
    this.#readers.wake();
  }

  end(): void {
    this.finish(undefined);
  }

  abort(error: MeshError): void {
    this.finish(error);
  }

  finish(error: MeshError | undefined): void {
    this.#over ??= { error };
    this.#readers.wake();
  }

  /** The next so many frames, fewer at the end. @throws {MeshError} the failure, where it leaves no frame */
  async take(count: number): Promise<Frame[]> {
    const from = this.#taken;
    const until = from + count;
    for (;;) {
      this.#taken = Math.min(this.frames.length, until);
      if (this.writable) this.#writers.wake();
      if (this.#taken === until) break;
      if (this.#over !== undefined) {
        if (this.#over.error !== undefined) throw this.#over.error;
        break;
      }
      await this.#readers.wait();
    }
    return this.frames.slice(from, this.#taken);
  }
}
