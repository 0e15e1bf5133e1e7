import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import type { Frame, Payload } from "../interface/frame.ts";
import { Emission, type Emit, type NodeInstance } from "../interface/node.ts";
import { Gate } from "./gate.ts";
import { KeptFrames } from "./kept-frames.ts";
import type { OutPort } from "./out-port.ts";
import { hasProcess, noCode, noSole, wrongPayload, type Code } from "./node-code.ts";
import { ignore, isGenerator, isPromise, refused } from "./outcome.ts";
import { Sampler } from "./sampler.ts";
import { ticketOf, type Ticket } from "./ticket.ts";
import type { Turns } from "./turns.ts";
import type { Watchdog } from "./watchdog.ts";
import { WorkSignal } from "./work-signal.ts";

export interface NodeRunInit {
  readonly sync: boolean;
  /** Has to answer each frame. */
  readonly batch: boolean;
  /** May get frames that belong to a call of a `first`. */
  readonly called: boolean;
  readonly outputs: ReadonlyMap<string, OutPort>;
  readonly turns: Turns;
  readonly clock: Clock;
  readonly watchdog: Watchdog;
  /** The call in work has come back; the next frame may come. */
  readonly onIdle: () => void;
  readonly onFailure: (error: unknown) => void;
  /** Says whose failure it is, where a call of a `first` fails and not the node. */
  readonly placed: (error: unknown) => unknown;
}

/** Called when a call into the node is over; `fresh` where its result was wanted to the end. */
type Then = (fresh: boolean) => void;

/**
 * One instance of a node at work: what goes into its code and what comes out. A node that is restarted gets another one.
 *
 * Here is the path of every frame that is called in line, so nothing is looked up, made or asked that could be settled
 * before the first frame.
 */
export class NodeRun {
  /** What was emitted for frames that had become stale, or after the end. */
  dropped = 0;
  /** The newest epoch; what is emitted belongs to it. */
  epoch = 0;
  instance: NodeInstance = {};
  /** The instance where it takes frames, and what it is called with; a stage does that itself. */
  code: Code = noCode;
  readonly work = new WorkSignal();
  /** Takes and sends frames. */
  live = false;
  /** Is being called, and has not returned yet. */
  busy = false;
  /** While a stage calls it: what it sends by `sole` is kept for that stage to hand on. Nobody else looks for it there. */
  keeps = false;
  readonly kept = new KeptFrames();
  readonly sampler = new Sampler();
  /** What its `map` has taken is counted where it is called: by the stages that it is part of. */
  readonly counts: (() => number)[] = [];
  /** Where what it returns goes: the only output that is no signal; undefined where there is none or several. */
  readonly sole: OutPort | undefined;
  #frames = 0;
  readonly #init: NodeRunInit;
  readonly #sync: boolean;
  readonly #careful: boolean;
  readonly #ports: readonly OutPort[];
  #gate = new Gate([]);
  #closeReason: unknown;
  /** What was emitted before the session started. */
  #early: (() => void)[] | undefined = [];
  /** Media time of the frame in work, or the last one. A number, for to keep the frame itself would cost a write barrier. */
  #timestampUs = 0.5;
  #ticket: Ticket | undefined;
  #ending = false;
  /** What the call in work still emits is not wanted. */
  #stale = false;
  #pending: Promise<unknown> | undefined;
  /** By the looks of the watchdog. */
  #pendingSince = 0;
  #waitsForRoom = 0;
  #sent = 0;
  #timing = false;
  #outsideUs = 0;
  /** Media time of a source that gives no timestamps runs from here. */
  #sourceStartUs: number | undefined;

  constructor(init: NodeRunInit) {
    this.#init = init;
    this.#sync = init.sync;
    this.#careful = init.batch || init.called;
    this.#ports = [...init.outputs.values()];
    const streams = this.#ports.filter((port) => !port.signal);
    const candidates = streams.length > 0 ? streams : this.#ports;
    this.sole = candidates.length === 1 ? candidates[0] : undefined;
  }

  // ---- its life -----------------------------------------------------------------------------------------------

