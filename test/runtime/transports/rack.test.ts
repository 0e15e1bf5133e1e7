import { describe, expect, it } from "vitest";
import { Rack } from "../../../runtime/transports/webrtc/engines/werift/rack.ts";
import { isAfter, type SentChunk } from "../../../runtime/transports/webrtc/engines/werift/sctp.ts";
import { SpuriousLoss } from "../../../runtime/transports/webrtc/engines/werift/spurious-loss.ts";
import { seededRandom } from "../../support/real-clock.ts";

/** A path of 20 ms there and back, on which packets leave 0.7 ms apart. */
interface Conditions {
  readonly count?: number;
  /** Share of packets that are lost; of those that are sent again as well. */
  readonly loss?: number;
  readonly jitterMs?: number;
  /** Share that comes twice. */
  readonly duplicate?: number;
}

const [everyMs, oneWayMs] = [0.7, 10] as const;
const firstTsn = 0xffff_ff00;

interface Outcome {
  /** Chunks that were sent again, and those of them that would have come. */
  readonly again: number;
  readonly inVain: number;
  /** The longest time from when a packet was lost until its chunk went again. */
  readonly slowestMs: number;
  /** How often the window was made smaller, and how often it was given back. */
  readonly reduced: number;
  readonly givenBack: number;
  /** Still missing in the end. */
  readonly missing: number;
}

/** A sender that judges loss by `Rack` and `SpuriousLoss`, over a path in virtual time where each packet is answered at once. */
class Sender {
  readonly #random = seededRandom(11);
  readonly #conditions: Conditions;
  readonly #rack = new Rack();
  readonly #spurious = new SpuriousLoss();
  readonly #events: { readonly atMs: number; readonly run: () => void }[] = [];
  readonly #out = new Map<number, SentChunk>();
  readonly #received = new Set<number>();
  readonly #lostAtMs = new Map<number, number>();
  #nowMs = 0;
  #order = 0;
  #cumulative = (firstTsn - 1) >>> 0;
  #lastSent = this.#cumulative;
  #exit: number | undefined;
  #looksAtMs = Number.POSITIVE_INFINITY;
  readonly #outcome = { again: 0, inVain: 0, slowestMs: 0, reduced: 0, givenBack: 0 };

  constructor(conditions: Conditions) {
    this.#conditions = conditions;
  }

  run(): Outcome {
    const { count = 4_000 } = this.#conditions;
    for (let index = 0; index < count; index += 1) this.#at(index * everyMs, () => this.#sendNext(index));
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
      this.#nowMs = next.atMs;
      next.run();
    }
    return { ...this.#outcome, missing: count - this.#received.size };
  }

  #at(inMs: number, run: () => void): void {
    const atMs = this.#nowMs + inMs;
    let place = this.#events.length;
    while (place > 0 && (this.#events[place - 1]?.atMs ?? 0) > atMs) place -= 1;
    this.#events.splice(place, 0, { atMs, run });
  }

  #sendNext(index: number): void {
    this.#lastSent = (firstTsn + index) >>> 0;
    this.#send(this.#lastSent, 1);
  }

  #send(tsn: number, sentCount: number): void {
    this.#order += 1;
    this.#out.set(tsn, { tsn, order: this.#order, sentMs: this.#nowMs, sentCount });
    const { loss = 0, jitterMs = 0, duplicate = 0 } = this.#conditions;
    const [isLost, late, isTwice] = [this.#random.next() < loss, this.#random.next(), this.#random.next() < duplicate];
    if (isLost) {
      this.#lostAtMs.set(tsn, this.#nowMs);
      return;
    }
    for (let copies = isTwice ? 2 : 1; copies > 0; copies -= 1) {
      this.#at(oneWayMs + late * jitterMs, () => this.#receive(tsn));
    }
  }

  #receive(tsn: number): void {
    const isNew = !this.#received.has(tsn);
    this.#received.add(tsn);
    let last = this.#cumulative;
    while (this.#received.has((last + 1) >>> 0)) last = (last + 1) >>> 0;
    this.#at(oneWayMs, () => this.#onSack(tsn, isNew, last));
  }

