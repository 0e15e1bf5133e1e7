import { MeshError } from "../interface/errors.ts";
import type { NodeInstance } from "../interface/node.ts";
import type { NodeDescription } from "../interface/session.ts";
import type { BoundedChannel, Reader } from "./bounded-channel.ts";
import { failureAt } from "./failures.ts";
import { Gate } from "./gate.ts";
import type { Join } from "./joins/join.ts";
import { InlineCall } from "./inline-call.ts";
import { JoinWatch, type StandStill } from "./join-watch.ts";
import { joinOf } from "./joins/join-of.ts";
import { LiveContext } from "./live-context.ts";
import { mapCode, noCode } from "./node-code.ts";
import type { NodeHost, RunOwner } from "./node-host.ts";
import { OwnMetrics } from "./node-metrics.ts";
import { NodeRun } from "./node-run.ts";
import type { NodeShape } from "./node-shape.ts";
import { OutPort } from "./out-port.ts";
import { ignore, isPromise } from "./outcome.ts";
import type { Outlet, Room } from "./outlet.ts";
import { settledWithin } from "./settled-within.ts";
import type { Task } from "./soon.ts";
import type { LoadProbe } from "./splits/load.ts";
import { Stage, type Ender } from "./stage.ts";
import type { Turns } from "./turns.ts";
import type { Watched } from "./watchdog.ts";

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

/** One instance and what belongs to it. */
interface Life {
  readonly run: NodeRun;
  readonly context: LiveContext;
  /** Until its instance is there. */
  opening: Promise<NodeInstance> | undefined;
  /** The stages that begin with the node, one for each input at most. */
  stages: readonly Stage[];
}

const noStages: readonly Stage[] = [];
const noRooms: readonly Room[] = [];

/** How long a node may take to notice that its session is over, before it is left behind. */
const closeTimeoutMs = 5_000;

/** The first restart comes at once, later ones after this, doubled each time. */
const restartAfterMs = 100;
const restartAtMostMs = 10_000;

/**
 * One node of a session. With queues in front it takes frames from them, in runs, as long as all queues behind it have
 * room; otherwise its producer calls it in line, or it is a source. What the code itself does is the matter of `NodeRun`.
 */
export class RunningNode implements LoadProbe, Watched, RunOwner, Ender, Task, Reader {
  readonly shape: NodeShape;
  readonly host: NodeHost;
  after: Task | undefined;
  readonly #queues: readonly QueuedInput[];
  /** The queue that feeds it, where it is one that is not joined. */
  readonly #only: QueuedInput | undefined;
  #state: NodeDescription["state"] = "opening";
  #scheduled = false;
  #paused = false;
  #ending = false;
  #life: Life;
  #gate: Gate | undefined;
  readonly outputs: readonly OutPort[];
  readonly #inline: number;
  readonly #join: Join | undefined;
  #rooms = noRooms;
  #metrics: OwnMetrics | undefined;
  readonly #joinWatch: JoinWatch | undefined;
  #framesBefore = 0;
  #droppedBefore = 0;
  #restarts = 0;
  #leaked = 0;
  #epoch = 0;
  #closing: Promise<void> | undefined;
  #closeReason: MeshError | undefined;
  /** The end of the instance that was given up last. */
  #freeing: Promise<void> | undefined;

