import { MeshError } from "../interface/errors.ts";
import type { Frame } from "../interface/frame.ts";
import type { Link } from "../interface/link.ts";
import { Waiters } from "../pipeline/waiters.ts";

export interface QuestionPortEvents {
  /** There is a frame, or there will be none any more. */
  readonly changed: () => void;
  readonly flushed: (epoch: number) => void;
  /** The writer has given up. */
  readonly failed: (error: MeshError) => void;
  /** More questions may be asked. */
  readonly hasRoom: () => boolean;
}

/** An input of a session that is made of calls: holds the frames that wait for those of the other inputs. */
export class QuestionPort implements Link {
  readonly #name: string;
  readonly #events: QuestionPortEvents;
  readonly #writers = new Waiters();
  #waiting: Frame[] = [];
  #ended = false;
  #error: MeshError | undefined;
  #epoch = 0;

  constructor(name: string, events: QuestionPortEvents) {
    this.#name = name;
    this.#events = events;
  }

  get waiting(): readonly Frame[] {
    return this.#waiting;
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  get writable(): boolean {
    return !this.#ended && this.#waiting.length === 0 && this.#events.hasRoom();
  }

  async ready(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    while (!this.writable) {
      if (this.#ended) throw this.#closed();
      await this.#writers.wait(signal);
    }
  }

  send(frame: Frame): void {
    if (this.#ended) throw this.#closed();
    if (!this.writable) {
      throw new MeshError("channel-full", `\`${this.#name}\` has no room; wait for \`ready\` before \`send\`.`);
    }
    if (frame.epoch < this.#epoch) return;
    if (frame.epoch > this.#epoch) this.flush(frame.epoch);
    this.#waiting.push(frame);
    this.#events.changed();
    this.release();
  }

  flush(epoch: number): void {
    if (epoch > this.#epoch) this.#events.flushed(epoch);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#writers.refuse(this.#closed());
    this.#events.changed();
  }

  abort(error: MeshError): void {
    if (!this.#ended) this.#events.failed(error);
  }

  /** The frame that has waited longest. */
  take(): Frame | undefined {
    return this.#waiting.shift();
  }

  dropBefore(epoch: number): void {
    this.#epoch = Math.max(this.#epoch, epoch);
    this.#waiting = this.#waiting.filter((frame) => frame.epoch >= epoch);
  }

  /** Lets the writer go on, if there is room. */
  release(): void {
    if (this.#writers.size > 0 && this.writable) this.#writers.wake();
  }

  shut(error: MeshError): void {
    this.#error ??= error;
    this.#ended = true;
    this.#writers.refuse(this.#closed());
  }

  #closed(): MeshError {
    return this.#error ?? new MeshError("channel-closed", `\`${this.#name}\` has ended and takes no more frames.`);
  }
}
