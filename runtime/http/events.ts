/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): the frames of all outputs in one stream. */
import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import type { Frame } from "../interface/frame.ts";
import type { Link } from "../interface/link.ts";
import { Waiters } from "../pipeline/waiters.ts";
import { httpLimits } from "./limits.ts";
import { problemOf } from "./problem.ts";
import { valueText } from "./values.ts";

/** Holds the events that the client has not taken yet; full, it has the pipeline wait. */
export class EventStream {
  readonly #clock: Clock;
  readonly #writers = new Waiters();
  readonly #reader = new Waiters();
  #waiting: string[] = [];
  #bytes = 0;
  #last: string | undefined;
  #isOver = false;
  #epoch = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The writer of an output. */
  link(port: string): Link {
    return new OutputLink(port, this);
  }

  get hasRoom(): boolean {
    const { waitingFrames, waitingBytes } = httpLimits;
    return !this.#isOver && this.#waiting.length < waitingFrames && this.#bytes < waitingBytes;
  }

  /** Resolves when there may be room. @throws {MeshError} why there will be none; the signal's reason */
  room(signal: AbortSignal | undefined): Promise<void> {
    return this.#isOver ? Promise.reject(over("the stream")) : this.#writers.wait(signal);
  }

  put(port: string, { seq, epoch, timestampUs, payload }: Frame): void {
    if (this.#isOver) throw over(port);
    if (epoch < this.#epoch) return;
    if (epoch > this.#epoch) this.flush(epoch);
    const data = `{"value":${valueText(payload)},"timestampUs":${timestampUs}}`;
    const text = `event: ${port}\nid: ${seq}\ndata: ${data}\n\n`;
    this.#waiting.push(text);
    this.#bytes += text.length;
    this.#reader.wake();
  }

  /** What belongs to an older epoch is of no use any more. */
  flush(epoch: number): void {
    if (epoch <= this.#epoch) return;
    this.#epoch = epoch;
    this.#clear();
  }

  /** Nothing follows but what waits, and the reason of a failure. */
  end(error: MeshError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (error !== undefined) this.#last = `event: error\ndata: ${JSON.stringify(problemOf(error))}\n\n`;
    this.#writers.refuse(error ?? over("the stream"));
    this.#reader.wake();
  }

  /** The text of the events as it can be sent; a comment where there is none for a while. Read once. */
  async *texts(): AsyncGenerator<string> {
    // So that the client sees at once that it is heard.
    yield ": here\n\n";
    for (;;) {
      if (this.#waiting.length > 0) yield this.#take();
      else if (this.#isOver) break;
      else if (await this.#isIdle()) yield ": here\n\n";
    }
    if (this.#last !== undefined) yield this.#last;
  }

  #take(): string {
    const text = this.#waiting.join("");
    this.#clear();
    return text;
  }

  #clear(): void {
    this.#waiting = [];
    this.#bytes = 0;
    this.#writers.wake();
  }

  /** Waits for an event. @returns true when none has come for so long that the client should hear something */
  async #isIdle(): Promise<boolean> {
    let isIdle = false;
    const cancel = this.#clock.schedule(httpLimits.keepAliveMs, () => {
      isIdle = true;
      this.#reader.wake();
    });
    await this.#reader.wait();
    cancel();
    return isIdle;
  }
}

class OutputLink implements Link {
  readonly #port: string;
  readonly #events: EventStream;
  #hasEnded = false;

  constructor(port: string, events: EventStream) {
    this.#port = port;
    this.#events = events;
  }

  get writable(): boolean {
    return !this.#hasEnded && this.#events.hasRoom;
  }

  async ready(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    while (!this.writable) {
      if (this.#hasEnded) throw over(this.#port);
      await this.#events.room(signal);
    }
  }

  send(frame: Frame): void {
    if (this.#hasEnded) throw over(this.#port);
    if (!this.writable) {
      throw new MeshError("channel-full", `\`${this.#port}\` has no room; wait for \`ready\` before \`send\`.`);
    }
    this.#events.put(this.#port, frame);
  }

  flush(epoch: number): void {
    this.#events.flush(epoch);
  }

  end(): void {
    this.#hasEnded = true;
  }

  /** The end of the session says why. */
  abort(): void {
    this.#hasEnded = true;
  }
}

function over(port: string): MeshError {
  return new MeshError("channel-closed", `\`${port}\` has ended and takes no more frames.`);
}
