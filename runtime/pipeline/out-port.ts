import type { FlowType, Schemas } from "../interface/caps.ts";
import type { Frame, Payload } from "../interface/frame.ts";
import { FlowFrame } from "./flow-frame.ts";
import type { Outlet } from "./outlet.ts";
import { isPlain } from "./outcome.ts";
import { describeExpected, describePayload, valueCheck, type PayloadCheck } from "./payload-check.ts";
import { isOfKind, kindOf, leftToCheck } from "./payload-kind.ts";
import { SoundTime, samplesInSecond } from "./sound-time.ts";
import { ticketed, type Ticket } from "./ticket.ts";
import type { PlaceOf } from "./value-place.ts";

/** What an output port takes; the same for all sessions with the same formats. */
export class PortShape {
  readonly name: string;
  readonly signal: boolean;
  readonly kind: number;
  readonly other: PayloadCheck;
  /** Of raw sound. */
  readonly samplesInSecond: number | undefined;
  readonly #type: FlowType;
  readonly #schemas: Schemas;
  readonly #placeOf: PlaceOf | undefined;

  /**
   * @param type fixed
   * @param placeOf where whole values are looked at, and not their kind alone
   */
  constructor(name: string, type: FlowType, schemas: Schemas, placeOf?: PlaceOf) {
    this.name = name;
    this.signal = type.kind === "signal";
    this.samplesInSecond = samplesInSecond(type);
    this.#type = type;
    this.#schemas = schemas;
    this.#placeOf = placeOf;
    const { code, other } = kindOf(type, schemas);
    this.kind = placeOf === undefined ? code : leftToCheck;
    this.other = placeOf === undefined ? other : valueCheck(type, schemas);
  }

  /** What is wrong with a payload that it does not take, as the end of a sentence. */
  problemWith(payload: unknown): string {
    const where = this.#placeOf?.(payload, this.#type, this.#schemas);
    const what = `takes ${describeExpected(this.#type)}, not ${describePayload(payload as Payload)}`;
    return where === undefined || where === "" ? what : `${what} whose \`${where}\` is none`;
  }
}

/** An output port of a running node: numbers its frames and hands them to whoever is linked to it. */
export class OutPort {
  readonly name: string;
  readonly shape: PortShape;
  readonly #kind: number;
  #outlet: Outlet | undefined;
  #seq = 0;
  #ended = false;
  #soundTime: SoundTime | undefined;

  constructor(shape: PortShape) {
    this.name = shape.name;
    this.shape = shape;
    this.#kind = shape.kind;
  }

  /** Before the session starts. Without an outlet, frames are counted and dropped. */
  connect(outlet: Outlet | undefined): void {
    this.#outlet = outlet;
  }

  /** The media time of what a source gives without one. @param nowUs by the clock, since it began */
  timeOf(payload: Payload, nowUs: number): number {
    const { samplesInSecond: rate } = this.shape;
    if (rate === undefined) return nowUs;
    this.#soundTime ??= new SoundTime(rate);
    return this.#soundTime.place(payload, nowUs);
  }

  get outlet(): Outlet | undefined {
    return this.#outlet;
  }

  /** Frames sent so far. */
  get frames(): number {
    return this.#seq;
  }

  takes(payload: unknown): payload is Payload {
    return isOfKind(this.#kind, this.shape, payload);
  }

  /** The same, of what code has returned: false also for what is no payload by itself. */
  takesPlain(returned: unknown): returned is Payload {
    if (this.#kind !== leftToCheck) return isOfKind(this.#kind, this.shape, returned);
    return (typeof returned !== "object" || isPlain(returned)) && this.shape.other(returned);
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

/** The only one that is no signal; where all are, the only one. */
export function soleOf(ports: readonly OutPort[]): OutPort | undefined {
  const [first] = ports;
  if (ports.length <= 1) return first;
  const streams = ports.filter((port) => !port.shape.signal);
  return streams.length === 1 ? streams[0] : undefined;
}
