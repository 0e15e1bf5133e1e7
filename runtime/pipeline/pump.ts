import { MeshError } from "../interface/errors.ts";
import type { Frame } from "../interface/frame.ts";
import type { Link } from "../interface/link.ts";
import type { Tickets } from "./border.ts";
import type { BoundedChannel, Reader } from "./bounded-channel.ts";
import type { Soon, Task } from "./soon.ts";
import { QuestionTicket, ticketed, ticketOf } from "./ticket.ts";
import { WorkSignal } from "./work-signal.ts";

export interface CarriageInit {
  readonly soon: Soon;
  /** Gets the call of each frame that is carried; a frame whose call is over is not. */
  readonly tickets?: Tickets | undefined;
  /** All of it has been carried. The link is left open. */
  readonly onEnd: () => void;
  /** The link has failed. */
  readonly onFailure: (error: MeshError) => void;
}

/**
 * Carries frames from queues into a link outside, as the link has room. A frame leaves its queue only once the link has
 * taken it, so that another carriage may go on where one was stopped.
 */
export class Carriage {
  readonly #init: CarriageInit;
  readonly #pumps: readonly Pump[];
  #left: number;
  #over = false;

  constructor(channels: readonly BoundedChannel[], link: Link, init: CarriageInit) {
    this.#init = init;
    this.#left = channels.length;
    this.#pumps = channels.map((channel) => new Pump(channel, link, init.tickets, init.soon, this));
  }

  start(): void {
    if (this.#left === 0) this.#init.soon.add({ run: () => this.#ended(), after: undefined });
    for (const pump of this.#pumps) pump.start();
  }

  /** Tells nobody any more. */
  stop(reason: unknown): void {
    this.#over = true;
    for (const pump of this.#pumps) pump.stop(reason);
  }

  drained(): void {
    this.#left -= 1;
    if (this.#left === 0) this.#ended();
  }

  failed(error: unknown): void {
    if (this.#over) return;
    this.stop(error);
    this.#init.onFailure(MeshError.from(error));
  }

  #ended(): void {
    if (!this.#over) this.#init.onEnd();
  }
}

/** One queue. Is called when there is something to do; a promise for each frame would cost more than the frame. */
class Pump implements Task, Reader {
  readonly #channel: BoundedChannel;
  readonly #link: Link;
  readonly #tickets: Tickets | undefined;
  readonly #soon: Soon;
  readonly #carriage: Carriage;
  after: Task | undefined;
  #over = false;
  #scheduled = false;
  /** For room. */
  #waits = false;
  #signal: WorkSignal | undefined;
  /** Of a batch remote: why it takes no more questions. */
  #failure: { readonly error: unknown } | undefined;

  constructor(channel: BoundedChannel, link: Link, tickets: Tickets | undefined, soon: Soon, carriage: Carriage) {
    this.#channel = channel;
    this.#link = link;
    this.#tickets = tickets;
    this.#soon = soon;
    this.#carriage = carriage;
  }

  start(): void {
    this.#channel.readBy(this);
    this.readable();
  }

  stop(reason: unknown): void {
    this.#over = true;
    this.#signal?.abort(reason);
  }

  run(): void {
    this.#scheduled = false;
    try {
      if (this.#failure !== undefined && !this.#over) this.#refuse(this.#failure.error);
      else if (!this.#over) this.#carry();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Not at once: who puts a frame into the queue is not called back from outside meanwhile. */
  readable(): void {
    if (this.#scheduled || this.#waits || this.#over) return;
    this.#scheduled = true;
    this.#soon.add(this);
  }

  #carry(): void {
    const channel = this.#channel;
    const link = this.#link;
    const tickets = this.#tickets;
    while (!this.#over) {
      const frame = channel.peek();
      if (frame === undefined) {
        if (channel.ended) this.#end();
        return;
      }
      if (tickets !== undefined && ticketOf(frame)?.over === true) {
        channel.shift();
        channel.countDropped();
      } else if (link.writable) {
        this.#send(frame);
        channel.shift();
      } else {
        this.#wait();
        return;
      }
    }
  }

  #send(frame: Frame): void {
    const call = this.#tickets && ticketOf(frame);
    const ticket = call && new QuestionTicket(call);
    this.#link.send(ticket === undefined ? frame : ticketed(frame, ticket));
    this.#tickets?.push(ticket);
  }

  /** The link has failed: who waits for an answer of a `first` may get one elsewhere. */
  #refuse(error: unknown): void {
    for (let frame = this.#channel.peek(); frame !== undefined; frame = this.#channel.peek()) {
      const ticket = ticketOf(frame);
      if (ticket === undefined) {
        this.#over = true;
        this.#carriage.failed(error);
        return;
      }
      this.#channel.shift();
      ticket.fail(error);
    }
    if (this.#channel.ended) this.#end();
  }

  #wait(): void {
    this.#waits = true;
    this.#signal ??= new WorkSignal();
    this.#link.ready(this.#signal.signal).then(
      () => {
        this.#waits = false;
        this.run();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    if (this.#tickets !== undefined) {
      this.#failure ??= { error };
      this.#waits = false;
      this.#refuse(error);
      return;
    }
    this.#over = true;
    this.#carriage.failed(error);
  }

  #end(): void {
    this.#over = true;
    this.#carriage.drained();
  }
}
