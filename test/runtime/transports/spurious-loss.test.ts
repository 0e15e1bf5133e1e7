import { beforeEach, describe, expect, it } from "vitest";
import type { SentChunk } from "../../../runtime/transports/webrtc/engines/werift/sctp.ts";
import { SpuriousLoss } from "../../../runtime/transports/webrtc/engines/werift/spurious-loss.ts";

const shortestMs = 20;
const before = { cwnd: 64_000, ssthresh: undefined, hasEverLost: false };
const once = (tsn: number, sentMs = 0): SentChunk => ({ tsn, order: tsn, sentMs, sentCount: 1 });
const twice = (tsn: number, sentMs: number): SentChunk => ({ tsn, order: 100 + tsn, sentMs, sentCount: 2 });

describe("a loss that was none", () => {
  let spurious: SpuriousLoss;
  beforeEach(() => {
    spurious = new SpuriousLoss();
    spurious.begin(false, before);
    for (const tsn of [1, 2]) spurious.takenForLost(tsn);
  });

  it("is told by chunks that come without having been sent again", () => {
    spurious.arrived(once(1), 1, 30, shortestMs);
    expect(spurious.take()).toBeUndefined();
    expect(spurious.arrived(once(2), 2, 30, shortestMs)).toBe(false);
    expect(spurious.take()).toEqual(before);
    expect(spurious.take()).toBeUndefined();
  });

  it("is told by answers that come before one to what was sent again can", () => {
    for (const tsn of [1, 2]) spurious.sentAgain(tsn, 30);
    expect(spurious.arrived(twice(1, 30), 1, 49, shortestMs)).toBe(true);
    expect(spurious.arrived(twice(2, 30), 2, 49, shortestMs)).toBe(true);
    expect(spurious.take()).toEqual(before);
  });

  it("is told by chunks that have come twice, when they have as often as they were sent again", () => {
    for (const tsn of [1, 2, 2]) spurious.sentAgain(tsn, 30);
    expect(spurious.arrived(twice(1, 30), 2, 60, shortestMs)).toBe(false);
    expect([spurious.cameTwice(1), spurious.cameTwice(2)]).toEqual([true, true]);
    expect(spurious.take()).toBeUndefined();
    expect(spurious.cameTwice(2)).toBe(true);
    expect(spurious.take()).toEqual(before);
  });

  it("is not told by what the network makes two of", () => {
    spurious.sentAgain(1, 30);
    expect([spurious.cameTwice(2), spurious.cameTwice(7)]).toEqual([false, false]);
    expect(spurious.take()).toBeUndefined();
  });

  it("needs all that was taken for lost", () => {
    for (const tsn of [1, 2]) spurious.sentAgain(tsn, 30);
    spurious.cameTwice(1);
    spurious.arrived(twice(2, 30), 2, 51, shortestMs);
    expect(spurious.take()).toBeUndefined();
  });

  it("forgets what was sent again long ago", () => {
    for (let tsn = 1; tsn <= 3_000; tsn += 1) spurious.sentAgain(tsn, 30);
    expect([spurious.cameTwice(1), spurious.cameTwice(3_000)]).toEqual([false, true]);
  });
});

describe("a timeout that was none", () => {
  let spurious: SpuriousLoss;
  beforeEach(() => {
    spurious = new SpuriousLoss();
    spurious.begin(true, before);
    for (const tsn of [1, 2, 3, 4]) spurious.takenForLost(tsn);
    spurious.sentAgain(1, 100);
  });

  it("is told by the first answer that comes too soon", () => {
    expect(spurious.isTimeout).toBe(true);
    spurious.arrived(once(2), 2, 110, shortestMs);
    expect(spurious.take()).toEqual(before);
  });

  it("is told by what goes again after an answer that says nothing", () => {
    for (const chunk of [twice(1, 100), once(2)]) spurious.arrived(chunk, 2, 300, shortestMs);
    expect(spurious.take()).toBeUndefined();
    spurious.sentAgain(3, 300);
    spurious.arrived(twice(3, 300), 3, 301, shortestMs);
    expect(spurious.take()).toEqual(before);
  });

  it("is told when the first that was sent again has come twice", () => {
    for (const chunk of [twice(1, 100), once(2)]) spurious.arrived(chunk, 2, 300, shortestMs);
    spurious.cameTwice(1);
    expect(spurious.take()).toEqual(before);
  });

  it("is not told while the first that was sent again is missing, nor by an answer to it", () => {
    spurious.arrived(once(2), 0, 110, shortestMs);
    expect(spurious.take()).toBeUndefined();
    for (const chunk of [twice(1, 100), once(3)]) spurious.arrived(chunk, 3, 120, shortestMs);
    expect(spurious.take()).toBeUndefined();
  });
});
