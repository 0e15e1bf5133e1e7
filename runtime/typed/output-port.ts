import { formatType } from "../interface/caps.ts";
import { MeshError } from "../interface/errors.ts";
import type { Frame } from "../interface/frame.ts";
import type { KeyFrameListener, Link } from "../interface/link.ts";
import { Waiters } from "../pipeline/waiters.ts";
import type { TypedFrame } from "./contract.ts";
import { portSession, type PortSession, type SessionPort } from "./port-session.ts";
import type { OutputPort, PortSchema } from "./ports.ts";
import { checked } from "./schema-check.ts";

/** Frames that wait for a reader. */
export const outputCapacityFrames = 64;

/**
 * The end of a stream in a program: a `Link` for the session, an async iterable for one reader at a time.
 *
 * While nobody reads, the queue gives its oldest frame up for a new one; with a reader it has no room when it is full.
 */
export class TypedOutput<T> implements OutputPort<T>, Link, SessionPort {
  readonly name: string;
  [portSession]: PortSession | undefined = undefined;
  readonly #schema: PortSchema<T, never> | undefined;
  readonly #queue: Frame[] = [];
  readonly #writers = new Waiters();
  readonly #readers = new Waiters();
  #format = "";
  #reading = false;
  #dropped = 0;
  #ended = false;
  #error: MeshError | undefined;
  #askWriter: KeyFrameListener | undefined;

  constructor(name: string, schema: PortSchema<T, never> | undefined) {
    this.name = name;
    this.#schema = schema;
  }

  // ---- the program's side -------------------------------------------------------------------------------------

  get format(): string {
    return this.#format;
  }

  get dropped(): number {
    return this.#dropped;
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this.#read((frame) => this.#payload(frame));
  }

  frames(): AsyncIterable<TypedFrame<T>> {
    return {
      [Symbol.asyncIterator]: () => this.#read((frame) => ({ ...frame, payload: this.#payload(frame) })),
    };
  }

  requestKeyFrame(): boolean {
    return !this.#ended && this.#askWriter?.() === true;
  }

  /** Takes over what was negotiated once the session is open. */
  settle(session: PortSession): void {
    this[portSession] = session;
    this.#format = formatType(session.format);
  }

  // ---- the session's side -------------------------------------------------------------------------------------

  get writable(): boolean {
    return !this.#ended && (!this.#reading || this.#queue.length < outputCapacityFrames);
  }

  ready(signal?: AbortSignal): Promise<void> {
    if (this.#ended) return Promise.reject(this.#closed());
    return this.writable ? Promise.resolve() : this.#writers.wait(signal);
  }

  send(frame: Frame): void {
    if (this.#ended) throw this.#closed();
    if (this.#queue.length >= outputCapacityFrames) {
      if (this.#reading) throw new MeshError("channel-full", `\`${this.name}\` has no room; wait for \`ready\`.`);
      this.#queue.shift();
      this.#dropped += 1;
    }
    this.#queue.push(frame);
    this.#readers.wake();
  }

  onKeyFrameRequest(listener: KeyFrameListener): void {
    this.#askWriter = listener;
  }

  end(): void {
    this.#finish(undefined);
  }

  abort(error: MeshError): void {
    this.#finish(error);
  }

  // ---- inside -------------------------------------------------------------------------------------------------

  #finish(error: MeshError | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#writers.refuse(this.#closed());
    this.#readers.wake();
  }

  #payload(frame: Frame): T {
    // What the schema leaves out has been checked by kind where it left its node.
    return this.#schema === undefined ? (frame.payload as T) : checked(this.#schema, frame.payload, this.name);
  }

  async *#read<R>(take: (frame: Frame) => R): AsyncGenerator<R, void, void> {
    if (this.#reading) {
      throw new MeshError("invalid-argument", `\`${this.name}\` is being read already.`, {
        hint: "Read it in one place and pass the frames on from there.",
      });
    }
    this.#reading = true;
    try {
      for (;;) {
        const frame = this.#queue.shift();
        if (frame !== undefined) {
          // Writers go on once half of the queue is free, so that both sides work in runs.
          if (this.#queue.length <= outputCapacityFrames / 2) this.#writers.wake();
          yield take(frame);
        } else if (!this.#ended) await this.#readers.wait();
        else if (this.#error === undefined) return;
        else throw this.#error;
      }
    } finally {
      this.#reading = false;
      this.#writers.wake();
    }
  }

  #closed(): MeshError {
    return this.#error ?? new MeshError("channel-closed", `\`${this.name}\` has ended and takes no more frames.`);
  }
}
