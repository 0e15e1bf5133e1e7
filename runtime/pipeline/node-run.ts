import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import type { Frame, Payload } from "../interface/frame.ts";
import { Emission, type Emit, type NodeInstance } from "../interface/node.ts";
import { failureAt } from "./failures.ts";
import type { KeptFrames } from "./kept-frames.ts";
import { MovingMean } from "./moving-mean.ts";
import type { RunOwner } from "./node-host.ts";
import { soleOf, type OutPort } from "./out-port.ts";
import { hasProcess, noCode, noSole, wrongPayload, type Code } from "./node-code.ts";
import { ignore, isGenerator, isPromise, refused } from "./outcome.ts";
import { Sampler } from "./sampler.ts";
import { ticketOf, type Ticket } from "./ticket.ts";
import { WorkSignal } from "./work-signal.ts";

/** Called when a call into the node is over; `fresh` where its result was wanted to the end. */
type Then = (fresh: boolean) => void;

/**
 * One instance of a node at work: what goes into its code and what comes out. A node that is restarted gets another one.
 *
 * Here is the path of every frame that is called in line, so nothing is looked up, made or asked that could be settled
 * before the first frame.
 */
export class NodeRun {
  // What each frame touches stands first: of thousands of sessions, nothing is in the cache when the next frame comes.
  /** Takes and sends frames. */
  live = false;
  /** Is being called, and has not returned yet. */
  busy = false;
  /** The newest epoch; what is emitted belongs to it. */
  epoch = 0;
  #frames = 0;
  /** Media time of the frame in work, or the last one. A number, for to keep the frame itself would cost a write barrier. */
  #timestampUs = 0.5;
  /** The instance where it takes frames, and what it is called with; a stage does that itself. */
  code: Code = noCode;
  /** Where what it returns goes: the only output that is no signal; undefined where there is none or several. */
  readonly sole: OutPort | undefined;
  readonly work = new WorkSignal();
  /** While a stage calls it: where that keeps what it sends by `sole`, to hand it on. */
  keeps: KeptFrames | undefined;
  #stale = false;
  #timing = false;
  readonly #sync: boolean;
  readonly #careful: boolean;
  #ending = false;
  #pending: Promise<unknown> | undefined;
  #sampler: Sampler | undefined;
  readonly #owner: RunOwner;
  /** What was emitted for frames that had become stale, or after the end. */
  dropped = 0;
  instance: NodeInstance = noCode;
  /** What its `map` has taken is counted where it is called: by the stages that it is part of. */
  counts: (() => number)[] | undefined;
  #mean: MovingMean | undefined;
  #closeReason: unknown;
  /** What was emitted before the session started. */
  #early: (() => void)[] | undefined;
  #released = false;
  #ticket: Ticket | undefined;
  /** By the looks of the watchdog. */
  #pendingSince = 0;
  #waitsForRoom = 0;
  #sent = 0;
  #outsideUs = 0;
  /** Media time of a source that gives no timestamps runs from here. */
  #sourceStartUs: number | undefined;

  constructor(owner: RunOwner) {
    const { shape, outputs } = owner;
    this.#owner = owner;
    this.#sync = shape.sync;
    this.#careful = shape.batch || shape.called;
    this.sole = soleOf(outputs);
  }

  // ---- its life -----------------------------------------------------------------------------------------------

