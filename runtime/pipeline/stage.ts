import type { Frame, Payload } from "../interface/frame.ts";
import { FlowFrame } from "./flow-frame.ts";
import { Fused, maxFused, type Mapping } from "./fuse.ts";
import { KeptFrames } from "./kept-frames.ts";
import { wrongPayload, type Code } from "./node-code.ts";
import type { NodeRun } from "./node-run.ts";
import type { OutPort } from "./out-port.ts";
import type { Outlet } from "./outlet.ts";
import { Sampler } from "./sampler.ts";

/** In the first frames, everything is checked. */
const closelyWatched = 64;

const noSteps: readonly Step[] = [];

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
  readonly #runs: readonly NodeRun[] | undefined;

  constructor(nodes: readonly [StageNode, ...StageNode[]], kept: KeptFrames | undefined) {
    const [head] = nodes;
    this.last = nodes.at(-1)?.run ?? head.run;
    this.sole = this.last.sole;
    this.code = this.last.code;
    this.port = head.port;
    this.kept = kept;
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
  /** Made for the first frame: a stage that another one goes through gets none. */
  #steps: readonly Step[] = noSteps;
  /** Where all of it is one function. */
  #fused: Fused | undefined;
  #sampler: Sampler | undefined;
  #watched = 0;

  /** The stage that begins with a node. */
  constructor(head: StageNode, ender: Ender) {
    this.run = head.run;
    this.port = head.port;
    this.maps = head.maps;
    this.#ender = ender;
  }

  offer(frame: Frame): void {
    if (this.#watched === closelyWatched && this.#sampler?.due() === false) {
      if (this.#fused === undefined) this.#from(0, frame);
      else this.#map(this.#fused, frame);
      return;
    }
    if (this.#steps.length === 0) this.#build();
    if (this.#watched < closelyWatched) this.#watched += 1;
    this.#watch(frame);
    this.#sampler ??= new Sampler();
    this.#sampler.done(this.run.clock.nowUs());
  }

  end(): void {
    this.#ender.finish();
  }

  // ---- the way of a frame -------------------------------------------------------------------------------------

  /** `#from` for a stage that is one function. */
  #map(fused: Fused, frame: Frame): void {
    const [step] = this.#steps as [Step];
    const { last } = step;
    if (!last.live) return;
    // A node may end the epoch that the frame belongs to.
    const { epoch } = last;
    fused.frames += 1;
    let result: Payload | undefined;
    try {
      result = fused.call(frame.payload, frame);
    } catch (error) {
      step.runs[fused.at]?.fail(error);
      return;
    }
    if (result === undefined) fused.dropped();
    else if (last.epoch === epoch) last.sendOut(result, frame.timestampUs, frame.flags);
  }

  #from(first: number, frame: Frame): void {
    const steps = this.#steps;
    let header = frame;
    let { payload } = frame;
    let index = first;
    try {
      for (; index < steps.length; index += 1) {
        const { fused, last, kept, port, code, sole } = steps[index] as Step;
        // A node may have ended the epoch that the frame belongs to.
        const { epoch } = last;
        if (!last.live) return;
        let result: Payload | undefined;
        if (fused === undefined) {
          last.enter(header.timestampUs);
          last.busy = true;
          last.keeps = kept;
          const returned = code.process(header, port, last.work);
          last.busy = false;
          last.keeps = undefined;
          result = typeof returned === "object" && returned !== null ? last.plain(returned) : (returned as Payload);
          if (kept !== undefined && kept.count !== 0 && sole !== undefined) {
            if (kept.count === 1 && result === undefined && last.epoch === epoch) {
              header = kept.take(sole);
              payload = header.payload;
              continue;
            }
            this.#several(index, last, kept, sole, result, header);
            return;
          }
        } else {
          fused.frames += 1;
          result = fused.call(payload, header);
          if (result === undefined) fused.dropped();
        }
        if (result === undefined || last.epoch !== epoch) return;
        if (kept === undefined || sole === undefined) {
          last.sendOut(result, header.timestampUs, header.flags);
          return;
        }
        payload = result;
        if (fused !== undefined && steps[index + 1]?.fused !== undefined) continue;
        if (!sole.takes(payload)) {
          last.fail(wrongPayload(sole, payload));
          return;
        }
        header = new FlowFrame(header.timestampUs, sole.count(), epoch, header.flags, payload);
      }
    } catch (error) {
      const { runs, fused, last } = steps[index] as Step;
      last.busy = false;
      last.keeps = undefined;
      runs[fused?.at ?? 0]?.fail(error);
    }
  }

  /** A node has sent several, or has ended the epoch meanwhile: each frame goes on by itself. */
  #several(
    index: number,
    run: NodeRun,
    kept: KeptFrames,
    sole: OutPort,
    result: Payload | undefined,
    header: Frame,
  ): void {
    if (result !== undefined) kept.keep(result, header.timestampUs, run.epoch, header.flags);
    for (const frame of kept.takeAll(sole)) if (frame.epoch === run.epoch) this.#from(index + 1, frame);
  }

  /** The same as `#from`, with all checks and each node timed. */
  #watch(frame: Frame): void {
    let header = frame;
    for (const [index, { fused, runs, last, kept, port }] of this.#steps.entries()) {
      const { epoch } = last;
      if (!last.live) return;
      const result =
        fused === undefined ? this.#watchProcess(last, header, port, kept) : this.#watchFused(runs, fused, header);
      const out = last.sole;
      if (kept !== undefined && kept.count !== 0 && out !== undefined) {
        this.#several(index, last, kept, out, result, header);
        return;
      }
      if (result === undefined || last.epoch !== epoch) return;
      if (kept === undefined || out === undefined) {
        last.sendOut(result, header.timestampUs, header.flags);
        return;
      }
      if (!out.takes(result)) {
        last.fail(wrongPayload(out, result));
        return;
      }
      const { timestampUs, flags } = header;
      header = new FlowFrame(timestampUs, fused === undefined ? out.count() : out.frames, epoch, flags, result);
    }
  }

  #watchProcess(run: NodeRun, frame: Frame, port: string, kept: KeptFrames | undefined): Payload | undefined {
    run.enter(frame.timestampUs);
    return run.timed(() => {
      run.busy = true;
      run.keeps = kept;
      let returned: unknown;
      try {
        returned = run.code.process(frame, port, run.work);
      } finally {
        run.busy = false;
        run.keeps = undefined;
      }
      return typeof returned === "object" && returned !== null ? run.plain(returned) : (returned as Payload);
    });
  }

  #watchFused(runs: readonly NodeRun[], fused: Fused, header: Frame): Payload | undefined {
    let payload: Payload | undefined = header.payload;
    fused.frames += 1;
    for (const [place, run] of runs.entries()) {
      const given: Payload = payload;
      fused.at = place;
      payload = run.timed(() => (run.instance as Mapping).map(given, header));
      if (payload === undefined) {
        if (run.live) fused.dropped();
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

  // ---- how it is built ----------------------------------------------------------------------------------------

  /** Now that all is connected: follows the links to the last node that belongs to the stage. */
  #build(): void {
    const nodes: StageNode[] = [this];
    for (let next = this.run.sole?.outlet; next instanceof Stage && !nodes.includes(next);) {
      nodes.push(next);
      next = next.run.sole?.outlet;
    }
    const steps: Step[] = [];
    const kept = new KeptFrames();
    for (let from = 0; from < nodes.length;) {
      let to = from + 1;
      if (nodes[from]?.maps === true) while (to - from < maxFused && nodes[to]?.maps === true) to += 1;
      steps.push(new Step(nodes.slice(from, to) as [StageNode, ...StageNode[]], to < nodes.length ? kept : undefined));
      from = to;
    }
    this.#steps = steps;
    if (steps.length === 1) this.#fused = steps[0]?.fused;
  }
}