  constructor(shape: NodeShape, feed: NodeFeed, host: NodeHost) {
    const { join } = shape.plan;
    this.shape = shape;
    this.host = host;
    this.#queues = feed.queues;
    this.#inline = feed.inline;
    this.outputs = shape.ports.map((port) => new OutPort(port));
    this.#only = join === undefined && feed.queues.length === 1 ? feed.queues[0] : undefined;
    if (join !== undefined) {
      const inputs = join.inputs.map((port) => ({ port, channels: this.#channels(port) }));
      const isFree = (): boolean => this.#state === "running" && this.#life.run.pending === undefined && this.gate.open;
      const onStalled = (forMs: number, why: StandStill): void => host.stalled(shape, forMs, why);
      this.#join = joinOf(join, inputs);
      this.#joinWatch = new JoinWatch({ inputs, isFree, watchdog: host.watchdog, onStalled });
    }
    this.#life = this.#newLife();
  }

  get id(): string {
    return this.shape.plan.id;
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
    return this.#life.run.workMs;
  }

  get waitingSince(): number | undefined {
    return this.#life.run.waitingSince;
  }

  /**
   * Neither it nor what is around it keeps what it was given. The latest of each input is given to it more than once; a call of
   * a `first` keeps its frame for the branches that it may still ask; an instance that was given up may be at work beside the next.
   */
  get borrows(): boolean {
    const { definition, called, plan } = this.shape;
    return (
      definition?.borrows === true && !called && plan.join?.mode !== "latest" && plan.run?.restart !== "on_failure"
    );
  }

  /** Nothing that it was given is in work. */
  get resting(): boolean {
    const { run } = this.#life;
    return !run.busy && run.pending === undefined;
  }

  stalled(forMs: number): void {
    this.host.stalled(this.shape, forMs);
  }

  timedOut(afterMs: number): void {
    this.#life.run.fail(new MeshError("deadline-exceeded", `it has not answered for ${afterMs} ms.`));
  }

  describe(): NodeDescription {
    const dropped = this.#droppedBefore + this.#life.run.dropped;
    const metrics = this.#metrics?.figures;
    const buffers = this.#life.context.bufferFigures;
    return {
      id: this.id,
      node: this.shape.plan.node,
      state: this.#state,
      frames: this.#framesBefore + this.#life.run.frames,
      workMs: this.serviceMs,
      ...(dropped > 0 && { dropped }),
      ...(this.#restarts > 0 && { restarts: this.#restarts }),
      ...(this.#leaked > 0 && { leaked: this.#leaked }),
      ...(buffers !== undefined && { buffers: { ...buffers } }),
      ...(metrics !== undefined && { metrics }),
    };
  }

  // ---- the life of the node -----------------------------------------------------------------------------------

  /** A promise only where its code has one. @throws {MeshError} that names the node; so does the promise */
  open(): Promise<void> | undefined {
    try {
      return this.#openLife(this.#life)?.catch((error: unknown) => this.#notOpened(error));
    } catch (error) {
      return this.#notOpened(error);
    }
  }

  #notOpened(error: unknown): never {
    this.#state = "failed";
    throw failureAt(this.shape.place, error);
  }

  /** All nodes of the session are open. @param rooms what must have room before the node takes a frame */
  connect(rooms: readonly Room[]): void {
    this.#rooms = rooms;
    if (this.#queues.length === 0) return;
    this.#gate = new Gate(rooms, () => this.readable());
    for (const { channel } of this.#queues) channel.readBy(this);
  }

  /** From now on frames are taken. */
  start(): void {
    if (this.#state !== "opening") return;
    this.#state = "running";
    this.#life.run.start();
  }

  /** After `start` of all nodes: sends what was emitted early and begins to work. */
  begin(): void {
    this.#life.run.release();
    if (this.#queues.length > 0) this.readable();
    else if (this.#inline === 0 && this.#state === "running") this.#life.run.run(() => this.#ended());
  }

  /** A new epoch has begun here. What waits in queues is the matter of the session. */
  flush(epoch: number): void {
    this.#epoch = epoch;
    this.#join?.flush();
    this.#life.run.flush(epoch);
  }

  /** Asks its code, where that can. @returns false where it cannot */
  requestKeyFrame(port: string): boolean {
    const { run } = this.#life;
    if (this.#state !== "running" || run.instance.requestKeyFrame === undefined) return false;
    try {
      run.instance.requestKeyFrame(port);
    } catch (error) {
      run.fail(error);
    }
    return true;
  }

  /** Frees the instance, exactly once, when it is at rest; one that does not come to rest is left after a while. */
  close(reason: MeshError): Promise<void> {
    this.#closing ??= this.#tearDown(reason);
    return this.#closing;
  }

  async #tearDown(reason: MeshError): Promise<void> {
    if (this.#state === "opening" || this.#state === "running") this.#state = "ended";
    this.#closeReason = reason;
    this.#gate?.fail(reason);
    this.#join?.flush();
    await Promise.all([this.#free(this.#life, reason), this.#freeing]);
  }

  async #free(life: Life, reason: MeshError): Promise<void> {
    const { clock, log } = this.host.deps;
    life.run.stop(reason);
    life.context.abort(reason);
    const freed = (async () => {
      const instance = life.opening === undefined ? life.run.instance : await life.opening.catch(ignore);
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
    const left = life.context.close();
    if (left === 0) return;
    this.#leaked += left;
    log("warn", `${this.id} has left ${left} ${left === 1 ? "timer" : "timers"} behind`, { node: this.id });
  }

  // ---- instances ----------------------------------------------------------------------------------------------

  #newLife(): Life {
    const run = new NodeRun(this);
    run.epoch = this.#epoch;
    const context = new LiveContext(run, this);
    return { run, context, opening: undefined, stages: noStages };
  }

  #openLife(life: Life): Promise<void> | undefined {
    const made = this.host.make(this.shape, life.context);
    if (!isPromise(made)) {
      this.#opened(life, made);
      return undefined;
    }
    life.opening = made;
    return made.then((instance) => this.#opened(life, instance));
  }

  #opened(life: Life, instance: NodeInstance): void {
    const { plan, sync, called, batch } = this.shape;
    const { run } = life;
    run.opened(instance);
    life.opening = undefined;
    if (plan.join !== undefined && instance.join === undefined) {
      throw new MeshError("node-failed", "its signature joins inputs, but its code has no `join`.");
    }
    const maps = instance.map !== undefined && (this.outputs.length === 0 || run.sole !== undefined);
    const framed = called || batch;
    // Calls are frame by frame, also for the quickest form.
    if (framed && maps && run.code === noCode) run.code = mapCode(instance, plan.inputs);
    if (framed || !(sync || maps)) return;
    const heads = Object.entries(plan.inputs).map(([port, { type }]) => ({
      run,
      port,
      maps: maps && type.kind !== "signal",
    }));
    // A node that may wait is called by frames, but for its `map`.
    life.stages = heads.filter((head) => sync || head.maps).map((head) => new Stage(head, this));
  }

  failed(error: unknown): void {
    const failure = failureAt(this.shape.place, error);
    const { run } = this.shape.plan;
    if (run?.restart === "on_failure" && this.#restarts < run.attempts && this.#closing === undefined) {
      void this.#restart(failure);
      return;
    }
    this.#state = "failed";
    this.host.failed(this.shape, failure);
  }

  /** The frame in work is lost, what waits is not. */
  async #restart(error: MeshError): Promise<void> {
    const { clock } = this.host.deps;
    this.#state = "opening";
    this.#restarts += 1;
    this.host.restarting(this.shape, error, this.#restarts);
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
      if (this.#closing === undefined) this.failed(failure);
      return;
    }
    if (this.#closing !== undefined) return;
    this.start();
    this.begin();
  }

  // ---- what goes in -------------------------------------------------------------------------------------------

  get metrics(): OwnMetrics {
    this.#metrics ??= new OwnMetrics();
    return this.#metrics;
  }

  /** What has to have room before a frame is taken. */
  get gate(): Gate {
    if (this.#gate === undefined) {
      this.#gate = new Gate(this.#rooms);
      if (this.#closeReason !== undefined) this.#gate.fail(this.#closeReason);
    }
    return this.#gate;
  }

  /** What a producer calls that has this node in line behind it; once the node is open. */
  inlet(port: string): Outlet {
    const { run, stages } = this.#life;
    return stageFor(stages, port) ?? new InlineCall(run, port, this);
  }

  /** Something has changed that may let the node go on. */
  readable(): void {
    if (this.#scheduled || this.#paused || this.#state !== "running") return;
    if (this.#life.run.pending !== undefined) return;
    this.#scheduled = true;
    this.host.soon.add(this);
  }

  /** What was put off is to be done now. */
  run(): void {
    this.#scheduled = false;
    this.#drain();
  }

  /** The call in work has come back. */
  idle(): void {
    this.#drain();
  }

  #drain(): void {
    if (this.#paused || this.#queues.length === 0) return;
    const { run, stages } = this.#life;
    const { turns } = this.host;
    const { gate } = this;
    const only = this.#only;
    // Looked for once for all that waits.
    const onlyStage = only === undefined ? undefined : stageFor(stages, only.port);
    while (this.#state === "running" && !this.#ending && run.pending === undefined) {
      const input = only === undefined ? this.#next() : only.channel.size > 0 ? only : undefined;
      if (input === undefined) {
        if (this.#takeSet(run)) continue;
        if (this.#isDrained()) this.finish();
        return;
      }
      // Signals do not wait for room: one that is to stop a flood would come too late, one in a loop never.
      if (!input.signal && !gate.open) return;
      if (turns.spend()) {
        this.#pause(turns);
        return;
      }
      const frame = input.channel.take();
      if (frame === undefined) continue;
      const stage = only === undefined ? stageFor(stages, input.port) : onlyStage;
      if (stage === undefined) run.receive(frame, input.port);
      else stage.offer(frame);
    }
  }

  /** Others have a turn. */
  #pause(turns: Turns): void {
    this.#paused = true;
    void turns.next().then(() => {
      this.#paused = false;
      this.#drain();
    });
  }

  /** Signals first, then the oldest frame of all queues; what is joined is not among them. */
  #next(): QueuedInput | undefined {
    const joined = this.shape.plan.join?.inputs;
    let best: QueuedInput | undefined;
    for (const input of this.#queues) {
      if (input.channel.size === 0 || joined?.includes(input.port) === true) continue;
      if (input.signal) return input;
      if (best === undefined || input.channel.arrival < best.channel.arrival) best = input;
    }
    return best;
  }

  /** True when a set of joined inputs was taken. */
  #takeSet(run: NodeRun): boolean {
    if (this.#join === undefined || !this.gate.open) return false;
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
    const joined = this.#join?.over === true ? (this.shape.plan.join?.inputs ?? []) : [];
    return this.#queues.every((one) => one.back || one.channel.drained || joined.includes(one.port));
  }

  /** All inputs have ended. */
  finish(): void {
    if (this.#ending || this.#state !== "running") return;
    this.#ending = true;
    this.#life.run.end(() => this.#ended());
  }

  #ended(): void {
    if (this.#state !== "running") return;
    this.#state = "ended";
    this.#life.run.finish();
    for (const output of this.outputs) output.end();
    // What still comes round a loop is not wanted any more.
    for (const { channel } of this.#queues) channel.discard();
    this.host.ended();
  }

  #channels(port: string): BoundedChannel[] {
    return this.#queues.filter((input) => input.port === port).map((input) => input.channel);
  }
}

function stageFor(stages: readonly Stage[], port: string): Stage | undefined {
  for (let index = 0; index < stages.length; index += 1) if (stages[index]?.port === port) return stages[index];
  return undefined;
}