  /** Frames taken. */
  get frames(): number {
    return (this.counts ?? []).reduce((sum, count) => sum + count(), this.#frames);
  }

  /** Mean milliseconds of work for a frame; undefined before the first. */
  get workMs(): number | undefined {
    return this.#mean?.value;
  }

  get clock(): Clock {
    return this.#owner.host.deps.clock;
  }

  /** A call into the node that has not come back. */
  get pending(): Promise<unknown> | undefined {
    return this.#pending;
  }

  /** Since which look of the watchdog a call keeps others waiting; undefined for one that waits for room, and for sources. */
  get waitingSince(): number | undefined {
    const waits = this.#pending === undefined || this.#waitsForRoom > 0 || this.#sourceStartUs !== undefined;
    return waits ? undefined : this.#pendingSince;
  }

  opened(instance: NodeInstance): void {
    this.instance = instance;
    if (hasProcess(instance)) this.code = instance;
  }

  /** All nodes of the session are open: from now on frames are taken. */
  start(): void {
    this.live = true;
  }

  /** After `start` of all nodes: sends what was emitted early. */
  release(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    this.#released = true;
    for (const emit of early) emit();
  }

  /** Takes and sends no more. Who awaits an `emit` afterwards gets the reason. */
  stop(reason: unknown): void {
    this.live = false;
    this.#early = undefined;
    this.#released = true;
    this.#closeReason ??= reason;
    this.work.abort(reason);
  }

  /** The outputs have ended: nothing more is taken or sent, but nothing is wrong either. */
  finish(): void {
    this.live = false;
  }

  /** A new epoch has begun: what is in work is stale. */
  flush(epoch: number): void {
    if (epoch > this.epoch) this.epoch = epoch;
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
    this.#sampler ??= new Sampler();
    if (this.#careful || this.#sampler.due()) {
      this.#receiveCarefully(frame, port);
      return;
    }
    this.#timestampUs = frame.timestampUs;
    this.#frames += 1;
    this.busy = true;
    try {
      const result = this.code.process(frame, port, this.work);
      if (result !== undefined) this.#take(result, frame.flags, undefined);
    } catch (error) {
      this.failWork(error);
    }
    this.busy = false;
    if (this.#stale && this.#pending === undefined) this.#refresh();
  }

  /** A stage calls `process` itself, with what `code` has; this comes before each call. */
  enter(timestampUs: number): void {
    this.#timestampUs = timestampUs;
    this.#frames += 1;
  }

  /**
   * What `process` has returned to a stage, where it is no plain payload.
   * @returns what goes out by `sole`, if anything
   */
  plain(result: object): Payload | undefined {
    if (ArrayBuffer.isView(result)) return result as Payload;
    if (isPromise(result)) this.#isNotSync(result);
    else if (isGenerator(result) || result instanceof Emission) this.#take(result, 0, undefined);
    else return result as Payload;
    return undefined;
  }

  /** Measures a call; undefined when it has failed. */
  timed<T>(work: () => T): T | undefined {
    const { clock } = this;
    this.#timing = true;
    this.#outsideUs = 0;
    const startUs = clock.nowUs();
    try {
      return work();
    } catch (error) {
      this.fail(error);
      return undefined;
    } finally {
      this.#timing = false;
      this.#worked(clock.nowUs() - startUs);
    }
  }

  /** What comes out at the end of a stage. */
  sendOut(payload: Payload, timestampUs: number, flags: number): void {
    const { sole } = this;
    if (sole === undefined) this.#lacksSole();
    else if (!sole.takes(payload)) this.fail(wrongPayload(sole, payload));
    else {
      try {
        sole.send(payload, timestampUs, this.epoch, flags);
      } catch (error) {
        this.fail(error);
      }
    }
  }

  /** Takes one frame of each of the inputs that are joined. */
  receiveSet(frames: Readonly<Record<string, Frame>>, reference: Frame): void {
    this.#timestampUs = reference.timestampUs;
    this.#frames += 1;
    this.#call(() => this.instance.join?.(frames, this.work), reference.flags, ignore);
  }

  /** Runs a source; `then` when it is over. */
  run(then: () => void): void {
    if (this.instance.run === undefined) {
      then();
      return;
    }
    this.#sourceStartUs = this.clock.nowUs();
    this.#call(() => this.instance.run?.(), 0, then);
  }

  /** All inputs have ended; `then` when the node has said its last. */
  end(then: () => void): void {
    this.#ending = true;
    this.#call(() => this.instance.end?.(), 0, then);
  }

  fail(error: unknown): void {
    if (!this.#released && !this.live) {
      this.#beforeStart(() => this.fail(error));
      return;
    }
    // What a node says once its session is over follows from that.
    if (!this.live) return;
    this.live = false;
    this.work.abort(error);
    this.#owner.failed(error);
  }

  /** What a call into the node failed with; of no concern when nobody wants its result. */
  failWork(error: unknown): void {
    if (this.#stale) return;
    if (this.#ticket === undefined) this.fail(error);
    else this.#ticket.fail(failureAt(this.#owner.shape.place, error));
  }

  /** With what most frames need not: measuring, the answers of batch nodes, calls that may be cancelled. */
  #receiveCarefully(frame: Frame, port: string): void {
    const ticket = this.#careful ? ticketOf(frame) : undefined;
    if (ticket?.over === true) {
      this.dropped += 1;
      return;
    }
    this.#timestampUs = frame.timestampUs;
    this.#ticket = ticket;
    this.#frames += 1;
    const { clock } = this;
    const { batch } = this.#owner.shape;
    this.#sampler ??= new Sampler();
    const before = this.#sent;
    const timed = !this.#careful || this.#sampler.due();
    const startUs = timed ? clock.nowUs() : 0;
    this.#timing = timed;
    this.#outsideUs = 0;
    this.#call(
      () => this.code.process(frame, port, this.work),
      frame.flags,
      (fresh) => {
        this.#timing = false;
        if (timed) this.#measured(startUs);
        if (fresh && batch && this.#sent === before && this.#owner.outputs.length > 0) {
          this.failWork(new MeshError("node-failed", "it is a batch node, but it has not answered a frame."));
        }
        this.#ticket = undefined;
      },
    );
    if (this.#pending !== undefined) ticket?.onOver((reason) => this.#ticket === ticket && this.#spoil(reason));
  }

  #measured(startUs: number): void {
    const nowUs = this.clock.nowUs();
    this.#worked(nowUs - startUs);
    this.#sampler?.done(nowUs);
  }

  #worked(tookUs: number): void {
    this.#mean ??= new MovingMean();
    this.#mean.add(Math.max(0, tookUs - this.#outsideUs) / 1000);
  }

  /** Nobody wants what comes of the call in work. */
  #spoil(reason: unknown): void {
    if (!this.busy && (this.#pending === undefined || this.#sourceStartUs !== undefined)) return;
    this.#stale = true;
    this.work.abort(reason);
  }

  #call(work: () => unknown, flags: number, then: Then): void {
    let ok = true;
    this.busy = true;
    try {
      this.#take(work(), flags, then);
    } catch (error) {
      ok = false;
      this.failWork(error);
    }
    this.busy = false;
    if (this.#pending === undefined) this.#over(ok, then);
  }

  #over(ok: boolean, then: Then | undefined): void {
    const fresh = ok && !this.#stale;
    if (this.#stale || this.#careful) this.#refresh();
    if (this.live) then?.(fresh);
  }

  /** The next call has nothing to do with what became of the last. */
  #refresh(): void {
    this.#stale = false;
    this.work.reset();
  }

  // ---- what comes of it ---------------------------------------------------------------------------------------

  #take(result: unknown, flags: number, then: Then | undefined): void {
    if (isPromise(result)) {
      if (this.#sync && this.busy && !this.#ending) this.#isNotSync(result);
      else this.#wait(this.#later(result, flags), then);
    } else if (isGenerator(result)) {
      if (this.#sync && Symbol.iterator in result) this.#drain(result);
      else this.#wait(this.#consume(result), then);
    } else if (result !== undefined && this.#owner.outputs.length > 0) this.#send(result, flags);
  }

  #isNotSync(result: Promise<unknown>): void {
    result.catch(ignore);
    this.fail(new MeshError("node-failed", "it is declared `sync`, but its `process` returned a promise."));
  }

  async #later(work: Promise<unknown>, flags: number): Promise<void> {
    const result = await work;
    if (isGenerator(result)) await this.#consume(result);
    else if (result !== undefined && this.#owner.outputs.length > 0) this.#send(result, flags);
  }

  #wait(work: Promise<void>, then: Then | undefined): void {
    const { watchdog } = this.#owner.host;
    this.#pendingSince = watchdog.look;
    watchdog.arm();
    const done = (ok: boolean): void => {
      this.#pending = undefined;
      this.#over(ok, then);
      this.#owner.idle();
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
      if (item !== undefined) this.#send(item, 0);
      if (this.#stale || !this.live) return;
    }
  }

  async #consume(items: Generator | AsyncGenerator): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await items.next();
        if (done === true) return;
        // What is sent for nobody is counted there.
        if (value !== undefined) this.#send(value, 0);
        if (this.#stale || !this.live) return;
        const room = this.#room();
        if (room !== undefined) await room;
      }
    } finally {
      await items.return?.(undefined);
    }
  }

