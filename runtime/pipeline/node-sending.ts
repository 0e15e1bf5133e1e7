import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import type { Payload } from "../interface/frame.ts";
import { Emission, type EmitOptions } from "../interface/node.ts";
import type { Gate } from "./gate.ts";
import type { KeptFrames } from "./kept-frames.ts";
import type { RunOwner } from "./node-host.ts";
import { noSole, wrongPayload } from "./node-code.ts";
import { soleOf, type OutPort } from "./out-port.ts";
import { refused } from "./outcome.ts";
import type { Ticket } from "./ticket.ts";
import { WorkSignal } from "./work-signal.ts";

/**
 * What comes out of the code of a node, and whether it is still wanted.
 *
 * Here is the path of every frame that is called in line, so nothing is looked up, made or asked that could be settled
 * before the first frame.
 */
export abstract class NodeSending {
  // What each frame touches stands first: of thousands of sessions, nothing is in the cache when the next frame comes.
  /** The epoch as long as what it sends is wanted: it is live and the call in work is not stale. Otherwise below 0. */
  fence = -1;
  /** Is being called by a stage, and has not returned yet. */
  staged = false;
  /** Is being called in some other way, and has not returned yet. */
  protected calling = false;
  /** The newest epoch; what is emitted belongs to it. */
  epoch = 0;
  protected taken = 0;
  /** Media time of the frame in work, or the last one. A number, for to keep the frame itself would cost a write barrier. */
  protected timestampUs = 0.5;
  readonly work = new WorkSignal();
  /** Where what it returns goes: the only output that is no signal; undefined where there is none or several. */
  readonly sole: OutPort | undefined;
  /** Where a stage that calls it keeps what it sends by `sole`, to hand it on; undefined for the last node of one. */
  kept: KeptFrames | undefined;
  /** Takes and sends frames. */
  live = false;
  /** Nobody wants what comes of the call in work. */
  protected stale = false;
  protected timing = false;
  protected readonly sync: boolean;
  protected readonly owner: RunOwner;
  #gate: Gate | undefined;
  protected sent = 0;
  /** The call of a `first` in work. */
  protected ticket: Ticket | undefined;
  /** Media time of a source that gives no timestamps runs from here. */
  protected sourceStartUs: number | undefined;
  /** While a call is timed: what others have taken of it. */
  protected outsideUs = 0;
  /** What was emitted for frames that had become stale, or after the end. */
  dropped = 0;
  #closeReason: unknown;
  /** What was emitted before the session started. */
  #early: (() => void)[] | undefined;
  #released = false;

  constructor(owner: RunOwner) {
    this.owner = owner;
    this.sync = owner.shape.sync;
    this.sole = soleOf(owner.outputs);
  }

  get clock(): Clock {
    return this.owner.host.deps.clock;
  }

  /** All nodes of the session are open: from now on frames are taken. */
  start(): void {
    this.live = true;
    this.setFence();
  }

  /** It is in the middle of a call. */
  get busy(): boolean {
    return this.staged || this.calling;
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
    this.#die();
    this.#early = undefined;
    this.#released = true;
    this.#closeReason ??= reason;
    this.work.abort(reason);
  }

  /** The outputs have ended: nothing more is taken or sent, but nothing is wrong either. */
  finish(): void {
    this.#die();
  }

  fail(error: unknown): void {
    if (!this.#released && !this.live) {
      this.#beforeStart(() => this.fail(error));
      return;
    }
    // What a node says once its session is over follows from that.
    if (!this.live) return;
    this.#die();
    this.work.abort(error);
    this.owner.failed(error);
  }

