import type { FlowType, Schemas } from "../interface/caps.ts";
import type { Frame, Payload } from "../interface/frame.ts";
import { FlowFrame } from "./flow-frame.ts";
import type { Outlet } from "./outlet.ts";
import { describeExpected, type PayloadCheck } from "./payload-check.ts";
import { isOfKind, kindOf } from "./payload-kind.ts";
import { ticketed, type Ticket } from "./ticket.ts";

/** An output port of a running node: numbers its frames and hands them to whoever is linked to it. */
export class OutPort {
  readonly name: string;
  readonly signal: boolean;
  readonly #type: FlowType;
  readonly #kind: number;
  readonly #other: PayloadCheck;
  #outlet: Outlet | undefined;
  #seq = 0;
  #ended = false;

  /** @param type fixed */
  constructor(name: string, type: FlowType, schemas: Schemas) {
    this.name = name;
    this.signal = type.kind === "signal";
    this.#type = type;
    const { code, other } = kindOf(type, schemas);
    this.#kind = code;
    this.#other = other;
  }

  /** Before the session starts. Without an outlet, frames are counted and dropped. */
  connect(outlet: Outlet | undefined): void {
    this.#outlet = outlet;
  }

  get outlet(): Outlet | undefined {
    return this.#outlet;
  }

  /** Frames sent so far. */
  get frames(): number {
    return this.#seq;
  }

  /** What the port takes, in words. */
  get expected(): string {
    return describeExpected(this.#type);
  }

  takes(payload: unknown): payload is Payload {
    return isOfKind(this.#kind, this.#other, payload);
  }

  /** Numbers a frame that goes out some other way. */
  count(): number {
    const seq = this.#seq;
    this.#seq = seq + 1;
    return seq;
  }

  /** @throws {MeshError} as the queues behind it do */
  send(payload: Payload, timestampUs: number, epoch: number, flags: number): void {
    const seq = this.#seq;
    this.#seq = seq + 1;
    if (this.#outlet === undefined || this.#ended) return;
    this.#outlet.offer(new FlowFrame(timestampUs, seq, epoch, flags, payload));
  }

  /** The same, for what answers a call of a `first`. */
  answer(ticket: Ticket, frame: Omit<Frame, "seq">): void {
    const seq = this.#seq;
    this.#seq = seq + 1;
    if (!this.#ended) this.#outlet?.offer(ticketed({ ...frame, seq }, ticket));
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#outlet?.end();
  }
}
