import { describe, expect, it } from "vitest";
import { signalLimits } from "../../../runtime/signaling/limits.ts";
import { Refusals } from "../../../runtime/signaling/refusals.ts";
import type { SignalSocket } from "../../../runtime/signaling/socket.ts";
import { Unread } from "../../../runtime/signaling/unread.ts";

/** A socket that is read when the test says so. */
function slow() {
  const sent: string[] = [];
  let closed: string | undefined;
  let listener: (text: string) => void = () => undefined;
  let onClose: (code: number, reason: string) => void = () => undefined;
  const socket: SignalSocket = {
    get unreadBytes() {
      return sent.reduce((bytes, text) => bytes + text.length, 0);
    },
    send: (text) => void sent.push(text),
    close: (code, reason) => (closed = `${code} ${reason}`),
    onMessage: (set) => (listener = set),
    onClose: (set) => (onClose = set),
  };
  return {
    socket,
    sent,
    closed: () => closed,
    say: (text: string) => listener(text),
    goes: () => onClose(1006, ""),
  };
}

const kib = "x".repeat(1_024);

describe("who does not read what it is sent", () => {
  it("is closed at a mebibyte, and neither written to nor heard from then on", () => {
    const refusals = new Refusals();
    const unread = new Unread((reason) => refusals.count(reason));
    const one = slow();
    const bound = unread.bound(one.socket);
    const heard: string[] = [];
    bound.listen({ message: (text) => heard.push(text), closed: () => undefined });
    for (let count = 0; count < 1_024; count += 1) bound.send(kib);
    one.say("before");
    expect(one.closed()).toBeUndefined();
    bound.send("x");
    expect(one.closed()).toBe("1008 it does not read what it is sent");
    const { length } = one.sent;
    bound.send("more");
    one.say("after");
    expect(one.sent).toHaveLength(length);
    expect(heard).toEqual(["before"]);
    expect(refusals.figures).toEqual({ unread: 1 });
  });

  it("is closed before, when all that are behind are so by too much together", () => {
    const refusals = new Refusals();
    const unread = new Unread((reason) => refusals.count(reason));
    const all = Array.from({ length: 200 }, () => slow());
    const bounds = all.map(({ socket }) => unread.bound(socket));
    for (const bound of bounds) bound.listen({ message: () => undefined, closed: () => undefined });
    const half = kib.repeat(512);
    for (const bound of bounds) bound.send(half);
    const { allUnreadBytes } = signalLimits;
    expect(all.filter(({ closed }) => closed() !== undefined)).toHaveLength(200 - allUnreadBytes / half.length);
    // Who is hardly behind is not meant.
    const quick = slow();
    unread.bound(quick.socket).send(kib);
    expect(quick.closed()).toBeUndefined();
    // Who reads, or goes, makes room.
    all[0]?.sent.splice(0);
    all[1]?.goes();
    const late = [slow(), slow(), slow()];
    for (const { socket } of late) unread.bound(socket).send(half);
    expect(late.map(({ closed }) => closed() === undefined)).toEqual([true, true, false]);
    expect(refusals.figures).toEqual({ unread: 73 });
  });
});
