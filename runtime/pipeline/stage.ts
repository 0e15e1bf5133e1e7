import type { Frame, Payload } from "../interface/frame.ts";
import { FlowFrame } from "./flow-frame.ts";
import { Fused, maxFused, type Mapping } from "./fuse.ts";
import { KeptFrames } from "./kept-frames.ts";
import { wrongPayload, type Code } from "./node-code.ts";
import type { NodeRun } from "./node-run.ts";
import type { OutPort } from "./out-port.ts";
import type { Outlet } from "./outlet.ts";
import { Sampler } from "./sampler.ts";

/** In the first frames, what one node with `map` gives to the next is checked. */
const closelyWatched = 64;

/** One node of a stage, and the input by which it is fed. */
export interface StageNode {
  readonly run: NodeRun;
  readonly port: string;
  /** Its code has `map`. */
  readonly maps: boolean;
}

/** Is told that nothing more comes. */
export interface Ender {
  finish(): void;
}

/** What is called in one go: nodes with `map`, or one with `process`. */
class Step {
  readonly last: NodeRun;
  /** Where what the last of the nodes returns goes. */
  readonly sole: OutPort | undefined;
  readonly code: Code;
  readonly port: string;
  readonly fused: Fused | undefined;
  /** Where what the node sends itself is kept: another step follows. */
  readonly kept: KeptFrames | undefined;
  readonly next: Step | undefined;
  readonly #runs: readonly NodeRun[] | undefined;

  constructor(nodes: readonly [StageNode, ...StageNode[]], next: Step | undefined) {
    const [head] = nodes;
    this.last = nodes.at(-1)?.run ?? head.run;
    this.sole = this.last.sole;
    this.code = this.last.code;
    this.port = head.port;
    this.kept = this.last.kept;
    this.next = next;
    this.#runs = head.maps ? nodes.map((node) => node.run) : undefined;
    this.fused = this.#runs && fuse(this.#runs);
  }

  get runs(): readonly NodeRun[] {
    return this.#runs ?? [this.last];
  }
}

function fuse(runs: readonly NodeRun[]): Fused {
  const [first, ...others] = runs.map((run) => run.instance as Mapping) as [Mapping, ...Mapping[]];
  const fused = new Fused([first, ...others]);
  runs.forEach((run, place) => {
    run.counts ??= [];
    run.counts.push(() => fused.framesAt(place));
  });
  return fused;
}

/**
 * Synchronous nodes that follow each other, as one: each is called with what the one before has given, in a loop, so that
 * the depth of calls does not grow with the length of the chain (processors predict the returns of only some 16 calls).
 * Runs of nodes with `map` work on the bare payload; a frame is made only where one is asked for.
 *
 * What comes out of a stage and what a `process` sends is always checked; between two nodes with `map`, the first frames
 * are, and every one that is timed.
 */
export class Stage implements Outlet, StageNode {
  readonly run: NodeRun;
  readonly port: string;
  readonly maps: boolean;
  readonly #ender: Ender;
  /** The first of them, made for the first frame: a stage that another one goes through gets none. */
  #step: Step | undefined;
  /** Where all of it is one function. */
  #fused: Fused | undefined;
  /** Frames until the next that is watched. */
  #left = 0;
  /** Frames that have still to be watched because they are the first. */
  #first = 0;
  #sampler: Sampler | undefined;

  /** The stage that begins with a node. */
  constructor(head: StageNode, ender: Ender) {
    this.run = head.run;
    this.port = head.port;
    this.maps = head.maps;
    this.#ender = ender;
  }

  offer(frame: Frame): void {
    this.#left -= 1;
    const step = this.#step;
    if (step === undefined || this.#left < 0) this.#closely(step ?? this.#build(), frame);
    else if (this.#fused === undefined) this.#from(step, frame);
    else this.#map(step, this.#fused, frame);
  }

  end(): void {
    this.#ender.finish();
  }

  // ---- the way of a frame -------------------------------------------------------------------------------------

  /** `#from` for a stage that is one function. */
  #map(step: Step, fused: Fused, frame: Frame): void {
    const { last } = step;
    // A node may end the epoch that the frame belongs to.
    const { fence } = last;
    if (fence < 0) return;
    fused.frames += 1;
    let result: Payload | undefined;
    try {
      result = fused.call(frame.payload, frame);
    } catch (error) {
      step.runs[fused.at]?.fail(error);
      return;
    }
    if (result === undefined) fused.dropped();
    else if (last.fence === fence) last.sendOut(result, frame.timestampUs, frame.flags);
  }

  #from(first: Step, frame: Frame): void {
    let step = first;
    let header = frame;
    let { payload } = frame;
    try {
      for (;;) {
        const { last, fused, sole, next } = step;
        // A node may end the epoch that the frame belongs to.
        const { fence } = last;
        if (fence < 0) return;
        if (fused === undefined) {
          last.enter(header.timestampUs);
          const returned: unknown = step.code.process(header, step.port, last.work);
          last.staged = false;
          const { kept } = step;
          if (kept === undefined || sole === undefined || next === undefined || last.fence !== fence) {
            this.#handOn(step, last.plain(returned), header, fence);
            return;
          }
          if (kept.count === 0 && sole.takesPlain(returned)) {
            payload = returned;
            header = new FlowFrame(header.timestampUs, sole.count(), fence, header.flags, payload);
          } else if (kept.count === 1 && returned === undefined) {
            if (kept.bare) {
              payload = kept.takePayload();
              header = new FlowFrame(header.timestampUs, sole.count(), fence, 0, payload);
            } else {
              header = kept.take(sole, header.timestampUs);
              payload = header.payload;
            }
          } else {
            this.#handOn(step, last.plain(returned), header, fence);
            return;
          }
          step = next;
          continue;
        }
        fused.frames += 1;
        const result = fused.call(payload, header);
        if (result === undefined) {
          fused.dropped();
          return;
        }
        if (last.fence !== fence) return;
        if (sole === undefined || next === undefined) {
          last.sendOut(result, header.timestampUs, header.flags);
          return;
        }
        payload = result;
        step = next;
        if (next.fused !== undefined) continue;
        if (!sole.takes(payload)) {
          last.fail(wrongPayload(sole, payload));
          return;
        }
        header = new FlowFrame(header.timestampUs, sole.count(), fence, header.flags, payload);
      }
    } catch (error) {
      failedAt(step, error);
    }
  }