  #onSack(tsn: number, isNew: boolean, cumulative: number): void {
    const chunk = this.#out.get(tsn);
    if (isAfter(cumulative, this.#cumulative)) this.#cumulative = cumulative;
    if (!isNew && this.#spurious.cameTwice(tsn)) this.#wasInVain();
    if (isNew && chunk !== undefined) {
      this.#out.delete(tsn);
      if (this.#spurious.arrived(chunk, this.#cumulative, this.#nowMs, this.#rack.shortestMs)) this.#wasInVain();
      this.#rack.arrived(chunk, this.#nowMs);
    }
    if (this.#spurious.take() !== undefined) {
      this.#outcome.givenBack += 1;
      this.#exit = undefined;
    }
    this.#findLost();
    if (this.#exit !== undefined && !isAfter(this.#exit, this.#cumulative)) {
      this.#exit = undefined;
      this.#rack.recovered();
    }
  }

  #wasInVain(): void {
    this.#rack.wasInVain(this.#cumulative, this.#lastSent);
  }

  #findLost(): void {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const chunk of this.#out.values()) {
      const ms = this.#rack.lostInMs(chunk, 2 * oneWayMs + (this.#conditions.jitterMs ?? 0), this.#nowMs);
      if (ms === undefined) continue;
      if (ms > 0) nextMs = Math.min(nextMs, ms);
      else this.#sendAgain(chunk);
    }
    if (this.#nowMs + nextMs >= this.#looksAtMs) return;
    this.#looksAtMs = this.#nowMs + nextMs;
    this.#at(nextMs, () => {
      this.#looksAtMs = Number.POSITIVE_INFINITY;
      this.#findLost();
    });
  }

  #sendAgain({ tsn, sentCount }: SentChunk): void {
    if (this.#exit === undefined) {
      this.#exit = this.#lastSent;
      this.#outcome.reduced += 1;
      this.#spurious.begin(false, { cwnd: 1, ssthresh: undefined, hasEverLost: false });
    }
    this.#spurious.takenForLost(tsn);
    const lostAtMs = this.#lostAtMs.get(tsn);
    this.#outcome.again += 1;
    if (lostAtMs === undefined) this.#outcome.inVain += 1;
    else this.#outcome.slowestMs = Math.max(this.#outcome.slowestMs, this.#nowMs - lostAtMs);
    this.#lostAtMs.delete(tsn);
    this.#send(tsn, sentCount + 1);
    this.#spurious.sentAgain(tsn, this.#nowMs);
  }
}

const nothing = { again: 0, inVain: 0, slowestMs: 0, reduced: 0, givenBack: 0, missing: 0 };

describe("loss that is judged by time", () => {
  it("sends nothing again where nothing is lost", () => {
    expect(new Sender({}).run()).toEqual(nothing);
  });

  it("sends nothing again for what the network brings twice", () => {
    expect(new Sender({ duplicate: 0.2 }).run()).toEqual(nothing);
  });

  it.for([
    [0.01, 4],
    [0.1, 10],
  ] as const)(
    "mends a loss of %d, on a path that keeps the order, when three packets have come from behind",
    ([loss, packets]) => {
      const { inVain, again, slowestMs, givenBack, missing } = new Sender({ loss }).run();
      expect({ inVain, givenBack }).toEqual({ inVain: 0, givenBack: 0 });
      expect(again).toBeGreaterThan(4_000 * loss * 0.7);
      // At the end nothing comes from behind.
      expect(missing).toBeLessThan(3);
      // Of those behind it some are lost as well.
      expect(slowestMs).toBeLessThan(2 * oneWayMs + (packets + 0.1) * everyMs);
    },
  );

  it.for([2, 10, 30])("learns that a path changes the order of packets by %i ms", (jitterMs) => {
    const { again, inVain, reduced, givenBack, missing } = new Sender({ jitterMs }).run();
    expect(again).toBe(inVain);
    expect(inVain).toBeLessThan(100);
    // What the mistakes of the beginning have cost comes back; once it may be that another follows too soon.
    expect(givenBack).toBeGreaterThanOrEqual(reduced - 1);
    expect(missing).toBe(0);
  });

  it("mends what is lost on a path that changes the order, and gives nothing back for it", () => {
    const { again, inVain, reduced, givenBack, slowestMs, missing } = new Sender({ jitterMs: 10, loss: 0.01 }).run();
    expect(again - inVain).toBeGreaterThan(25);
    expect(inVain).toBeLessThan(200);
    expect(reduced - givenBack).toBeGreaterThan(10);
    expect(slowestMs).toBeLessThan(4 * (oneWayMs + 10));
    expect(missing).toBeLessThan(3);
  });

  it("lets the window fall back after 16 recoveries in which nothing went in vain", () => {
    const rack = new Rack();
    const chunk = (order: number, sentMs: number): SentChunk => ({ tsn: order, order, sentMs, sentCount: 1 });
    rack.arrived(chunk(2, 0), 20);
    const inMs = (): number | undefined => rack.lostInMs(chunk(1, 0), 100, 20);
    expect(inMs()).toBe(5);
    // One round trip counts once.
    rack.wasInVain(2, 10);
    rack.wasInVain(3, 11);
    expect(inMs()).toBe(10);
    rack.wasInVain(10, 20);
    expect(inMs()).toBe(15);
    for (let count = 0; count < 15; count += 1) rack.recovered();
    expect(inMs()).toBe(15);
    rack.recovered();
    expect(inMs()).toBe(5);
  });

  it("waits no longer than a round trip, and judges nothing before something else has come", () => {
    const rack = new Rack();
    const chunk = (order: number, sentMs: number): SentChunk => ({ tsn: order, order, sentMs, sentCount: 1 });
    expect(rack.lostInMs(chunk(1, 0), 30, 1_000)).toBeUndefined();
    rack.arrived(chunk(2, 0), 20);
    expect(rack.lostInMs(chunk(3, 1), 30, 1_000)).toBeUndefined();
    for (let round = 1; round <= 20; round += 1) rack.wasInVain(100 * round, 100 * round + 1);
    expect(rack.lostInMs(chunk(1, 0), 30, 20)).toBe(30);
  });
});