  /** Frames taken. */
  get frames(): number {
    return this.counts.reduce((sum, count) => sum + count(), this.#frames);
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

  /** Before the session starts. */
  connect(gate: Gate): void {
    this.#gate = gate;
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
    for (const emit of early) emit();
  }

  /** Takes and sends no more. Who awaits an `emit` afterwards gets the reason. */
  stop(reason: unknown): void {
    this.live = false;
    this.#early = undefined;
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
    if (this.#careful || this.sampler.due()) {
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
    const { clock } = this.#init;
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
      this.sampler.mean.add(Math.max(0, clock.nowUs() - startUs - this.#outsideUs) / 1000);
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
    this.#sourceStartUs = this.#init.clock.nowUs();
    this.#call(() => this.instance.run?.(), 0, then);
  }

  /** All inputs have ended; `then` when the node has said its last. */
  end(then: () => void): void {
    this.#ending = true;
    this.#call(() => this.instance.end?.(), 0, then);
  }

  readonly fail = (error: unknown): void => {
    if (this.#early !== undefined && !this.live) {
      this.#early.push(() => this.fail(error));
      return;
    }
    // What a node says once its session is over follows from that.
    if (!this.live) return;
    this.live = false;
    this.work.abort(error);
    this.#init.onFailure(error);
  };

  /** What a call into the node failed with; of no concern when nobody wants its result. */
  failWork(error: unknown): void {
    if (this.#stale) return;
    if (this.#ticket === undefined) this.fail(error);
    else this.#ticket.fail(this.#init.placed(error));
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
    const { clock, batch } = this.#init;
    const before = this.#sent;
    const timed = !this.#careful || this.sampler.due();
    const startUs = timed ? clock.nowUs() : 0;
    this.#timing = timed;
    this.#outsideUs = 0;
    this.#call(
      () => this.code.process(frame, port, this.work),
      frame.flags,
      (fresh) => {
        this.#timing = false;
        if (timed) this.#measured(startUs);
        if (fresh && batch && this.#sent === before && this.#ports.length > 0) {
          this.failWork(new MeshError("node-failed", "it is a batch node, but it has not answered a frame."));
        }
        this.#ticket = undefined;
      },
    );
    if (this.#pending !== undefined) ticket?.onOver((reason) => this.#ticket === ticket && this.#spoil(reason));
  }

  #measured(startUs: number): void {
    const nowUs = this.#init.clock.nowUs();
    this.sampler.mean.add(Math.max(0, nowUs - startUs - this.#outsideUs) / 1000);
    this.sampler.done(nowUs);
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
    } else if (result !== undefined && this.#ports.length > 0) this.#send(result, flags);
  }

  #isNotSync(result: Promise<unknown>): void {
    result.catch(ignore);
    this.fail(new MeshError("node-failed", "it is declared `sync`, but its `process` returned a promise."));
  }

  async #later(work: Promise<unknown>, flags: number): Promise<void> {
    const result = await work;
    if (isGenerator(result)) await this.#consume(result);
    else if (result !== undefined && this.#ports.length > 0) this.#send(result, flags);
  }

  #wait(work: Promise<void>, then: Then | undefined): void {
    this.#pendingSince = this.#init.watchdog.look;
    this.#init.watchdog.arm();
    const done = (ok: boolean): void => {
      this.#pending = undefined;
      this.#over(ok, then);
      this.#init.onIdle();
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
  readonly emit: Emit = (port, payload, options) => {
    const { sole } = this;
    const out = sole !== undefined && sole.name === port ? sole : this.#init.outputs.get(port);
    if (out === undefined || !this.live || this.#stale) return this.#refuse(port, payload, options);
    if (!out.takes(payload)) {
      this.fail(wrongPayload(out, payload));
      return undefined;
    }
    if (this.keeps && out === sole) {
      this.kept.keep(payload, options?.timestampUs ?? this.#timestampUs, this.epoch, options?.flags ?? 0);
      return undefined;
    }
    if (options === undefined) this.#put(out, payload, this.#nowUs(), 0);
    else this.#put(out, payload, options.timestampUs ?? this.#nowUs(), options.flags ?? 0);
    // A synchronous node cannot wait; whoever feeds it does.
    return this.busy && this.#sync ? undefined : this.#room();
  };

  #refuse(...[port, payload, options]: Parameters<Emit>): Promise<void> | undefined {
    if (this.#early !== undefined) {
      // Not a promise: who awaited it in `open` would wait for the start, which waits for `open`.
      this.#early.push(() => void this.emit(port, payload, options));
      return undefined;
    }
    if (!this.live || this.#stale) {
      this.dropped += 1;
      return this.#closeReason === undefined ? undefined : refused(this.#closeReason);
    }
    const known = this.#ports.map((one) => one.name).join(", ") || "none";
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
    if (this.#ports.length > 0) this.fail(noSole(this.#ports.map((one) => one.name)));
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
    const { clock } = this.#init;
    const startUs = clock.nowUs();
    out.send(payload, timestampUs, this.epoch, flags);
    this.#outsideUs += clock.nowUs() - startUs;
  }

  #room(): Promise<void> | undefined {
    // Other nodes are held by those that feed them.
    if (this.#gate.open) return this.#sourceStartUs === undefined ? undefined : this.#init.turns.due();
    this.#waitsForRoom += 1;
    const done = (): void => void (this.#waitsForRoom -= 1);
    const room = this.#gate.room();
    room.then(done, done);
    return room;
  }

  #nowUs(): number {
    if (this.#sourceStartUs === undefined) return this.#timestampUs;
    return Math.round(this.#init.clock.nowUs() - this.#sourceStartUs);
  }
}
