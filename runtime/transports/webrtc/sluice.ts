import type { Clock } from "../../interface/clock.ts";
import { channelLimits } from "../channel/limits.ts";
import { SoleUse } from "../channel/sole-use.ts";
import { targetMs } from "./delay-window.ts";
import type { PathUse } from "./engines/engine.ts";
import type { Mover, Outbox } from "./outbox.ts";
import { Outflow } from "./outflow.ts";
import { Turns } from "./turns.ts";
import { UnderWay } from "./under-way.ts";

/** How often room is looked for while somebody waits, should the engine not tell; in milliseconds. */
const pollMs = 10;
/** What goes in one packet, in bytes: such messages hold nobody up, and the other side is not asked for them. */
const packetBytes = 1_120;
/** Of a channel that is the only one in use, what was not asked for is after so long at the latest, in milliseconds. */
const askLaterMs = 20;
/** How long another channel may have to wait, should it begin to speak, behind one that is the only one in use; in milliseconds. */
const aloneWaitMs = 15;
/** One that has spoken within so long may do so again: who listens is silent for as long, in microseconds. */
const maySpeakUs = 60_000_000;

export interface SluiceInit {
  readonly clock: Clock;
  /** Of `WebrtcEngine`. */
  readonly ownThread?: { readonly hiddenBytes: number } | undefined;
  /** The other side is asked for what it has of each large message, and answers. */
  readonly asks?: boolean;
  /** Media tracks share the path. */
  readonly sendsMedia?: () => boolean;
}

/**
 * Hands the messages of all channels of a connection to its engine, little at a time and in turns. An engine sends in
 * the order it is given things, so whatever it holds delays a heartbeat; and the time werift takes grows with the square
 * of the messages it holds. The control channel has room of its own and goes first. A channel of which nothing was on
 * its way has its first turn before those that always have something, as in RFC 8290, section 3.3: so sound waits for one
 * message of bulk data at most, the one that the engine is sending. Where one channel alone is in use, there is nothing to
 * be late, and an engine on a thread of its own may hold as much as keeps it busy until it has called back.
 */
export class Sluice implements Mover, PathUse {
  readonly #clock: Clock;
  /** Outboxes with something in them or somebody waiting, but for the one of the control channel. */
  readonly #busy = new Turns<Outbox>();
  #control: Outbox | undefined;
  #pumping = false;
  #again = false;
  #closed = false;
  #cancelPoll: (() => void) | undefined;
  /** Channels of which the other side has not been asked for all, and when it is. */
  #unasked: Outbox[] = [];
  #cancelAsk: (() => void) | undefined;
  readonly #sole: SoleUse;
  /** Of an engine that sends on a thread of its own. */
  readonly #outflow: Outflow | undefined;
  /** Where the other side is asked. */
  readonly #underWay: UnderWay | undefined;
  readonly #sendsMedia: () => boolean;
  /** Of an engine that knows it. */
  rate: number | undefined;

  constructor({ clock, ownThread, asks = false, sendsMedia = () => false }: SluiceInit) {
    this.#clock = clock;
    this.#sole = new SoleUse(clock);
    this.#outflow = ownThread && new Outflow(clock, ownThread.hiddenBytes);
    this.#underWay = asks ? new UnderWay(clock) : undefined;
    this.#sendsMedia = sendsMedia;
  }

  /** How long what is sent now may wait on the path, beside the time that the path itself takes; in milliseconds. */
  get mayWaitMs(): number {
    return this.#sole.isFor(maySpeakUs) && !this.#sendsMedia() ? aloneWaitMs : targetMs;
  }

  hasRoom(messages: number, bytes: number): boolean {
    const { outstandingMessages, enginedMessages } = channelLimits;
    if (messages < outstandingMessages) return true;
    return messages < enginedMessages && this.#isAlone && bytes < this.#aloneBytes;
  }

  /** How large messages should be now, in bytes. @param most that the other side takes */
  messageBytes(most: number): number {
    return this.#passing(this.#isAlone ? Math.min(most, this.#largeBytes) : channelLimits.messageBytes);
  }

  handed(outbox: Outbox, bytes: number): boolean {
    const { ledger } = outbox;
    ledger.handedBytes += bytes;
    if (this.#underWay === undefined || bytes <= packetBytes || outbox === this.#control) return false;
    this.#underWay.handed(ledger);
    // Behind a channel that is alone only control messages wait: they can bear some more, and each question takes time.
    if (this.#sole.now && !this.#underWay.isDue(ledger, this.mayWaitMs)) {
      this.#askLater(outbox);
      return false;
    }
    this.#underWay.ask(ledger);
    return true;
  }

  /** The other side has so many bytes of a channel, modulo 2^32. @returns false when that cannot be */
  confirmed(outbox: Outbox, bytes: number): boolean {
    const isPossible = this.#underWay?.confirm(outbox.ledger, bytes) === true;
    this.pump();
    return isPossible;
  }

  left(bytes: number): void {
    this.#outflow?.left(bytes);
  }

  /** So many bytes, or as many as pass in the time that others may have to wait for them. */
  #passing(most: number): number {
    const { leastMessageBytes, messageMs } = channelLimits;
    // What is small is answered soon, so that it is known how long the path is before there is a queue on it.
    const rate = this.#underWay === undefined ? (this.rate ?? Number.POSITIVE_INFINITY) : (this.#underWay.rate ?? 0);
    // Each costs a question where the other side is asked.
    const fit = Math.max(leastMessageBytes, rate * (this.#underWay === undefined ? messageMs / 2 : messageMs));
    // Few sizes, so that a frame need not be cut anew each time the rate is another.
    let bytes = most;
    while (bytes >> 1 >= fit) bytes >>= 1;
    return bytes;
  }

  /** Of the messages of a channel that is the only one in use: what leaves in the time that may be waited for it. */
  get #largeBytes(): number {
    const { largeMessageBytes, largestMessageBytes, largestMessageMs } = channelLimits;
    const fast = this.#outflow?.bytesIn(largestMessageMs) ?? 0;
    return Math.max(largeMessageBytes, Math.min(largestMessageBytes, Math.floor(fast)));
  }

  /** What the engine may hold of a channel that is the only one in use: two messages, so that there is one while the next is made. */
  get #aloneBytes(): number {
    return 2 * this.#passing(this.#largeBytes);
  }

