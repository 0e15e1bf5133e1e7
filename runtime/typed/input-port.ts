import { formatType, type FlowType } from "../interface/caps.ts";
import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import type { Frame, Payload } from "../interface/frame.ts";
import type { Link } from "../interface/link.ts";
import type { EmitOptions } from "../interface/node.ts";
import { portSession, type PortSession, type SessionPort } from "./port-session.ts";
import type { InputPort, PortSchema } from "./ports.ts";
import { checked } from "./schema-check.ts";
import { timelineOf, type Timeline } from "./timeline.ts";

/** Writes that may wait for room; more means that the writer heeds no back-pressure at all. */
export const maxWaitingWrites = 1024;

export interface TypedInputInit {
  readonly name: string;
  readonly format: FlowType;
  readonly link: Link;
  readonly schema: PortSchema<unknown, never> | undefined;
  readonly clock: Clock;
  readonly session: PortSession;
}

/** Numbers and stamps what is written and sends it as there is room, in the order in which it was written. */
export class TypedInput<T> implements InputPort<T>, SessionPort {
  readonly name: string;
  readonly format: string;
  readonly [portSession]: PortSession;
  readonly #link: Link;
  readonly #schema: PortSchema<unknown, never> | undefined;
  readonly #timestamp: Timeline;
  #seq = 0;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(init: TypedInputInit) {
    this.name = init.name;
    this.format = formatType(init.format);
    this[portSession] = init.session;
    this.#link = init.link;
    this.#schema = init.schema;
    this.#timestamp = timelineOf(init.format, init.clock);
  }

  get writable(): boolean {
    return !this.#ended && this.#waiting === 0 && this.#link.writable;
  }

  write(payload: T, options: EmitOptions = {}): Promise<void> | undefined {
    if (this.#ended) throw new MeshError("channel-closed", `\`${this.name}\` has ended and takes no more frames.`);
    // The payload goes on as it was given: the schema only says whether it may, the other end fills in defaults.
    if (this.#schema !== undefined) checked(this.#schema, payload, this.name);
    if (this.#waiting >= maxWaitingWrites) {
      throw new MeshError("channel-full", `More than ${maxWaitingWrites} writes to \`${this.name}\` wait for room.`, {
        hint: "Await what `write` returns before the next one.",
      });
    }
    const frame: Frame = {
      timestampUs: this.#timestamp(payload as Payload, options.timestampUs),
      seq: this.#seq++,
      epoch: 0,
      flags: options.flags ?? 0,
      payload: payload as Payload,
    };
    if (this.#waiting === 0 && this.#link.writable) {
      this.#link.send(frame);
      return undefined;
    }
    return this.#sendLater(frame);
  }

  onKeyFrameRequest(listener: () => void): void {
    this.#link.onKeyFrameRequest?.(() => {
      listener();
      return true;
    });
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    void this.#last.catch(() => undefined).then(() => this.#link.end());
  }

  #sendLater(frame: Frame): Promise<void> {
    this.#waiting += 1;
    const before = this.#last;
    const send = async (): Promise<void> => {
      try {
        await before;
        while (!this.#link.writable) await this.#link.ready();
        this.#link.send(frame);
      } finally {
        this.#waiting -= 1;
      }
    };
    this.#last = send();
    // Who ignores the promise must not bring down the process when the session fails.
    this.#last.catch(() => undefined);
    return this.#last;
  }
}
