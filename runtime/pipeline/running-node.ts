import type { FlowType, Schemas } from "../interface/caps.ts";
import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import type { Frame } from "../interface/frame.ts";
import type { Emit, Log, NodeInstance, NodeMetrics } from "../interface/node.ts";
import type { NodePlan } from "../interface/plan.ts";
import type { NodeDescription } from "../interface/session.ts";
import type { BoundedChannel } from "./bounded-channel.ts";
import { failureAt, type Place } from "./failures.ts";
import { Gate } from "./gate.ts";
import type { Join } from "./joins/join.ts";
import { JoinWatch, type StandStill } from "./join-watch.ts";
import { joinOf } from "./joins/join-of.ts";
import { NodeClock } from "./node-clock.ts";
import { mapCode, noCode } from "./node-code.ts";
import { OwnMetrics } from "./node-metrics.ts";
import { NodeRun } from "./node-run.ts";
import { OutPort } from "./out-port.ts";
import { ignore } from "./outcome.ts";
import type { Outlet, Room } from "./outlet.ts";
import { settledWithin } from "./settled-within.ts";
import { soon } from "./soon.ts";
import type { LoadProbe } from "./splits/load.ts";
import { Stage } from "./stage.ts";
import type { Turns } from "./turns.ts";
import type { PlaceOf } from "./value-place.ts";
import type { Watchdog, Watched } from "./watchdog.ts";
import { WorkSignal } from "./work-signal.ts";

/** A queue in front of a node, and the port that it feeds. */
export interface QueuedInput {
  readonly port: string;
  readonly channel: BoundedChannel;
  readonly signal: boolean;
  /** Closes a loop: the node does not wait for its end. */
  readonly back: boolean;
}

/** How a node is fed; known before any node of the session opens. */
export interface NodeFeed {
  readonly queues: readonly QueuedInput[];
  /** Links by which a producer calls the node in line: 0 or 1. */
  readonly inline: number;
}

/** What code needs to make an instance. */
export interface InstanceContext {
  readonly emit: Emit;
  readonly fail: (error: unknown) => void;
  readonly metrics: NodeMetrics;
  readonly clock: Clock;
  /** Aborts when the instance is torn down. */
  readonly abort: WorkSignal;
}

export interface RunningNodeInit {
  readonly plan: NodePlan;
  readonly pipeline: string;
  readonly sync: boolean;
  /** May get frames that belong to a call of a `first`. */
  readonly called: boolean;
  /** The fixed formats of the outputs. */
  readonly formats: Readonly<Record<string, FlowType>>;
  readonly schemas: Schemas;
  /** Where whole values are looked at as they come out, and not their kind alone. */
  readonly checks: PlaceOf | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly turns: Turns;
  readonly watchdog: Watchdog;
  readonly make: (context: InstanceContext) => NodeInstance | Promise<NodeInstance>;
  readonly onFailure: (error: MeshError) => void;
  readonly onRestart: (error: MeshError, attempt: number) => void;
  /** @param why of a join that finds no set; otherwise its code has not answered */
  readonly onStalled: (forMs: number, why?: StandStill) => void;
  readonly onEnd: () => void;
}

/** One instance and what belongs to it. */
interface Life {
  readonly run: NodeRun;
  readonly abort: WorkSignal;
  readonly clock: NodeClock;
  opening: Promise<NodeInstance> | undefined;
  /** By input: the stage that begins with the node. */
  readonly stages: Map<string, Stage>;
}

/** How long a node may take to notice that its session is over, before it is left behind. */
const closeTimeoutMs = 5_000;

/** The first restart comes at once, later ones after this, doubled each time. */
const restartAfterMs = 100;
const restartAtMostMs = 10_000;

/**
 * One node of a session. With queues in front it takes frames from them, in runs, as long as all queues behind it have
 * room; otherwise its producer calls it in line, or it is a source. What the code itself does is the matter of `NodeRun`.
 */