  /** What the engine may hold of so many channels beside the control channel. */
  #engineBytes(channels: number): number {
    return channels === 1 && this.#isAlone ? this.#aloneBytes : this.#passing(channelLimits.enginedBytes);
  }

  /** One channel is in use beside the control channel. */
  get #isAlone(): boolean {
    return this.#outflow !== undefined && this.#sole.now;
  }

  setControl(outbox: Outbox): void {
    this.#control = outbox;
  }

  /** @param changed the outbox that has got something to do */
  pump(changed?: Outbox): void {
    if (this.#closed) return;
    if (changed !== undefined && changed !== this.#control) {
      this.#busy.add(changed);
      this.#sole.used(changed);
    }
    this.#again = true;
    // An engine may call back from within `send`.
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#again) {
        this.#again = false;
        this.#move();
      }
    } finally {
      this.#pumping = false;
    }
  }

  close(): void {
    this.#closed = true;
    this.#cancelPoll?.();
    this.#cancelAsk?.();
    this.#busy.clear();
  }

  #move(): void {
    const busy = this.#busy.inOrder();
    const control = this.#control;
    control?.settle();
    for (const outbox of busy) outbox.settle();
    if (control !== undefined) this.#feedControl(control);
    this.#feedOthers(busy);
    control?.release();
    let waiting = control?.waiting === true;
    for (const outbox of busy) {
      outbox.release();
      if (outbox.waiting) waiting = true;
      else if (outbox.handedMessages === 0) this.#busy.delete(outbox);
    }
    if (waiting) this.#watch();
  }

  #feedControl(control: Outbox): void {
    for (let next = control.nextBytes; next !== undefined; next = control.nextBytes) {
      if (!fits(control.handedMessages, control.handedBytes, next, channelLimits.enginedBytes)) return;
      control.handOver();
    }
  }

  #feedOthers(others: readonly Outbox[]): void {
    if (others.length === 0) return;
    let messages = 0;
    let bytes = 0;
    for (const { handedMessages, handedBytes } of others) {
      messages += handedMessages;
      bytes += handedBytes;
    }
    for (let given = true; given;) {
      given = false;
      for (const outbox of others) {
        const next = outbox.nextBytes;
        if (next === undefined) continue;
        // An engine with nothing takes whatever there is.
        if (messages > 0 && !fits(messages, bytes, next, this.#engineBytes(others.length))) {
          this.#underWay?.wasFull();
          return;
        }
        if (next > packetBytes && this.#underWay?.hasRoom(this.mayWaitMs) === false) {
          this.#underWay.wasFull();
          continue;
        }
        outbox.handOver();
        this.#outflow?.given();
        messages++;
        bytes += next;
        given = true;
        this.#busy.served(outbox);
      }
    }
  }

  /** What stays the last for a while would never be known to have arrived. */
  #askLater(outbox: Outbox): void {
    if (!this.#unasked.includes(outbox)) this.#unasked.push(outbox);
    this.#cancelAsk ??= this.#clock.schedule(askLaterMs, () => {
      this.#cancelAsk = undefined;
      const unasked = this.#unasked;
      this.#unasked = [];
      for (const one of unasked) {
        if (one.ledger.isAsked) continue;
        this.#underWay?.ask(one.ledger);
        one.ask();
      }
    });
  }

  /** Asks the engine to call, and looks by itself as well: not every engine calls when it should. */
  #watch(): void {
    for (const outbox of this.#busy.inOrder()) if (outbox.handedMessages > 0) outbox.askForCall();
    if (this.#control !== undefined && this.#control.handedMessages > 0) this.#control.askForCall();
    this.#cancelPoll ??= this.#clock.schedule(pollMs, () => {
      this.#cancelPoll = undefined;
      this.pump();
    });
  }
}

/** What is small goes in beside what is large: it need not wait until that has left. */
function fits(messages: number, bytes: number, next: number, most: number): boolean {
  if (messages === 0) return true;
  return (
    messages < channelLimits.enginedMessages && (bytes + next <= most || (next <= packetBytes && bytes < 2 * most))
  );
}
