import type { Clock } from "../../interface/clock.ts";
import { channelLimits } from "../channel/limits.ts";
import { DelayWindow, targetMs, type Mark } from "./delay-window.ts";

/**
 * As long as nothing is known of the path, in bytes: what an engine has been given it does not give back, and SCTP begins with less than this
 * (RFC 9260, section 7.2.1).
 */
const firstBytes = 2 * channelLimits.messageBytes;
/** Without a word of what has arrived for so long, it is not waited for any more, in milliseconds. */
const silentMs = 1_000;
/** So much of what may be under way goes between two questions of a channel that is the only one in use, and no more than these bytes. */
const askedShare = 1 / 4;
const mostAskedBytes = 4 * 1024 * 1024;
/** Questions of a channel that are remembered until they are answered; what is asked beyond that is not measured. */
const mostAsked = 1_024;

/** Of the messages of a channel: how many bytes were handed to the engine, and how many of them the other side has. */
export class Ledger {
  /** All messages. */
  handedBytes = 0;
  /** Up to the last of several packets. */
  largeBytes = 0;
  /** Up to the last after which the other side was asked. */
  askedBytes = 0;
  confirmedBytes = 0;
  readonly asked: { readonly bytes: number; readonly mark: Mark }[] = [];

  get underWay(): number {
    return Math.max(0, this.largeBytes - this.confirmedBytes);
  }

  get isAsked(): boolean {
    return this.askedBytes >= this.largeBytes;
  }
}

/** What all channels of a connection have on its way, as far as the other side is asked, and how much of it there may be. */
export class UnderWay {
  readonly #clock: Clock;
  readonly #window = new DelayWindow(2 * channelLimits.leastMessageBytes);
  #bytes = 0;
  /** Nothing was under way before what has not been asked for. */
  #isFirst = false;
  /** When something was confirmed, or the first of what is under way was sent. */
  #heardMs = 0;
  /** What was asked for last. */
  #waitMs = targetMs;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The engine has been handed a message of several packets. */
  handed(ledger: Ledger): void {
    if (this.#bytes === 0) {
      this.#heardMs = this.#nowMs;
      this.#isFirst = true;
    }
    const before = ledger.underWay;
    ledger.largeBytes = ledger.handedBytes;
    this.#bytes += ledger.underWay - before;
  }

  /** So much of it goes between two questions that some of it is always answered. @param waitMs as for `hasRoom` */
  isDue(ledger: Ledger, waitMs: number): boolean {
    if (this.rate === undefined) return true;
    return ledger.handedBytes - ledger.askedBytes >= askedShare * Math.min(this.#most(waitMs), mostAskedBytes);
  }

  /** The other side is asked for what the engine has been handed of a channel. */
  ask(ledger: Ledger): void {
    const mark = this.#window.sent(this.#isFirst, this.#nowMs, ledger.handedBytes - ledger.askedBytes);
    this.#isFirst = false;
    if (ledger.asked.length < mostAsked) ledger.asked.push({ bytes: ledger.handedBytes, mark });
    ledger.askedBytes = ledger.handedBytes;
  }

  /**
   * The other side has so much of a channel.
   * @param count bytes, modulo 2^32
   * @returns false when it never was sent that much
   */
  confirm(ledger: Ledger, count: number): boolean {
    const more = (count - ledger.confirmedBytes) >>> 0;
    if (ledger.confirmedBytes + more > ledger.handedBytes) return false;
    const before = ledger.underWay;
    ledger.confirmedBytes += more;
    let mark: Mark | undefined;
    while (ledger.asked[0] !== undefined && ledger.asked[0].bytes <= ledger.confirmedBytes) {
      mark = ledger.asked.shift()?.mark;
    }
    this.#bytes -= before - ledger.underWay;
    this.#heardMs = this.#nowMs;
    this.#window.arrived(more, mark, this.#heardMs, this.#waitMs);
    return true;
  }

  /**
   * True when another message may be sent. It may go beyond what there is room for, or a path that holds three messages and a half would never
   * be given more than three, and not be seen to take more.
   * @param waitMs how long what is sent now may wait behind what is under way, beside the time that the path takes
   */
  hasRoom(waitMs: number): boolean {
    this.#waitMs = waitMs;
    return this.#bytes < this.#most(waitMs) || this.#nowMs - this.#heardMs > silentMs;
  }

  /** There was more to send than there was room for, here or in the engine. */
  wasFull(): void {
    this.#window.wasFull(this.#nowMs);
  }

  #most(waitMs: number): number {
    const most = this.#window.bytesFor(waitMs, this.#nowMs);
    return most === Number.POSITIVE_INFINITY ? firstBytes : most;
  }

  /** Bytes a millisecond that arrive, the most of late; undefined as long as that is not known. */
  get rate(): number | undefined {
    return this.#window.rate;
  }

  get #nowMs(): number {
    return this.#clock.nowUs() / 1_000;
  }
}
