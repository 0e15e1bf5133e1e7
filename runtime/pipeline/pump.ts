import type { Link } from "../interface/link.ts";
import type { Tickets } from "./border.ts";
import type { BoundedChannel } from "./bounded-channel.ts";
import { soon } from "./soon.ts";
import { ticketOf } from "./ticket.ts";
import type { WorkSignal } from "./work-signal.ts";

/**
 * Carries frames from a queue into a link outside, as the link has room. A frame leaves the queue only once the link has
 * taken it, so that another pump may go on where one was stopped. Resolves at the end of the queue; the link is left
 * open, for several queues may merge into it.
 * @param tickets gets the call of each frame that is carried; a frame whose call is over is not
 * @param stop for this pump alone
 * @throws {MeshError} the link's failure; or the reason for which it was stopped
 */
export function pump(channel: BoundedChannel, link: Link, stop: WorkSignal, tickets?: Tickets): Promise<void> {
  return new Promise((resolve, reject) => new Pump({ channel, link, stop, tickets, resolve, reject }).start());
}

interface PumpInit {
  readonly channel: BoundedChannel;
  readonly link: Link;
  readonly stop: WorkSignal;
  readonly tickets: Tickets | undefined;
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

/** Is called when there is something to do; a promise for each frame would cost more than the frame. */
class Pump {
  readonly #init: PumpInit;
  #over = false;
  #scheduled = false;
  /** For room. */
  #waits = false;

  constructor(init: PumpInit) {
    this.#init = init;
  }

  start(): void {
    const { channel, stop } = this.#init;
    stop.onAbort = this.#fail;
    // An aborted one has its reason in its signal.
    if (stop.aborted) this.#fail(stop.signal.reason);
    channel.onReadable(this.#poke);
    this.#poke();
  }

  /** Not at once: who puts a frame into the queue is not called back from outside meanwhile. */
  readonly #poke = (): void => {
    if (this.#scheduled || this.#waits || this.#over) return;
    this.#scheduled = true;
    soon(this.#drain);
  };

  readonly #drain = (): void => {
    this.#scheduled = false;
    try {
      if (!this.#over) this.#carry();
    } catch (error) {
      this.#fail(error);
    }
  };

  #carry(): void {
    const { channel, link, stop, tickets } = this.#init;
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
        link.send(frame);
        tickets?.push(ticketOf(frame));
        channel.shift();
      } else {
        this.#waits = true;
        link.ready(stop.signal).then(this.#resume, this.#fail);
        return;
      }
    }
  }

  readonly #resume = (): void => {
    this.#waits = false;
    this.#drain();
  };

  /** After the end, a promise that has settled takes no notice. */
  readonly #fail = (error: unknown): void => {
    this.#over = true;
    this.#init.reject(error as Error);
  };

  #end(): void {
    this.#over = true;
    this.#init.resolve();
  }
}