  #die(): void {
    this.live = false;
    this.setFence();
  }

  protected setFence(): void {
    this.fence = this.live && !this.stale ? this.epoch : -1;
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

  // ---- what goes out ------------------------------------------------------------------------------------------

  /**
   * What the code of the node calls to send, from `open` on. It never throws, for it may be called from a timer: what
   * is wrong with the payload is a failure of the node.
   */
  emit(port: string, payload: Payload, options?: EmitOptions): Promise<void> | undefined {
    const { sole, kept } = this;
    // As most do that are called by a stage: one payload for the next. Short, so that it is put in place of the call.
    if (this.staged && options === undefined && kept !== undefined && sole !== undefined && kept.count === 0) {
      if (sole.name === port && this.fence >= 0 && sole.takes(payload)) {
        kept.keepBare(payload, this.epoch);
        return undefined;
      }
    }
    return this.#emit(port, payload, options);
  }

  #emit(port: string, payload: Payload, options: EmitOptions | undefined): Promise<void> | undefined {
    const { sole, kept } = this;
    const out = sole?.name === port ? sole : this.owner.outputs.find((one) => one.name === port);
    if (out === undefined || this.fence < 0) return this.#refuse(port, payload, options);
    if (!out.takes(payload)) {
      this.fail(wrongPayload(out, payload));
      return undefined;
    }
    if (this.staged && kept !== undefined && out === sole) {
      kept.keep(payload, options?.timestampUs ?? this.timestampUs, this.epoch, options?.flags ?? 0);
      return undefined;
    }
    if (options === undefined) this.#put(out, payload, this.#timeOf(out, payload), 0);
    else this.#put(out, payload, options.timestampUs ?? this.#timeOf(out, payload), options.flags ?? 0);
    // A synchronous node cannot wait; whoever feeds it does.
    return this.sync && this.busy ? undefined : this.room();
  }

  #beforeStart(act: () => void): void {
    this.#early ??= [];
    this.#early.push(act);
  }

  #refuse(port: string, payload: Payload, options: EmitOptions | undefined): Promise<void> | undefined {
    if (!this.#released) {
      // Not a promise: who awaited it in `open` would wait for the start, which waits for `open`.
      this.#beforeStart(() => void this.emit(port, payload, options));
      return undefined;
    }
    if (this.fence < 0) {
      this.dropped += 1;
      return this.#closeReason === undefined ? undefined : refused(this.#closeReason);
    }
    const known = this.owner.outputs.map((one) => one.name).join(", ") || "none";
    this.fail(new MeshError("node-failed", `it emits to \`${port}\`, but its outputs are: ${known}.`));
    return undefined;
  }

  /** What was returned or yielded. */
  protected send(item: unknown, flags: number): void {
    const { sole } = this;
    if (item instanceof Emission) void this.emit(item.port, item.payload, item.options);
    else if (this.fence < 0) this.dropped += 1;
    else if (sole === undefined) this.#lacksSole();
    else if (!sole.takes(item)) this.fail(wrongPayload(sole, item));
    else if (this.staged && this.kept !== undefined) this.kept.keep(item, this.timestampUs, this.epoch, flags);
    else this.#put(sole, item, this.#timeOf(sole, item), flags);
  }

  /** Something is returned, and it is not clear where it should go. */
  #lacksSole(): void {
    const { outputs } = this.owner;
    if (outputs.length > 0) this.fail(noSole(outputs.map((one) => one.name)));
  }

  #put(out: OutPort, payload: Payload, timestampUs: number, flags: number): void {
    this.sent += 1;
    try {
      if (this.ticket !== undefined) out.answer(this.ticket, { payload, timestampUs, epoch: this.epoch, flags });
      else if (this.timing) this.#putTimed(out, payload, timestampUs, flags);
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
    this.outsideUs += clock.nowUs() - startUs;
  }

  /** It waits for room behind it. */
  protected get held(): boolean {
    return this.#gate?.awaited === true;
  }

  protected room(): Promise<void> | undefined {
    // Other nodes are held by those that feed them.
    const gate = (this.#gate ??= this.owner.gate);
    if (!gate.open) return gate.room();
    return this.sourceStartUs === undefined ? undefined : this.owner.host.turns.due();
  }

  /** Of what is sent without a media time. */
  #timeOf(out: OutPort, payload: Payload): number {
    if (this.sourceStartUs === undefined) return this.timestampUs;
    return out.timeOf(payload, Math.round(this.clock.nowUs() - this.sourceStartUs));
  }
}
