import { MeshError } from "../interface/errors.ts";
import type { Frame, Payload } from "../interface/frame.ts";
import type { NodeInstance } from "../interface/node.ts";
import { failureAt } from "./failures.ts";
import { MovingMean } from "./moving-mean.ts";
import type { RunOwner } from "./node-host.ts";
import { hasProcess, noCode, type Code } from "./node-code.ts";
import { ignore, isGenerator, isPlain, isPromise } from "./outcome.ts";
import { NodeSending } from "./node-sending.ts";
import { Sampler } from "./sampler.ts";
import { ticketOf } from "./ticket.ts";

/** Called when a call into the node is over; `fresh` where its result was wanted to the end. */
type Then = (fresh: boolean) => void;

/** One instance of a node at work: what goes into its code, and what becomes of the calls. A node that is restarted gets another one. */
export class NodeRun extends NodeSending {
  /** The instance where it takes frames, and what it is called with; a stage does that itself. */
  code: Code = noCode;
  readonly #careful: boolean;
  #ending = false;
  #pending: Promise<unknown> | undefined;
  /** Frames until the next that is received carefully. */
  #left = 0;
  #sampler: Sampler | undefined;
  instance: NodeInstance = noCode;
  /** What its `map` has taken is counted where it is called: by the stages that it is part of. */
  counts: (() => number)[] | undefined;
  #mean: MovingMean | undefined;
  /** By the looks of the watchdog. */
  #pendingSince = 0;

  constructor(owner: RunOwner) {
    super(owner);
    this.#careful = owner.shape.batch || owner.shape.called;
  }

  // ---- its life -----------------------------------------------------------------------------------------------

  /** Frames taken. */
  get frames(): number {
    return (this.counts ?? []).reduce((sum, count) => sum + count(), this.taken);
  }

  /** Mean milliseconds of work for a frame; undefined before the first. */
  get workMs(): number | undefined {
    return this.#mean?.value;
  }

  /** A call into the node that has not come back. */
  get pending(): Promise<unknown> | undefined {
    return this.#pending;
  }

  /** Since which look of the watchdog a call keeps others waiting; undefined for one that waits for room, and for sources. */
  get waitingSince(): number | undefined {
    const waits = this.#pending === undefined || this.held || this.sourceStartUs !== undefined;
    return waits ? undefined : this.#pendingSince;
  }

  opened(instance: NodeInstance): void {
    this.instance = instance;
    if (hasProcess(instance)) this.code = instance;
  }

  /** A new epoch has begun: what is in work is stale. */
  flush(epoch: number): void {
    if (epoch > this.epoch) {
      this.epoch = epoch;
      this.setFence();
    }
    this.#spoil(new MeshError("cancelled", "The epoch has ended."));
    try {
      this.instance.flush?.(this.epoch);
    } catch (error) {
      this.fail(error);
    }
  }

  // ---- what goes in -------------------------------------------------------------------------------------------

  /** Takes one frame; while `pending` is set afterwards, the next has to wait. */
  receive(frame: Frame, port: string): void {
    this.#left -= 1;
    if (this.#left < 0) {
      this.#receiveCarefully(frame, port);
      return;
    }
    this.timestampUs = frame.timestampUs;
    this.taken += 1;
    this.calling = true;
    try {
      const result = this.code.process(frame, port, this.work);
      if (result !== undefined) this.#take(result, frame.flags, undefined);
    } catch (error) {
      this.failWork(error);
    }
    this.calling = false;
    if (this.stale && this.#pending === undefined) this.#refresh();
  }

  /** A stage calls `process` itself, with what `code` has; this comes before each call. */
  enter(timestampUs: number): void {
    this.timestampUs = timestampUs;
    this.taken += 1;
    this.staged = true;
  }

  /** What a call by a stage has returned goes to nobody: its epoch has ended meanwhile, or the node has failed. */
  expired(returned: unknown): void {
    if (returned !== undefined) this.dropped += 1;
    if (this.stale && this.#pending === undefined) this.#refresh();
  }

  /** What a call by a stage has thrown. */
  threw(error: unknown): void {
    this.staged = false;
    this.failWork(error);
    this.expired(undefined);
  }

  /**
   * What `process` has returned to a stage.
   * @returns what goes out by `sole`, if anything
   */
  plain(result: unknown): Payload | undefined {
    if (typeof result !== "object" || isPlain(result)) return result as Payload | undefined;
    if (isPromise(result)) this.#isNotSync(result);
    else if (this.fence < 0) this.dropped += 1;
    else {
      // As long as the stage keeps what it has sent, what follows must not go past that.
      this.staged = this.kept !== undefined && this.kept.count !== 0;
      this.#take(result, 0, undefined);
      this.staged = false;
    }
    return undefined;
  }

  /** Measures a call. */
  timed<T>(work: () => T): T | undefined {
    const { clock } = this;
    this.timing = true;
    this.outsideUs = 0;
    const startUs = clock.nowUs();
    try {
      return work();
    } finally {
      this.timing = false;
      this.#worked(clock.nowUs() - startUs);
    }
  }

  /** Takes one frame of each of the inputs that are joined. */
  receiveSet(frames: Readonly<Record<string, Frame>>, reference: Frame): void {
    this.timestampUs = reference.timestampUs;
    this.taken += 1;
    this.#call(() => this.instance.join?.(frames, this.work), reference.flags, ignore);
  }

  /** Runs a source; `then` when it is over. */
  run(then: () => void): void {
    if (this.instance.run === undefined) {
      then();
      return;
    }
    this.sourceStartUs = this.clock.nowUs();
    this.#call(() => this.instance.run?.(), 0, then);
  }

  /** All inputs have ended; `then` when the node has said its last. */
  end(then: () => void): void {
    this.#ending = true;
    this.#call(() => this.instance.end?.(), 0, then);
  }

  /** What a call into the node failed with; of no concern when nobody wants its result. */
  failWork(error: unknown): void {
    if (this.stale) return;
    if (this.ticket === undefined) this.fail(error);
    else this.ticket.fail(failureAt(this.owner.shape.place, error));
  }

  /** With what most frames need not: measuring, the answers of batch nodes, calls that may be cancelled. */
  #receiveCarefully(frame: Frame, port: string): void {
    const ticket = this.#careful ? ticketOf(frame) : undefined;
    if (ticket?.over === true) {
      this.dropped += 1;
      return;
    }
    this.timestampUs = frame.timestampUs;
    this.ticket = ticket;
    this.taken += 1;
    const { clock } = this;
    const { batch } = this.owner.shape;
    this.#sampler ??= new Sampler();
    const before = this.sent;
    const timed = !this.#careful || this.#sampler.due();
    const startUs = timed ? clock.nowUs() : 0;
    this.timing = timed;
    this.outsideUs = 0;
    this.#call(
      () => this.code.process(frame, port, this.work),
      frame.flags,
      (fresh) => {
        this.timing = false;
        if (timed) this.#measured(startUs);
        if (fresh && batch && this.sent === before && this.owner.outputs.length > 0) {
          this.failWork(new MeshError("node-failed", "it is a batch node, but it has not answered a frame."));
        }
        this.ticket = undefined;
      },
    );
    if (this.#pending !== undefined) ticket?.onOver((reason) => this.ticket === ticket && this.#spoil(reason));
  }

  #measured(startUs: number): void {
    const nowUs = this.clock.nowUs();
    this.#worked(nowUs - startUs);
    const stride = this.#sampler?.done(nowUs) ?? 1;
    this.#left = this.#careful ? 0 : stride - 1;
  }