  /** What has come of a call by frames, where that is not one payload for the next step. */
  #handOn({ last, kept, sole, next }: Step, result: Payload | undefined, header: Frame, fence: number): void {
    // In the order in which they were sent. Each goes on by itself.
    if (kept !== undefined && kept.count !== 0 && sole !== undefined && next !== undefined) {
      for (const frame of kept.takeAll(sole, header.timestampUs)) {
        if (frame.epoch === last.fence) this.#from(next, frame);
        else last.dropped += 1;
      }
    }
    const { timestampUs, flags } = header;
    if (last.fence !== fence) last.expired(result);
    else if (result === undefined) return;
    else if (sole === undefined || next === undefined) last.sendOut(result, timestampUs, flags);
    else if (sole.takes(result)) this.#from(next, new FlowFrame(timestampUs, sole.count(), fence, flags, result));
    else last.fail(wrongPayload(sole, result));
  }

  /** The same as `#from`, with all checks and each node timed. */
  #closely(first: Step, frame: Frame): void {
    if (this.#first > 0) this.#first -= 1;
    let step = first;
    let header = frame;
    try {
      for (;;) {
        const { last, fused, kept, sole, next } = step;
        const { fence } = last;
        if (fence < 0) break;
        const result = fused === undefined ? called(step, header) : mapped(step.runs, fused, header);
        if (
          kept === undefined ||
          sole === undefined ||
          next === undefined ||
          kept.count !== 0 ||
          last.fence !== fence
        ) {
          this.#handOn(step, result, header, fence);
          break;
        }
        if (result === undefined) break;
        if (!sole.takes(result)) {
          last.fail(wrongPayload(sole, result));
          break;
        }
        const { timestampUs, flags } = header;
        header = new FlowFrame(timestampUs, fused === undefined ? sole.count() : sole.frames, fence, flags, result);
        step = next;
      }
    } catch (error) {
      failedAt(step, error);
    }
    this.#sampler ??= new Sampler();
    const stride = this.#sampler.done(this.run.clock.nowUs());
    this.#left = this.#first > 0 ? 0 : stride - 1;
  }

  // ---- how it is built ----------------------------------------------------------------------------------------

  /** Now that all is connected: follows the links to the last node that belongs to the stage. */
  #build(): Step {
    const nodes: StageNode[] = [this];
    for (let next = this.run.sole?.outlet; next instanceof Stage && !nodes.includes(next);) {
      nodes.push(next);
      next = next.run.sole?.outlet;
    }
    // Stages of several inputs of a node have the same nodes.
    const kept = this.run.kept ?? new KeptFrames();
    for (const { run } of nodes.slice(0, -1)) run.kept = kept;
    let step: Step | undefined;
    for (let to = nodes.length; to > 0;) {
      let from = to - 1;
      if (nodes[from]?.maps === true) while (to - from < maxFused && nodes[from - 1]?.maps === true) from -= 1;
      step = new Step(nodes.slice(from, to) as [StageNode, ...StageNode[]], step);
      to = from;
    }
    this.#step = step as Step;
    for (; step !== undefined; step = step.next) if (step.runs.length > 1) this.#first = closelyWatched;
    if (this.#step.next === undefined) this.#fused = this.#step.fused;
    return this.#step;
  }
}

/** Calls a node by a frame. */
function called({ last, code, port }: Step, frame: Frame): Payload | undefined {
  last.enter(frame.timestampUs);
  return last.timed(() => {
    const returned = code.process(frame, port, last.work);
    last.staged = false;
    return last.plain(returned);
  });
}

/** Calls nodes by a payload, one after the other. */
function mapped(runs: readonly NodeRun[], fused: Fused, header: Frame): Payload | undefined {
  let payload: Payload | undefined = header.payload;
  fused.frames += 1;
  for (const [place, run] of runs.entries()) {
    const given: Payload = payload;
    fused.at = place;
    payload = run.timed(() => (run.instance as Mapping).map(given, header));
    if (payload === undefined) {
      fused.dropped();
      return undefined;
    }
    const out = run.sole;
    if (out !== undefined && !out.takes(payload)) {
      run.fail(wrongPayload(out, payload));
      return undefined;
    }
  }
  return payload;
}

/** What the code of a step has thrown. */
function failedAt({ last, runs, fused }: Step, error: unknown): void {
  if (fused === undefined) last.threw(error);
  else runs[fused.at]?.fail(error);
}
