import type { PayloadBuffers } from "../interface/node.ts";

/** A queue that holds what the node has sent. It is asked when a buffer is wanted; nothing is told frame by frame. */
export interface BufferReader {
  readonly queue: {
    /** The number that the next frame will have that comes in. */
    readonly entered: number;
    /** True when no frame before that number waits or, unless the reader is at rest, is in work. */
    isDoneBefore(number: number, resting: boolean): boolean;
  };
  readonly node: { readonly resting: boolean };
  /** It closes a loop: its reader may be what calls the node that asks, in the middle of a call of its own. */
  readonly back: boolean;
}

/** The queues behind a node; undefined where somebody may keep what it sends. Who is called in line has read by then. */
export type BufferReaders = readonly BufferReader[] | undefined;

/** The node that takes the buffers. */
export interface Lender {
  /** Calls into its code so far: a buffer is for the call in which it is taken. */
  readonly calls: () => number;
  /** Asked for in the first call, when they are known. */
  readonly readers: () => BufferReaders;
  /** A buffer that has come back is filled with what is no signal, and not handed out again: who still reads it is seen. */
  readonly checks: boolean;
}

type Samples = Float32Array<ArrayBuffer> | Int16Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

interface SamplesType<S extends Samples> {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): S;
  new (memory: ArrayBuffer, at: number, length: number): S;
}

interface Lent {
  /** As it was taken last. */
  view: Samples;
  /** By reader: the number before which a frame may carry it; once the call is over in which it was taken. */
  readonly until: number[];
}

/** What is larger is always new. */
const maxBytes = 4 * 1024 * 1024;
/** Beyond these, what is taken is new: a node may take any number in one call. */
const maxLent = 64;
/** Of those that are unused, the oldest is let go of: after a jam a queue is short again. */
const maxFree = 16;

/**
 * The buffers of one instance. One comes back when the node takes another in a later call, if by then the queues behind it
 * are done with all that had come in before. They keep their order, so a number for each of them says it.
 */
export class BufferPool implements PayloadBuffers {
  readonly figures = { taken: 0, made: 0 };
  readonly #lender: Lender;
  /** False where some may keep what it sends. */
  #readers: readonly BufferReader[] | false | undefined;
  /** The oldest first. */
  readonly #lent: Lent[] = [];
  readonly #free: Lent[] = [];
  /** How many of those lent are of calls that are over. */
  #over = 0;
  #call = 0;

  constructor(lender: Lender) {
    this.#lender = lender;
  }

  float32(length: number): Float32Array<ArrayBuffer> {
    return this.#take(Float32Array, length);
  }

  int16(length: number): Int16Array<ArrayBuffer> {
    return this.#take(Int16Array, length);
  }

  uint8(length: number): Uint8Array<ArrayBuffer> {
    return this.#take(Uint8Array, length);
  }

  #take<S extends Samples>(type: SamplesType<S>, length: number): S {
    const { calls, readers, checks } = this.#lender;
    const call = calls();
    const bytes = length * type.BYTES_PER_ELEMENT;
    let view: S | undefined;
    // What it sends before its first call waits for the session to start.
    if (call > 0 && bytes > 0 && bytes <= maxBytes) {
      this.#readers ??= readers() ?? false;
      if (this.#readers !== false) {
        if (call !== this.#call) this.#settle(call, this.#readers);
        if (this.#lent.length < maxLent) view = this.#lend(type, length, bytes);
      }
    }
    view ??= this.#made(new type(length));
    this.figures.taken += 1;
    if (checks) fillWrong(view);
    return view;
  }

  /** A new call has begun: what was taken in those before has been sent, if it ever is. */
  #settle(call: number, readers: readonly BufferReader[]): void {
    const lent = this.#lent;
    const free = this.#free;
    this.#call = call;
    for (; this.#over < lent.length; this.#over += 1) {
      readers.forEach(({ queue }, index) => ((lent[this.#over] as Lent).until[index] = queue.entered));
    }
    for (let [one] = lent; one !== undefined && isDone(one, readers); [one] = lent) {
      lent.shift();
      this.#over -= 1;
      if (this.#lender.checks) fillWrong(one.view);
      else if (free.push(one) > maxFree) free.shift();
    }
  }

  #lend<S extends Samples>(type: SamplesType<S>, length: number, bytes: number): S {
    const free = this.#free;
    // Sizes are powers of two, for some frames are a sample longer than others.
    const size = 2 ** (32 - Math.clz32(bytes - 1));
    const index = free.findLastIndex((other) => other.view.buffer.byteLength === size);
    const one = index < 0 ? { view: this.#made(new Uint8Array(size)), until: [] } : (free[index] as Lent);
    if (index >= 0) free.splice(index, 1);
    const { view } = one;
    const same = view instanceof type && view.length === length ? view : new type(view.buffer, 0, length);
    one.view = same;
    this.#lent.push(one);
    return same;
  }

  #made<S extends Samples>(view: S): S {
    this.figures.made += 1;
    return view;
  }
}

function isDone({ until }: Lent, readers: readonly BufferReader[]): boolean {
  return readers.every(({ queue, node, back }, index) => queue.isDoneBefore(until[index] ?? 0, !back && node.resting));
}

/** Not what any node means to send: no number, the loudest there is, or 0xff. */
function fillWrong(view: Samples): void {
  view.fill(view instanceof Float32Array ? Number.NaN : 0x7fff);
}
