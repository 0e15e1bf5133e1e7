import type { FlowType, Schemas } from "../interface/caps.ts";
import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import type { Frame } from "../interface/frame.ts";
import type { Emit, Log, NodeInstance } from "../interface/node.ts";
import type { NodePlan } from "../interface/plan.ts";
import type { NodeDescription } from "../interface/session.ts";
import type { BoundedChannel } from "./bounded-channel.ts";
import { failureAt, type Place } from "./failures.ts";
import { Gate } from "./gate.ts";
import type { Meter } from "./meter.ts";
import { MovingMean } from "./moving-mean.ts";
import type { Outlet, OutPort } from "./out-port.ts";
import { describeExpected, describePayload, kindCheck, type PayloadCheck } from "./payload-check.ts";
import { settledWithin } from "./settled-within.ts";
import type { Turns } from "./turns.ts";

/** A queue in front of a node, and the port that it feeds. */
export interface QueuedInput {
  readonly port: string;
  readonly channel: BoundedChannel;
  readonly signal: boolean;
  /** Closes a loop: the node does not wait for its end. */
  readonly back: boolean;
}

/** What a node is connected with; known before any node of the session opens. */
export interface NodeWiring {
  readonly outputs: ReadonlyMap<string, OutPort>;
  readonly queues: readonly QueuedInput[];
  /** Links by which a producer calls the node in line: 0 or 1. */
  readonly inline: number;
  /** The queues that must have room before the node takes a frame. */
  readonly downstream: readonly BoundedChannel[];
}

export interface RunningNodeInit {
  readonly plan: NodePlan;
  readonly pipeline: string;
  readonly sync: boolean;
  /** The fixed formats of the outputs. */
  readonly formats: Readonly<Record<string, FlowType>>;
  readonly schemas: Schemas;
  readonly clock: Clock;
  readonly log: Log;
  readonly turns: Turns;
  readonly meter: Meter;
  /** Shared by the session: the newest epoch that any of its frames had. */
  readonly epochs: { current: number };
  readonly onFailure: (error: MeshError) => void;
  readonly onEnd: () => void;
}

/** How long a node may take to notice that its session is over, before it is left behind. */
const closeTimeoutMs = 5_000;

/**
 * One node of a session. With queues in front it takes frames from them, in runs, as long as all queues behind it have
 * room; otherwise its producer calls it in line, or it is a source.
 */
export class RunningNode {
  readonly id: string;
  readonly place: Place;
  readonly #init: RunningNodeInit;
  readonly #checks = new Map<string, PayloadCheck>();
  readonly #work = new MovingMean();
  #wiring: NodeWiring = { outputs: new Map(), queues: [], inline: 0, downstream: [] };
  #gate = new Gate([]);
  #opening: Promise<NodeInstance> | undefined;
  #instance: NodeInstance | undefined;
  /** What was emitted before the session started. */
  #early: (() => void)[] = [];
  #state: NodeDescription["state"] = "opening";
  #frames = 0;
  #timestampUs = 0;
  #epoch = 0;
  #frameEpoch: number | undefined;
  #startUs = 0;
  /** Media time of a source that gives no timestamps runs from here. */
  #sourceStartUs: number | undefined;
  #processing = false;
  #scheduled = false;
  /** A call into the node that has not come back. */
  #inFlight: Promise<unknown> | undefined;
  #ending = false;
  #closing: Promise<void> | undefined;
  #closeReason: unknown;

  constructor(init: RunningNodeInit) {
    this.id = init.plan.id;
    this.#init = init;
    this.place = { id: init.plan.id, pipeline: init.pipeline, location: init.plan.location };
    for (const [port, type] of Object.entries(init.formats)) this.#checks.set(port, kindCheck(type, init.schemas));
  }

  get ended(): boolean {
    return this.#state === "ended" || this.#state === "failed";
  }

