import type { Clock } from "../interface/clock.ts";
import type { Frame, Payload } from "../interface/frame.ts";
import { Fused, maxFused, type Mapping } from "./fuse.ts";
import { wrongPayload, type NodeRun } from "./node-run.ts";
import type { OutPort } from "./out-port.ts";
import type { Outlet } from "./outlet.ts";
import { Sampler } from "./sampler.ts";

/** In the first frames, everything is checked. */
const closelyWatched = 64;

/**
 * A run of nodes with `map`, fused: their functions are called one after the other on the bare payload, and a frame is
 * made only at the end. What comes out of the run is always checked; between its nodes the first frames are, and every one
 * that is timed.
 */
export class MapRun implements Outlet {
  readonly head: NodeRun;
  readonly #clock: Clock;
  readonly #onEnd: () => void;
  readonly #sampler = new Sampler();
  #runs: readonly NodeRun[] = [];
  #parts: readonly Fused[] = [];
  #only: Fused | undefined;
  /** The part that was called last. */
  #part = 0;
  #last: NodeRun;
  #out: OutPort | undefined;
  #frames = 0;
  /** By node: frames that it has dropped. */
  #drops: number[] = [];

  constructor(head: NodeRun, clock: Clock, onEnd: () => void) {
    this.head = head;
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.#last = head;
  }

  offer(frame: Frame): void {
    if (this.#frames < closelyWatched || this.#sampler.due()) {
      this.#watch(frame);
      return;
    }
    const last = this.#last;
    if (!last.live) return;
    this.#frames += 1;
    const { epoch } = last;
    let payload: Payload | undefined;
    try {
      payload = this.#only === undefined ? this.#callParts(frame) : this.#only.call(frame.payload, frame);
    } catch (error) {
      this.#runs[this.#at()]?.fail(error);
      return;
    }
    if (payload === undefined) this.#drop(this.#at());
    // A node may have ended the epoch that the frame belongs to.
    else if (last.epoch === epoch) this.#send(payload, frame);
  }

  end(): void {
    this.#onEnd();
  }

  /** Frames that the node has taken, here. */
  framesOf(run: NodeRun): number {
    let frames = this.#frames;
    for (const [index, one] of this.#runs.entries()) {
      if (one === run) return frames;
      frames -= this.#drops[index] ?? 0;
    }
    return 0;
  }

  // ---- inside -------------------------------------------------------------------------------------------------

  #at(): number {
    return this.#part * maxFused + (this.#parts[this.#part]?.at ?? 0);
  }

  #drop(at: number): void {
    this.#drops[at] = (this.#drops[at] ?? 0) + 1;
  }

  #callParts(frame: Frame): Payload | undefined {
    let payload: Payload | undefined = frame.payload;
    for (let part = 0; part < this.#parts.length && payload !== undefined; part += 1) {
      this.#part = part;
      payload = this.#parts[part]?.call(payload, frame);
    }
    return payload;
  }

  #send(payload: Payload, { timestampUs, flags }: Frame): void {
    const out = this.#out;
    if (out === undefined) return;
    const last = this.#last;
    if (!out.takes(payload)) {
      last.fail(wrongPayload(out, payload));
      return;
    }
    try {
      out.send(payload, timestampUs, last.epoch, flags);
    } catch (error) {
      last.fail(error);
    }
  }

  /** The same as `offer`, with all checks and each node timed. */
  #watch(frame: Frame): void {
    if (this.#runs.length === 0) this.#build();
    const last = this.#last;
    if (!last.live) return;
    this.#frames += 1;
    const { epoch } = last;
    let payload: Payload | undefined = frame.payload;
    let sinceUs = this.#clock.nowUs();
    for (const [index, run] of this.#runs.entries()) {
      try {
        payload = (run.instance as Mapping).map(payload, frame);
      } catch (error) {
        run.fail(error);
        return;
      }
      const nowUs = this.#clock.nowUs();
      run.sampler.mean.add((nowUs - sinceUs) / 1000);
      sinceUs = nowUs;
      if (payload === undefined) {
        this.#drop(index);
        this.#sampler.done(nowUs);
        return;
      }
      const out = run.sole;
      if (out !== undefined && !out.takes(payload)) {
        run.fail(wrongPayload(out, payload));
        return;
      }
    }
    this.#sampler.done(sinceUs);
    if (last.epoch === epoch) this.#send(payload, frame);
  }

  /** Now that all is connected: follows the links to the last node that can be fused. */
  #build(): void {
    const runs: NodeRun[] = [];
    for (let run: NodeRun | undefined = this.head; run !== undefined && !runs.includes(run);) {
      runs.push(run);
      const next: Outlet | undefined = run.sole?.outlet;
      run = next instanceof MapRun ? next.head : undefined;
    }
    const parts: Fused[] = [];
    for (let from = 0; from < runs.length; from += maxFused) {
      const [first, ...others] = runs.slice(from, from + maxFused).map((run) => run.instance as Mapping);
      if (first !== undefined) parts.push(new Fused([first, ...others]));
    }
    this.#runs = runs;
    this.#parts = parts;
    this.#only = parts.length === 1 ? parts[0] : undefined;
    this.#drops = runs.map(() => 0);
    this.#last = runs.at(-1) ?? this.head;
    this.#out = this.#last.sole;
    for (const run of runs) run.mapped.push(this);
  }
}