export class RunningNode implements LoadProbe, Watched {
  readonly id: string;
  readonly place: Place;
  readonly outputs: ReadonlyMap<string, OutPort>;
  readonly #init: RunningNodeInit;
  readonly #metrics = new OwnMetrics();
  readonly #queues: readonly QueuedInput[];
  /** Those that are not joined. */
  readonly #loose: readonly QueuedInput[];
  readonly #inline: number;
  readonly #join: Join | undefined;
  readonly #joinWatch: JoinWatch | undefined;
  #gate = new Gate([]);
  #life: Life;
  #state: NodeDescription["state"] = "opening";
  #framesBefore = 0;
  #droppedBefore = 0;
  #restarts = 0;
  #leaked = 0;
  #epoch = 0;
  #scheduled = false;
  #paused = false;
  #ending = false;
  #closing: Promise<void> | undefined;
  /** The end of the instance that was given up last. */
  #freeing: Promise<void> = Promise.resolve();

  constructor(init: RunningNodeInit, feed: NodeFeed) {
    const { plan } = init;
    this.id = plan.id;
    this.#init = init;
    this.#queues = feed.queues;
    this.#inline = feed.inline;
    const joined = plan.join?.inputs ?? [];
    this.#loose = feed.queues.filter((input) => !joined.includes(input.port));
    this.place = { id: plan.id, pipeline: init.pipeline, location: plan.location };
    this.outputs = new Map(
      Object.entries(init.formats).map(([port, type]) => [port, new OutPort(port, type, init.schemas, init.checks)]),
    );
    const inputs = joined.map((port) => ({ port, channels: this.#channels(port) }));
    this.#join = plan.join && joinOf(plan.join, inputs);
    if (plan.join !== undefined) {
      const isFree = (): boolean =>
        this.#state === "running" && this.#life.run.pending === undefined && this.#gate.open;
      this.#joinWatch = new JoinWatch({ inputs, isFree, watchdog: init.watchdog, onStalled: init.onStalled });
    }
    this.#life = this.#newLife();
    init.watchdog.add(this);
  }

  get ended(): boolean {
    return this.#state === "ended" || this.#state === "failed";
  }

  /** Will end by itself as soon as it has worked off what it has. */
  get draining(): boolean {
    if (this.ended || (this.#state === "opening" && this.#restarts === 0)) return false;
    if (this.#ending || this.#join?.over === true) return true;
    return this.#queues.length > 0 && this.#queues.every((input) => input.back || input.channel.ended);
  }

  // ---- what others look at ------------------------------------------------------------------------------------

  get waiting(): number {
    const busy = this.#life.run.pending === undefined ? 0 : 1;
    return this.#queues.reduce((sum, input) => sum + (input.signal ? 0 : input.channel.size), busy);
  }

  get serviceMs(): number | undefined {
    return this.#life.run.sampler.mean.value;
  }

  get waitingSince(): number | undefined {
    return this.#life.run.waitingSince;
  }

  stalled(forMs: number): void {
    this.#init.onStalled(forMs);
  }

  timedOut(afterMs: number): void {
    this.#life.run.fail(new MeshError("deadline-exceeded", `it has not answered for ${afterMs} ms.`));
  }

  describe(): NodeDescription {
    const dropped = this.#droppedBefore + this.#life.run.dropped;
    const metrics = this.#metrics.figures;
    return {
      id: this.id,
      node: this.#init.plan.node,
      state: this.#state,
      frames: this.#framesBefore + this.#life.run.frames,
      workMs: this.serviceMs,
      ...(dropped > 0 && { dropped }),
      ...(this.#restarts > 0 && { restarts: this.#restarts }),
      ...(this.#leaked > 0 && { leaked: this.#leaked }),
      ...(metrics !== undefined && { metrics }),
    };
  }

  // ---- the life of the node -----------------------------------------------------------------------------------

  /** @throws {MeshError} that names the node */
  async open(): Promise<void> {
    try {
      await this.#openLife(this.#life);
    } catch (error) {
      this.#state = "failed";
      throw failureAt(this.place, error);
    }
  }

  /** All nodes of the session are open. @param rooms what must have room before the node takes a frame */
  connect(rooms: readonly Room[]): void {
    this.#gate = new Gate(rooms, this.#queues.length > 0 ? this.#poke : undefined);
    this.#life.run.connect(this.#gate);
    for (const { channel } of this.#queues) channel.onReadable(this.#poke);
  }

  /** From now on frames are taken. */
  start(): void {
    if (this.#state !== "opening") return;
    this.#state = "running";
    this.#life.run.start();
  }

  /** After `start` of all nodes: sends what was emitted early and begins to work. */
  run(): void {
    this.#life.run.release();
    if (this.#queues.length > 0) this.#poke();
    else if (this.#inline === 0 && this.#state === "running") this.#life.run.run(this.#ended);
  }

  /** A new epoch has begun here. What waits in queues is the matter of the session. */
  flush(epoch: number): void {
    this.#epoch = epoch;
    this.#join?.flush();
    this.#life.run.flush(epoch);
  }

  /** Frees the instance, exactly once, when it is at rest; one that does not come to rest is left after a while. */
  close(reason: MeshError): Promise<void> {
    this.#closing ??= this.#tearDown(reason);
    return this.#closing;
  }

  async #tearDown(reason: MeshError): Promise<void> {
    if (this.#state === "opening" || this.#state === "running") this.#state = "ended";
    this.#gate.fail(reason);
    this.#join?.flush();
    await Promise.all([this.#free(this.#life, reason), this.#freeing]);
  }

  async #free(life: Life, reason: MeshError): Promise<void> {
    const { clock, log } = this.#init;
    life.run.stop(reason);
    life.abort.abort(reason);
    const freed = (async () => {
      const instance = await life.opening?.catch(ignore);
      // The code of a node must not find what it works with freed under its hands.
      await life.run.pending?.catch(ignore);
      await instance?.close?.();
    })();
    try {
      const inTime = await settledWithin(freed, closeTimeoutMs, clock);
      if (!inTime) log("warn", `${this.id} did not stop within ${closeTimeoutMs} ms`, { node: this.id });
    } catch (error) {
      log("warn", `${this.id} failed while it closed: ${MeshError.from(error).message}`, { node: this.id });
    }
    const left = life.clock.close();
    if (left === 0) return;
    this.#leaked += left;
    log("warn", `${this.id} has left ${left} ${left === 1 ? "timer" : "timers"} behind`, { node: this.id });
  }

  // ---- instances ----------------------------------------------------------------------------------------------

  #newLife(): Life {
    const { sync, called, clock, turns, watchdog, plan } = this.#init;
    const run = new NodeRun({
      sync,
      called,
      batch: plan.batch === true,
      outputs: this.outputs,
      turns,
      clock,
      watchdog,
      onIdle: this.#drainNow,
      onFailure: this.#failed,
      placed: (error) => failureAt(this.place, error),
    });
    run.epoch = this.#epoch;
    run.connect(this.#gate);
    return { run, abort: new WorkSignal(), clock: new NodeClock(clock), opening: undefined, stages: new Map() };
  }

  async #openLife(life: Life): Promise<void> {
    const { make, plan, clock, sync, called } = this.#init;
    const { run, abort } = life;
    const context = { emit: run.emit, fail: run.fail, metrics: this.#metrics, clock: life.clock, abort };
    life.opening = Promise.resolve().then(() => make(context));
    const instance = await life.opening;
    if (plan.join !== undefined && instance.join === undefined) {
      throw new MeshError("node-failed", "its signature joins inputs, but its code has no `join`.");
    }
    run.opened(instance);
    const maps = instance.map !== undefined && (this.outputs.size === 0 || run.sole !== undefined);
    const framed = called || plan.batch === true;
    // Calls are frame by frame, also for the quickest form.
    if (framed && maps && run.code === noCode) run.code = mapCode(instance, plan.inputs);
    if (framed || !(sync || maps)) return;
    for (const [port, { type }] of Object.entries(plan.inputs)) {
      const node = { run, port, maps: maps && type.kind !== "signal" };
      // A node that may wait is called by frames, but for its `map`.
      if (sync || node.maps) life.stages.set(port, new Stage(node, clock, this.#finish));
    }
  }

  readonly #failed = (error: unknown): void => {
    const failure = failureAt(this.place, error);
    const { run } = this.#init.plan;
    if (run?.restart === "on_failure" && this.#restarts < run.attempts && this.#closing === undefined) {
      void this.#restart(failure);
      return;
    }
    this.#state = "failed";
    this.#init.onFailure(failure);
  };

  /** The frame in work is lost, what waits is not. */
  async #restart(error: MeshError): Promise<void> {
    const { onRestart, clock } = this.#init;
    this.#state = "opening";
    this.#restarts += 1;
    onRestart(error, this.#restarts);
    this.#ending = false;
    const old = this.#life;
    this.#framesBefore += old.run.frames;
    this.#droppedBefore += old.run.dropped;
    const life = this.#newLife();
    this.#life = life;
    this.#freeing = this.#free(old, error);
    await this.#freeing;
    if (this.#restarts > 1) {
      const waitMs = Math.min(restartAtMostMs, restartAfterMs * 2 ** (this.#restarts - 2));
      await new Promise<void>((resolve) => clock.schedule(waitMs, resolve));
    }
    if (this.#closing !== undefined) return;
    try {
      await this.#openLife(life);
    } catch (failure) {
      if (this.#closing === undefined) this.#failed(failure);
      return;
    }
    if (this.#closing !== undefined) return;
    this.start();
    this.run();
  }

  // ---- what goes in -------------------------------------------------------------------------------------------

  /** What a producer calls that has this node in line behind it; once the node is open. */
  inlet(port: string): Outlet {
    const { run, stages } = this.#life;
    return stages.get(port) ?? new InlineCall(run, port, this.#finish);
  }

  /** Something has changed that may let the node go on. */
  readonly #poke = (): void => {
    if (this.#scheduled || this.#paused || this.#state !== "running") return;
    if (this.#life.run.pending !== undefined) return;
    this.#scheduled = true;
    soon(this.#drain);
  };

  readonly #drain = (): void => {
    this.#scheduled = false;
    this.#drainNow();
  };

  readonly #resume = (): void => {
    this.#paused = false;
    this.#drainNow();
  };

  readonly #drainNow = (): void => {
    const { run, stages } = this.#life;
    if (this.#paused || this.#queues.length === 0) return;
    const { turns } = this.#init;
    while (this.#state === "running" && !this.#ending && run.pending === undefined) {
      const input = this.#next();
      if (input === undefined) {
        if (this.#takeSet(run)) continue;
        if (this.#isDrained()) this.#finish();
        return;
      }
      // Signals do not wait for room: one that is to stop a flood would come too late, one in a loop never.
      if (!input.signal && !this.#gate.open) return;
      if (turns.spend()) {
        this.#paused = true;
        void turns.next().then(this.#resume);
        return;
      }
      const frame = input.channel.take();
      if (frame === undefined) continue;
      const stage = stages.size === 0 ? undefined : stages.get(input.port);
      if (stage === undefined) run.receive(frame, input.port);
      else stage.offer(frame);
    }
  };

  /** Signals first, then the oldest frame of all queues; what is joined is not among them. */
  #next(): QueuedInput | undefined {
    const loose = this.#loose;
    if (loose.length === 1) return (loose[0]?.channel.size ?? 0) > 0 ? loose[0] : undefined;
    let best: QueuedInput | undefined;
    for (const input of loose) {
      if (input.channel.size === 0) continue;
      if (input.signal) return input;
      if (best === undefined || input.channel.arrival < best.channel.arrival) best = input;
    }
    return best;
  }

  /** True when a set of joined inputs was taken. */
  #takeSet(run: NodeRun): boolean {
    if (this.#join === undefined || !this.#gate.open) return false;
    const set = this.#join.next();
    if (set === undefined) {
      this.#joinWatch?.waits();
      return false;
    }
    this.#joinWatch?.moves();
    run.receiveSet(set.frames, set.reference);
    return true;
  }

  #isDrained(): boolean {
    const joined = this.#join?.over === true ? (this.#init.plan.join?.inputs ?? []) : [];
    return this.#queues.every((one) => one.back || one.channel.drained || joined.includes(one.port));
  }

  /** All inputs have ended. */
  readonly #finish = (): void => {
    if (this.#ending || this.#state !== "running") return;
    this.#ending = true;
    this.#life.run.end(this.#ended);
  };

  readonly #ended = (): void => {
    if (this.#state !== "running") return;
    this.#state = "ended";
    this.#life.run.finish();
    for (const output of this.outputs.values()) output.end();
    // What still comes round a loop is not wanted any more.
    for (const { channel } of this.#queues) channel.discard();
    this.#init.onEnd();
  };

  #channels(port: string): BoundedChannel[] {
    return this.#queues.filter((input) => input.port === port).map((input) => input.channel);
  }
}

/** Hands frames to a node by calling it. */
class InlineCall implements Outlet {
  readonly #run: NodeRun;
  readonly #port: string;
  readonly #onEnd: () => void;

  constructor(run: NodeRun, port: string, onEnd: () => void) {
    this.#run = run;
    this.#port = port;
    this.#onEnd = onEnd;
  }

  offer(frame: Frame): void {
    if (this.#run.live) this.#run.receive(frame, this.#port);
  }

  end(): void {
    this.#onEnd();
  }
}
