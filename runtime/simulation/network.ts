import type { Random } from "../interface/random.ts";
import type { EventLoop } from "./loop.ts";
import type { Machine, Process } from "./machine.ts";

/** One direction between two machines. */
interface Way {
  readonly latencyUs: number;
  readonly jitterUs: number;
  /** Added to it now. */
  extraUs: number;
  /** The share of messages that are lost, below 1. */
  loss: number;
  /** Nothing gets through while it is above 0: what is on its way waits to be sent again. */
  blocked: number;
  /** Lines whose first message waits for it to be open. */
  readonly stalled: Set<Line>;
}

/** How fast a way is. */
export type Pace = Pick<Way, "latencyUs" | "jitterUs">;

/** A machine is near or far, as the random numbers have it. */
const drawnPace = (random: Random): Pace => {
  const near = random.next() < 0.5;
  return {
    latencyUs: 200 + Math.floor(random.next() * (near ? 2_000 : 40_000)),
    jitterUs: Math.floor(random.next() * (near ? 500 : 10_000)),
  };
};

/** Until a sender takes what is not confirmed for lost, beside the time there and back. */
const resendUs = 50_000;

/** What is between the machines. Nothing here knows of protocols: there are lines, each reliable and in order, with an end of its own. */
export class Network {
  readonly loop: EventLoop;
  readonly random: Random;
  readonly #ways = new Map<string, Way>();
  readonly #paceOf: (random: Random) => Pace;

  constructor(loop: EventLoop, random: Random, paceOf = drawnPace) {
    this.loop = loop;
    this.random = random;
    this.#paceOf = paceOf;
  }

  way(from: Machine, to: Machine): Way {
    const key = `${from.name}>${to.name}`;
    const known = this.#ways.get(key);
    if (known !== undefined) return known;
    const way: Way = {
      ...this.#paceOf(this.random),
      extraUs: 0,
      loss: 0,
      blocked: 0,
      stalled: new Set(),
    };
    this.#ways.set(key, way);
    return way;
  }

  block(from: Machine, to: Machine): void {
    this.way(from, to).blocked += 1;
  }

  /** What waits is sent again, each after a while of its own. */
  unblock(from: Machine, to: Machine): void {
    const way = this.way(from, to);
    way.blocked -= 1;
    if (way.blocked > 0) return;
    const stalled = [...way.stalled];
    way.stalled.clear();
    for (const line of stalled) line.goOn(Math.floor(this.random.next() ** 2 * 1_000_000));
  }

  isOpen(from: Machine, to: Machine): boolean {
    return this.way(from, to).blocked === 0;
  }

  /** How long something takes that leaves now, in microseconds. */
  delayUs(from: Machine, to: Machine): number {
    const way = this.way(from, to);
    const once = way.latencyUs + way.extraUs;
    let us = once + Math.floor(this.random.next() * way.jitterUs);
    // What is lost is sent again, until it is not.
    while (way.loss > 0 && this.random.next() < way.loss) us += 2 * once + resendUs;
    return us;
  }
}

interface Parcel {
  readonly sentUs: number;
  readonly atUs: number;
  readonly messages: (() => void)[];
}

/**
 * What of a line is read in one go, before anything else happens: each message by itself; what was sent within a moment, as one packet; or of a
 * stream also all that came while its reader got no time.
 */
export type Reading = "message" | "packet" | "stream";

/** So long a packet waits for more to go with it, in microseconds. */
const gatherUs = 1_000;

/** One direction of a connection: what is sent arrives once and in order, unless the line ends first. */
export class Line {
  readonly #network: Network;
  readonly #from: Process;
  readonly #to: Process;
  readonly #reading: Reading;
  readonly #queue: Parcel[] = [];
  /** Has arrived, and its reader gets no time. */
  readonly #unread: (() => void)[] = [];
  #lastUs = 0;
  /** The first message is on its way, or waits for the way to be open. */
  #moving = false;
  #cut = false;

  constructor(network: Network, from: Process, to: Process, reading: Reading = "message") {
    this.#network = network;
    this.#from = from;
    this.#to = to;
    this.#reading = reading;
  }

  send(deliver: () => void): void {
    if (!this.#from.isDead) this.sendAnyway(deliver);
  }

  /** Also for a process that is gone, by its system. */
  sendAnyway(deliver: () => void): void {
    if (this.#cut) return;
    const { loop } = this.#network;
    const waitsUs = this.#reading === "packet" ? gatherUs : 0;
    const last = this.#reading === "message" ? undefined : this.#queue.at(-1);
    if (last !== undefined && loop.nowUs <= last.sentUs + waitsUs) {
      last.messages.push(deliver);
      return;
    }
    const atUs = Math.max(
      this.#lastUs,
      loop.nowUs + waitsUs + this.#network.delayUs(this.#from.machine, this.#to.machine),
    );
    this.#lastUs = atUs;
    this.#queue.push({ sentUs: loop.nowUs, atUs, messages: [deliver] });
    if (!this.#moving) this.#move(0);
  }

  /** Nothing more arrives, what is on its way included. */
  cut(): void {
    this.#cut = true;
    this.#queue.length = 0;
  }

  /** The way is open again. */
  goOn(afterUs: number): void {
    this.#move(this.#network.loop.nowUs + afterUs);
  }

  #move(earliestUs: number): void {
    const [first] = this.#queue;
    this.#moving = first !== undefined;
    if (first === undefined) return;
    this.#network.loop.at(Math.max(first.atUs, earliestUs), () => this.#arrive(earliestUs));
  }

  #arrive(earliestUs: number): void {
    if (this.#cut) return;
    const way = this.#network.way(this.#from.machine, this.#to.machine);
    if (way.blocked > 0) {
      way.stalled.add(this);
      return;
    }
    const parcel = this.#queue.shift();
    // Who is held up takes nothing, but does not hold up the network either: its machine keeps it.
    if (parcel !== undefined) this.#hand(parcel.messages);
    this.#move(earliestUs);
  }

  #hand(messages: readonly (() => void)[]): void {
    if (this.#reading !== "stream") {
      this.#to.deliver(() => messages.forEach((take) => take()));
      return;
    }
    const isAwaited = this.#unread.length > 0;
    this.#unread.push(...messages);
    if (!isAwaited) this.#to.deliver(() => this.#unread.splice(0).forEach((take) => take()));
  }
}