  // ---- what goes out ------------------------------------------------------------------------------------------

  /**
   * What the code of the node calls to send, from `open` on. It never throws, for it may be called from a timer: what
   * is wrong with the payload is a failure of the node.
   */
  emit(...[port, payload, options]: Parameters<Emit>): Promise<void> | undefined {
    const { sole } = this;
    const out = sole !== undefined && sole.name === port ? sole : this.#owner.outputs.find((one) => one.name === port);
    if (out === undefined || !this.live || this.#stale) return this.#refuse(port, payload, options);
    if (!out.takes(payload)) {
      this.fail(wrongPayload(out, payload));
      return undefined;
    }
    if (this.keeps !== undefined && out === sole) {
      this.keeps.keep(payload, options?.timestampUs ?? this.#timestampUs, this.epoch, options?.flags ?? 0);
      return undefined;
    }
    if (options === undefined) this.#put(out, payload, this.#nowUs(), 0);
    else this.#put(out, payload, options.timestampUs ?? this.#nowUs(), options.flags ?? 0);
    // A synchronous node cannot wait; whoever feeds it does.
    return this.busy && this.#sync ? undefined : this.#room();
  }

  #beforeStart(act: () => void): void {
    this.#early ??= [];
    this.#early.push(act);
  }

  #refuse(...[port, payload, options]: Parameters<Emit>): Promise<void> | undefined {
    if (!this.#released) {
      // Not a promise: who awaited it in `open` would wait for the start, which waits for `open`.
      this.#beforeStart(() => void this.emit(port, payload, options));
      return undefined;
    }
    if (!this.live || this.#stale) {
      this.dropped += 1;
      return this.#closeReason === undefined ? undefined : refused(this.#closeReason);
    }
    const known = this.#owner.outputs.map((one) => one.name).join(", ") || "none";
    this.fail(new MeshError("node-failed", `it emits to \`${port}\`, but its outputs are: ${known}.`));
    return undefined;
  }