  #worked(tookUs: number): void {
    this.#mean ??= new MovingMean();
    this.#mean.add(Math.max(0, tookUs - this.outsideUs) / 1000);
  }

  /** Nobody wants what comes of the call in work. */
  #spoil(reason: unknown): void {
    if (!this.busy && (this.#pending === undefined || this.sourceStartUs !== undefined)) return;
    this.stale = true;
    this.setFence();
    this.work.abort(reason);
  }

  #call(work: () => unknown, flags: number, then: Then): void {
    let ok = true;
    this.calling = true;
    try {
      this.#take(work(), flags, then);
    } catch (error) {
      ok = false;
      this.failWork(error);
    }
    this.calling = false;
    if (this.#pending === undefined) this.#over(ok, then);
  }

  #over(ok: boolean, then: Then | undefined): void {
    const fresh = ok && !this.stale;
    if (this.stale || this.#careful) this.#refresh();
    if (this.live) then?.(fresh);
  }

  /** The next call has nothing to do with what became of the last. */
  #refresh(): void {
    this.stale = false;
    this.setFence();
    this.work.reset();
  }

  // ---- what comes of it ---------------------------------------------------------------------------------------

  #take(result: unknown, flags: number, then: Then | undefined): void {
    if (isPromise(result)) {
      if (this.sync && this.calling && !this.#ending) this.#isNotSync(result);
      else this.#wait(this.#later(result, flags), then);
    } else if (isGenerator(result)) {
      if (this.sync && Symbol.iterator in result) this.#drain(result);
      else this.#wait(this.#consume(result), then);
    } else if (result !== undefined && this.owner.outputs.length > 0) this.send(result, flags);
  }

  #isNotSync(result: Promise<unknown>): void {
    result.catch(ignore);
    this.fail(new MeshError("node-failed", "it is declared `sync`, but its `process` returned a promise."));
  }

  async #later(work: Promise<unknown>, flags: number): Promise<void> {
    const result = await work;
    if (isGenerator(result)) await this.#consume(result);
    else if (result !== undefined && this.owner.outputs.length > 0) this.send(result, flags);
  }

  #wait(work: Promise<void>, then: Then | undefined): void {
    const { watchdog } = this.owner.host;
    this.#pendingSince = watchdog.look;
    watchdog.arm();
    const done = (ok: boolean): void => {
      this.#pending = undefined;
      this.#over(ok, then);
      this.owner.idle();
    };
    this.#pending = work.then(
      () => done(true),
      (error: unknown) => {
        this.failWork(error);
        done(false);
      },
    );
  }

  #drain(items: Iterable<unknown>): void {
    for (const item of items) {
      if (item !== undefined) this.send(item, 0);
      if (this.fence < 0) return;
    }
  }

  async #consume(items: Generator | AsyncGenerator): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await items.next();
        if (done === true) return;
        // What is sent for nobody is counted there.
        if (value !== undefined) this.send(value, 0);
        if (this.fence < 0) return;
        const room = this.room();
        if (room !== undefined) await room;
      }
    } finally {
      await items.return?.(undefined);
    }
  }
}
