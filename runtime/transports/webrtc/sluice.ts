import type { Clock } from "../../interface/clock.ts";
import { channelLimits } from "../channel/limits.ts";
import type { Mover, Outbox } from "./outbox.ts";

/** How often room is looked for while somebody waits, should the engine not tell; in milliseconds. */
const pollMs = 10;

/** A channel is alone when no other has had anything to send for so long, in milliseconds. */
const sharedMs = 250;

const nobody: readonly Outbox[] = [];

/**
 * Hands the messages of all channels of a connection to its engine, little at a time and in turns. An engine sends in
 * the order it is given things, so whatever it holds delays a heartbeat; and the time werift takes grows with the square
 * of the messages it holds. The control channel has room of its own and goes first. A channel of which nothing was on
 * its way has its first turn before those that always have something, as in RFC 8290, section 3.3: so sound waits for one
 * message of bulk data at most, the one that the engine is sending. Where one channel alone is in use, there is nothing to
 * be late, and an engine on a thread of its own may hold as much as keeps it busy until it has called back.
 */
export class Sluice implements Mover {
  readonly #clock: Clock;
  /** Outboxes with something in them or somebody waiting; whose turn it is comes first. */
  readonly #busy = new Set<Outbox>();
  /** Those of them that have not had a turn since they were last empty. */
  readonly #fresh = new Set<Outbox>();
  #control: Outbox | undefined;
  #pumping = false;
  #again = false;
  #closed = false;
  #cancelPoll: (() => void) | undefined;
  /** The outbox that had something to do last, and when that was another one before. */
  #last: Outbox | undefined;
  #sharedUs = Number.NEGATIVE_INFINITY;
  readonly #aloneBytes: number;

  /** @param aloneBytes what the engine may hold of a channel that is the only one in use, beside the control channel */
  constructor(clock: Clock, aloneBytes: number = channelLimits.enginedBytes) {
    this.#clock = clock;
    this.#aloneBytes = aloneBytes;
  }

  hasRoom(messages: number, bytes: number): boolean {
    const { outstandingMessages, enginedMessages } = channelLimits;
    if (messages < outstandingMessages) return true;
    return messages < enginedMessages && bytes < this.#aloneBytes && this.#isAlone;
  }

  /** How large messages should be now, in bytes. @param most that the other side takes */
  messageBytes(most: number): number {
    const { messageBytes } = channelLimits;
    // Two of them, so that there is one while the next is made.
    return most > messageBytes && this.#isAlone
      ? Math.max(messageBytes, Math.min(most, this.#aloneBytes >> 1))
      : messageBytes;
  }

  /** One channel is in use beside the control channel. */
  get #isAlone(): boolean {
    return this.#aloneBytes > channelLimits.enginedBytes && this.#clock.nowUs() - this.#sharedUs > sharedMs * 1_000;
  }

  setControl(outbox: Outbox): void {
    this.#control = outbox;
  }

  /** @param changed the outbox that has got something to do */
  pump(changed?: Outbox): void {
    if (this.#closed) return;
    if (changed !== undefined && !this.#busy.has(changed)) {
      this.#busy.add(changed);
      this.#fresh.add(changed);
    }
    if (changed !== undefined && changed !== this.#last && changed !== this.#control) {
      this.#sharedUs = this.#last === undefined ? Number.NEGATIVE_INFINITY : this.#clock.nowUs();
      this.#last = changed;
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
    this.#busy.clear();
    this.#fresh.clear();
  }

  #move(): void {
    for (const outbox of this.#busy) outbox.settle();
    if (this.#control !== undefined) this.#feedControl(this.#control);
    this.#feedOthers();
    let waiting = false;
    for (const outbox of this.#busy) {
      outbox.release();
      if (outbox.waiting) waiting = true;
      else if (outbox.handedMessages === 0) {
        this.#busy.delete(outbox);
        this.#fresh.delete(outbox);
      }
    }
    if (waiting) this.#watch();
  }

  #feedControl(control: Outbox): void {
    for (let next = control.nextBytes; next !== undefined; next = control.nextBytes) {
      if (!fits(control.handedMessages, control.handedBytes, next, channelLimits.enginedBytes)) return;
      control.handOver();
    }
  }

  #feedOthers(): void {
    const others = this.#others();
    if (others.length === 0) return;
    let messages = others.reduce((sum, outbox) => sum + outbox.handedMessages, 0);
    let bytes = others.reduce((sum, outbox) => sum + outbox.handedBytes, 0);
    const most = others.length === 1 && this.#isAlone ? this.#aloneBytes : channelLimits.enginedBytes;
    for (let given = true; given;) {
      given = false;
      for (const outbox of others) {
        const next = outbox.nextBytes;
        if (next === undefined) continue;
        if (!fits(messages, bytes, next, most)) return;
        outbox.handOver();
        messages++;
        bytes += next;
        given = true;
        // To the end of the turns.
        this.#fresh.delete(outbox);
        this.#busy.delete(outbox);
        this.#busy.add(outbox);
      }
    }
  }

  /** All but the control channel, in the order of their turns. */
  #others(): readonly Outbox[] {
    // Mostly there is one, which is asked for each message.
    if (this.#busy.size > 1)
      return [...new Set([...this.#fresh, ...this.#busy])].filter((one) => one !== this.#control);
    for (const only of this.#busy) if (only !== this.#control) return [only];
    return nobody;
  }

  /** Asks the engine to call, and looks by itself as well: not every engine calls when it should. */
  #watch(): void {
    for (const outbox of this.#busy) if (outbox.handedMessages > 0) outbox.askForCall();
    this.#cancelPoll ??= this.#clock.schedule(pollMs, () => {
      this.#cancelPoll = undefined;
      this.pump();
    });
  }
}

function fits(messages: number, bytes: number, next: number, most: number): boolean {
  if (messages === 0) return true;
  return messages < channelLimits.enginedMessages && bytes + next <= most;
}
