import type { FlowType } from "../interface/caps.ts";
import { MeshError } from "../interface/errors.ts";
import type { Frame } from "../interface/frame.ts";
import type { KeyFrameListener, Link } from "../interface/link.ts";
import type { Cut } from "./declared-fields.ts";
import { Gate } from "./gate.ts";
import type { Outlet } from "./outlet.ts";
import { describeExpected, describePayload, type PayloadCheck } from "./payload-check.ts";
import type { Spread } from "./spread.ts";
import { ticketed, type QuestionTicket } from "./ticket.ts";

export interface EntryLinkInit {
  readonly name: string;
  /** Without an outlet when nothing inside reads the port: its frames are dropped then. */
  readonly spread: Spread;
  /** Takes out what the writer has not declared, before anything looks at a frame. */
  readonly cut?: Cut | undefined;
  /** Refuses what does not fit the format; left out where the frames have been checked already. */
  readonly check?: PayloadCheck | undefined;
  /** What the port takes. */
  readonly type?: FlowType;
  /** The calls of a `first` that what enters here answers, in order. */
  readonly tickets?: Tickets;
  /** A new epoch begins at this port. */
  readonly onEpoch: (epoch: number) => void;
  /** The writer has given the stream up. */
  readonly onAbort: (error: MeshError) => void;
}

/** Where frames enter a session: hands each to the queues behind it, and has room when all of them do. */
export class EntryLink implements Link {
  /** Frames that have come in. */
  frames = 0;
  /** Frames of an epoch that is over. */
  dropped = 0;
  /** Frames that broke the format. */
  refused = 0;
  // What each frame asks for stands here one by one: to take it out of an object of many shapes costs more than the frame.
  readonly #gate: Gate;
  readonly #outlet: Outlet | undefined;
  readonly #cut: Cut | undefined;
  readonly #check: PayloadCheck | undefined;
  readonly #tickets: Tickets | undefined;
  readonly #name: string;
  readonly #type: FlowType | undefined;
  readonly #onEpoch: (epoch: number) => void;
  readonly #onAbort: (error: MeshError) => void;
  #epoch = 0;
  #ended = false;
  #error: MeshError | undefined;
  #askWriter: KeyFrameListener | undefined;

  constructor(init: EntryLinkInit) {
    this.#gate = new Gate(init.spread.rooms);
    this.#outlet = init.spread.outlet;
    this.#cut = init.cut;
    this.#check = init.check;
    this.#tickets = init.tickets;
    this.#name = init.name;
    this.#type = init.type;
    this.#onEpoch = init.onEpoch;
    this.#onAbort = init.onAbort;
  }

  get writable(): boolean {
    return !this.#ended && this.#gate.open;
  }

  ready(signal?: AbortSignal): Promise<void> {
    return this.#ended ? Promise.reject(this.#closed()) : this.#gate.room(signal);
  }

  /** @throws {MeshError} as every link; `invalid-argument` for a payload that is not of the format */
  send(sent: Frame): void {
    if (this.#ended) throw this.#closed();
    if (!this.#gate.open) {
      throw new MeshError("channel-full", `\`${this.#name}\` has no room; wait for \`ready\` before \`send\`.`);
    }
    const frame = this.#cut === undefined ? sent : this.#cut(sent);
    if (this.#check !== undefined && !this.#check(frame.payload)) {
      this.refused += 1;
      throw new MeshError(
        "invalid-argument",
        `\`${this.#name}\` takes ${this.#type && describeExpected(this.#type)}; frame ${frame.seq} carries ${describePayload(frame.payload)}, which is none.`,
      );
    }
    this.frames += 1;
    if (frame.epoch !== this.#epoch) {
      if (frame.epoch < this.#epoch) {
        this.dropped += 1;
        return;
      }
      this.flush(frame.epoch);
    }
    const tickets = this.#tickets;
    while (tickets?.[0]?.withdrawn === true) tickets.shift();
    const ticket = tickets?.shift();
    if (ticket === undefined) this.#outlet?.offer(frame);
    else if (!ticket.over) this.#outlet?.offer(ticketed(frame, ticket.call));
  }

  flush(epoch: number): void {
    if (this.#ended || epoch <= this.#epoch) return;
    this.#epoch = epoch;
    this.#onEpoch(epoch);
  }

  onKeyFrameRequest(listener: KeyFrameListener): void {
    this.#askWriter = listener;
  }

  /** @returns true when the writer has been asked, and may give one */
  requestKeyFrame(): boolean {
    return !this.#ended && this.#askWriter?.() === true;
  }

  /** The epoch has begun here, before its writer knew: what it still sends of an older one is dropped. */
  adopt(epoch: number): void {
    this.#epoch = Math.max(this.#epoch, epoch);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#gate.fail(this.#closed());
    this.#outlet?.end();
  }

  abort(error: MeshError): void {
    if (this.#ended) return;
    this.shut(error);
    this.#onAbort(error);
  }

  /** The session is over: who still writes is told why. */
  shut(error: MeshError): void {
    this.#error ??= error;
    this.#ended = true;
    this.#gate.fail(error);
  }

  #closed(): MeshError {
    return this.#error ?? new MeshError("channel-closed", `\`${this.#name}\` has ended and takes no more frames.`);
  }
}

/** The calls that a batch remote has in work: it answers each frame with one, in order, but for those that are withdrawn. */
export type Tickets = (QuestionTicket | undefined)[];