  /** What was returned or yielded. */
  #send(item: unknown, flags: number): void {
    const { sole } = this;
    if (item instanceof Emission) void this.emit(item.port, item.payload, item.options);
    else if (!this.live || this.#stale) this.dropped += 1;
    else if (sole === undefined) this.#lacksSole();
    else if (sole.takes(item)) this.#put(sole, item, this.#nowUs(), flags);
    else this.fail(wrongPayload(sole, item));
  }

  /** Something is returned, and it is not clear where it should go. */
  #lacksSole(): void {
    const { outputs } = this.#owner;
    if (outputs.length > 0) this.fail(noSole(outputs.map((one) => one.name)));
  }

  #put(out: OutPort, payload: Payload, timestampUs: number, flags: number): void {
    this.#sent += 1;
    try {
      if (this.#ticket !== undefined) out.answer(this.#ticket, { payload, timestampUs, epoch: this.epoch, flags });
      else if (this.#timing) this.#putTimed(out, payload, timestampUs, flags);
      else out.send(payload, timestampUs, this.epoch, flags);
    } catch (error) {
      this.fail(error);
    }
  }

  /** The time that those spend who are called in line is theirs. */
  #putTimed(out: OutPort, payload: Payload, timestampUs: number, flags: number): void {
    const { clock } = this;
    const startUs = clock.nowUs();
    out.send(payload, timestampUs, this.epoch, flags);
    this.#outsideUs += clock.nowUs() - startUs;
  }

  #room(): Promise<void> | undefined {
    // Other nodes are held by those that feed them.
    const { gate, host } = this.#owner;
    if (gate.open) return this.#sourceStartUs === undefined ? undefined : host.turns.due();
    this.#waitsForRoom += 1;
    const done = (): void => void (this.#waitsForRoom -= 1);
    const room = gate.room();
    room.then(done, done);
    return room;
  }

  #nowUs(): number {
    if (this.#sourceStartUs === undefined) return this.#timestampUs;
    return Math.round(this.clock.nowUs() - this.#sourceStartUs);
  }
}