  /** Will end by itself as soon as it has worked off what it has. */
  get draining(): boolean {
    if (this.#state !== "running") return false;
    const { queues } = this.#wiring;
    return this.#ending || (queues.length > 0 && queues.every((input) => input.back || input.channel.ended));
  }

  // ---- the life of the node -----------------------------------------------------------------------------------

  connect(wiring: NodeWiring): void {
    this.#wiring = wiring;
    this.#gate = new Gate(wiring.downstream, wiring.queues.length > 0 ? this.#poke : undefined);
    for (const { channel } of wiring.queues) channel.onReadable(this.#poke);
  }

  /** @throws {MeshError} that names the node */
  async open(make: () => NodeInstance | Promise<NodeInstance>): Promise<void> {
    this.#opening = Promise.resolve().then(make);
    try {
      this.#instance = await this.#opening;
    } catch (error) {
      this.#state = "failed";
      throw failureAt(this.place, error);
    }
  }

  /** All nodes of the session are open: from now on frames are taken. */
  start(): void {
    if (this.#state === "opening") this.#state = "running";
  }

  /** After `start` of all nodes: sends what was emitted early and begins to work. */
  run(): void {
    const early = this.#early;
    this.#early = [];
    for (const emit of early) emit();
    if (this.#wiring.queues.length > 0) this.#poke();
    else if (this.#wiring.inline === 0) this.#runSource();
  }

  /** Frees the instance, exactly once, when it is at rest; one that does not come to rest is left after a while. */
  close(reason: MeshError): Promise<void> {
    this.#closing ??= this.#tearDown(reason);
    return this.#closing;
  }

  describe(): NodeDescription {
    const { node } = this.#init.plan;
    return { id: this.id, node, state: this.#state, frames: this.#frames, workMs: this.#work.value };
  }

  // ---- what goes in -------------------------------------------------------------------------------------------

  /** What a producer calls that has this node in line behind it. */
  outlet(port: string): Outlet {
    return {
      offer: (frame) => {
        if (this.#state !== "running" || this.#ending) return;
        this.#process(frame, port, undefined);
      },
      end: () => this.#finish(),
    };
  }

  /** Something has changed that may let the node go on. */
  readonly #poke = (): void => {
    if (this.#scheduled || this.#inFlight !== undefined || this.#state !== "running") return;
    this.#scheduled = true;
    queueMicrotask(this.#drain);
  };

  readonly #drain = (): void => {
    this.#scheduled = false;
    const { turns } = this.#init;
    while (this.#state === "running" && !this.#ending && this.#inFlight === undefined) {
      const input = this.#next();
      if (input === undefined) {
        if (this.#wiring.queues.every((one) => one.back || one.channel.drained)) this.#finish();
        return;
      }
      // Signals do not wait for room: one that is to stop a flood would come too late, one in a loop never.
      if (!input.signal && !this.#gate.open) return;
      if (turns.spend()) {
        this.#await(turns.next(), this.#resume);
        return;
      }
      const frame = input.channel.take();
      if (frame !== undefined) this.#process(frame, input.port, input.channel);
    }
  };

  readonly #resume = (): void => {
    this.#inFlight = undefined;
    this.#drain();
  };

  /** Signals first, then the oldest frame of all queues. */
  #next(): QueuedInput | undefined {
    const { queues } = this.#wiring;
    if (queues.length === 1) return (queues[0]?.channel.size ?? 0) > 0 ? queues[0] : undefined;
    let best: QueuedInput | undefined;
    for (const input of queues) {
      if (input.channel.size === 0) continue;
      if (input.signal) return input;
      if (best === undefined || input.channel.arrival < best.channel.arrival) best = input;
    }
    return best;
  }

  #process(frame: Frame, port: string, from: BoundedChannel | undefined): void {
    const { meter, epochs, sync } = this.#init;
    if (frame.epoch !== this.#epoch && !this.#enterEpoch(frame.epoch)) {
      from?.countDropped();
      return;
    }
    if (frame.epoch > epochs.current) epochs.current = frame.epoch;
    this.#timestampUs = frame.timestampUs;
    this.#frameEpoch = frame.epoch;
    let result: unknown;
    if (!sync) this.#startUs = meter.nowUs();
    const token = meter.enter(this.#frames);
    this.#frames += 1;
    this.#processing = true;
    try {
      result = this.#instance?.process?.(frame, port);
    } catch (error) {
      this.#fail(error);
    }
    this.#processing = false;
    if (!isPromise(result)) {
      meter.leave(token, this.#work);
      this.#frameEpoch = undefined;
      return;
    }
    meter.leave(token, undefined);
    if (sync) {
      result.catch(ignore);
      this.#fail(new MeshError("node-failed", "it is declared `sync`, but its `process` returned a promise."));
      return;
    }
    this.#await(result, this.#processed);
  }

  readonly #processed = (): void => {
    this.#work.add((this.#init.meter.nowUs() - this.#startUs) / 1000);
    this.#frameEpoch = undefined;
    this.#resume();
  };

  /** False when the frame is of an epoch that is over. */
  #enterEpoch(epoch: number): boolean {
    if (epoch < this.#epoch) return false;
    this.#epoch = epoch;
    try {
      this.#instance?.flush?.(epoch);
    } catch (error) {
      this.#fail(error);
    }
    return true;
  }

  // ---- what goes out ------------------------------------------------------------------------------------------

  /**
   * What the code of the node calls to send, from `open` on. It never throws, for it may be called from a timer: what
   * is wrong with the payload ends the session.
   */
  readonly emit: Emit = (port, payload, options) => {
    if (this.#state === "opening") {
      // Not a promise: who awaited it in `open` would wait for the start, which waits for `open`.
      this.#early.push(() => void this.emit(port, payload, options));
      return undefined;
    }
    if (this.#state !== "running") return this.#closing === undefined ? undefined : refused(this.#closeReason);
    const check = this.#checks.get(port);
    if (check === undefined) {
      const known = [...this.#checks.keys()].join(", ") || "none";
      this.#fail(new MeshError("node-failed", `it emits to \`${port}\`, but its outputs are: ${known}.`));
      return undefined;
    }
    if (!check(payload)) {
      const expected = describeExpected(this.#init.formats[port] as FlowType);
      const what = describePayload(payload);
      this.#fail(new MeshError("node-failed", `its output \`${port}\` takes ${expected}, not ${what}.`));
      return undefined;
    }
    const timestampUs = options?.timestampUs ?? this.#nowUs();
    const epoch = this.#frameEpoch ?? this.#init.epochs.current;
    try {
      this.#wiring.outputs.get(port)?.send(payload, timestampUs, epoch, options?.flags ?? 0);
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
    // A synchronous node cannot wait; whoever feeds it does.
    if (this.#init.sync && this.#processing) return undefined;
    if (!this.#gate.open) return this.#gate.room();
    return this.#init.turns.spend() ? this.#init.turns.next() : undefined;
  };

  #nowUs(): number {
    if (this.#sourceStartUs === undefined) return this.#timestampUs;
    return Math.round(this.#init.clock.nowUs() - this.#sourceStartUs);
  }

  // ---- the end ------------------------------------------------------------------------------------------------

  #runSource(): void {
    const { run } = this.#instance ?? {};
    if (run === undefined) {
      this.#finish();
      return;
    }
    this.#sourceStartUs = this.#init.clock.nowUs();
    this.#call(() => run.call(this.#instance), this.#ended);
  }

  /** All inputs have ended. */
  #finish(): void {
    if (this.#ending || this.#state !== "running") return;
    this.#ending = true;
    this.#call(() => this.#instance?.end?.(), this.#ended);
  }

  /** Calls into the node, and goes on when it is done, at once where it is. */
  #call(work: () => unknown, then: () => void): void {
    let result: unknown;
    try {
      result = work();
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (isPromise(result)) this.#await(result, then);
    else then();
  }

  #await(work: Promise<unknown>, then: () => void): void {
    this.#inFlight = work;
    work.then(then, this.#rejected);
  }

  readonly #rejected = (error: unknown): void => {
    this.#inFlight = undefined;
    this.#fail(error);
  };

  readonly #ended = (): void => {
    this.#inFlight = undefined;
    if (this.#state !== "running") return;
    this.#state = "ended";
    for (const output of this.#wiring.outputs.values()) output.end();
    // What still comes round a loop is not wanted any more.
    for (const { channel } of this.#wiring.queues) channel.discard();
    this.#init.onEnd();
  };

  #fail(error: unknown): void {
    // What a node says once its session is over follows from that.
    if (this.#state !== "running") return;
    this.#state = "failed";
    this.#init.onFailure(failureAt(this.place, error));
  }

  async #tearDown(reason: MeshError): Promise<void> {
    const { clock, log } = this.#init;
    this.#closeReason = reason;
    if (this.#state === "opening" || this.#state === "running") this.#state = "ended";
    this.#early = [];
    this.#gate.fail(reason);
    const freed = (async () => {
      const instance = await this.#opening?.catch(ignore);
      // The code of a node must not find what it works with freed under its hands.
      await this.#inFlight?.catch(ignore);
      await instance?.close?.();
    })();
    try {
      if (await settledWithin(freed, closeTimeoutMs, clock)) return;
      log("warn", `${this.id} did not stop within ${closeTimeoutMs} ms`, { node: this.id });
    } catch (error) {
      log("warn", `${this.id} failed while it closed: ${MeshError.from(error).message}`, { node: this.id });
    }
  }
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** For code that goes on after the end: who awaits it stops, who does not is not brought down by it. */
function refused(reason: unknown): Promise<void> {
  const promise = Promise.reject<void>(reason as Error);
  promise.catch(ignore);
  return promise;
}

function ignore(): undefined {
  return undefined;
}
