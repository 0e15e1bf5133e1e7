import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MeshError } from "../../runtime/interface/errors.ts";
import type { Transport } from "../../runtime/interface/transport.ts";
import { conformancePipelines } from "./pipelines.ts";
import { LocalPeer, type Accepting, type End, type Peer, type Sent } from "./peer.ts";

/** Two peers that can reach each other; the callee runs `Hearing` and `Weather Report` only. */
export interface PeersUnderTest {
  readonly caller: Peer;
  readonly callee: Peer;
}

/** What a transport brings to be put through the suite. */
export interface TransportUnderTest {
  readonly name: string;
  /** A fresh pair for each test. */
  peers(): PeersUnderTest;
  /** The scheme of its addresses. */
  readonly scheme: string;
  /** Where the callee may listen; a free port each time. */
  readonly listenUri: string;
  /** An address where nobody is. */
  readonly nowhere: string;
  /** What the process holds open, when the transport holds anything outside the language. */
  readonly resources?: () => readonly string[];
}

/** Both in this process. */
export function localPeers(caller: Transport, callee: Transport): PeersUnderTest {
  return { caller: new LocalPeer(caller), callee: new LocalPeer(callee) };
}

interface Pair {
  readonly caller: End;
  readonly callee: End;
}

/** The promises of `Transport`, `Connection` and `Channel`, for any implementation of them. */
export function transportConformance(subject: TransportUnderTest): void {
  describe(`${subject.name} keeps the promises of a transport`, () => {
    let peers: PeersUnderTest;
    let accepting: Accepting;
    let address: string;

    beforeEach(async () => {
      peers = subject.peers();
      accepting = await peers.callee.listen(subject.listenUri);
      address = await accepting.address();
    });

    afterEach(async () => {
      await accepting.close();
      const count = await accepting.count();
      for (let number = 0; number < count; number++) await (await accepting.accepted(number)).close();
    });

    async function connect(pipeline = "Hearing"): Promise<Pair> {
      const count = await accepting.count();
      const caller = await peers.caller.dial(`${address}/${encodeURIComponent(pipeline)}`);
      return { caller, callee: await accepting.accepted(count) };
    }

    test("hands the pipeline of the address to the one that accepts", async () => {
      for (const name of conformancePipelines) expect(await (await connect(name)).callee.pipeline()).toBe(name);
    });

    test("keeps order, boundaries and content of messages of 1 byte to the largest, both ways", async () => {
      const pair = await connect();
      await openBoth(pair, 1, "data");
      const most = await pair.caller.maxMessageBytes(1);
      expect(most).toBe(await pair.callee.maxMessageBytes(1));
      // What shares a connection has a head of 4 bytes in front of each message.
      expect(most).toBeGreaterThanOrEqual(16 * 1024 - 4);
      const sizes = [1, 2, 17, 1199, 1200, 1201, 1920, 4096, most - 1, most, 1];
      for (const [from, to] of bothWays(pair)) {
        const received = to.collect(1, sizes.length);
        await from.send(
          1,
          sizes.map((size, index) => ({ size, index })),
        );
        const messages = await received;
        expect(messages.map(({ size }) => size)).toEqual(sizes);
        expect(messages.map(({ bytes }) => bytes[0])).toEqual(sizes.map((_, index) => index));
        expect(messages.every((message) => message.patterned && message.own)).toBe(true);
      }
    });

    test("carries any bytes on the control channel, a leading zero too", async () => {
      const pair = await connect();
      const messages = [[0], [0, 0], [0, 1, 0, 5], [0, 2], [0, 255, 1], [123]];
      for (const [from, to] of bothWays(pair)) {
        const received = to.collect(0, messages.length);
        await from.send(0, messages);
        expect((await received).map(({ bytes }) => bytes)).toEqual(messages);
        expect((await to.describe()).state).toBe("connected");
      }
    });

    test("takes no message that is empty or too large, and goes on", async () => {
      const pair = await connect();
      await openBoth(pair, 1, "data");
      for (const [from, to] of bothWays(pair)) {
        for (const size of [0, (await from.maxMessageBytes(1)) + 1]) {
          const error = await failure(from.sendAtOnce(1, [{ size, index: 0 }]));
          expect(error).toMatchObject({ code: "invalid-argument", message: expect.stringContaining(String(size)) });
        }
        const received = to.collect(1, 1);
        await from.send(1, [[7]]);
        expect((await received)[0]).toMatchObject({ size: 1, bytes: [7] });
      }
    });

    test("takes Buffers and views, and is not disturbed by a memory that is used again later", async () => {
      const { caller, callee } = await connect();
      const received = callee.collect(0, 2);
      await caller.sendViews(0);
      const [view, whole] = await received;
      await caller.spoilViews();
      expect(view).toEqual({ size: 10, bytes: [10, 11, 12, 13, 14, 15, 16, 17, 18, 19], patterned: true, own: true });
      expect(whole).toMatchObject({ size: 2000, bytes: Array.from({ length: 16 }, () => 1), own: true });
    });

    test("turns `writable` off while much is outstanding, and resolves `ready` when there is room again", async () => {
      const pair = await connect();
      await openBoth(pair, 1, "data");
      for (const [from, to] of bothWays(pair)) {
        const received = to.collectUntilOneByte(1);
        const sent = await from.sendUntilWaits(1, 8 * 1024, 20);
        const all = await received;
        expect(all.length).toBe(sent);
        // The one byte at the end is a pattern of its own.
        expect(all.every((one, index) => one.patterned && one.bytes[0] === (index < sent - 1 ? index % 251 : 0))).toBe(
          true,
        );
      }
    });

    test("is not writable beyond 2 messages, and refuses what is far too much", async () => {
      const { caller } = await connect();
      // The other side never makes this channel, so nothing leaves.
      await caller.channel(2, "small");
      expect(await caller.fill(2, 1)).toBe(2);
      const many: Sent[] = Array.from({ length: 1000 }, () => [1]);
      expect(await failure(caller.sendAtOnce(2, many))).toMatchObject({ code: "channel-full" });
    });

    test("ends a wait for room by the signal of the one who waits", async () => {
      const { caller } = await connect();
      await caller.channel(2, "stuck");
      await caller.fill(2, 8 * 1024);
      await expect(caller.readyUntilGivenUp(2, "midway")).rejects.toThrow("given up");
      await expect(caller.readyUntilGivenUp(2, "before")).rejects.toThrow("given up");
    });

    test("holds what is sent before the other side has made the channel", async () => {
      const pair = await connect();
      await pair.caller.channel(7, "early");
      await pair.caller.sendAtOnce(7, numbered(10));
      // A full exchange on the control channel shows that the other side had every chance to lose them.
      await echoOnce(pair);
      await pair.callee.channel(7, "early");
      expect(firstBytes(await pair.callee.collect(7, 10))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });

    test("holds what comes before there is a listener", async () => {
      const pair = await connect();
      await openBoth(pair, 7, "late");
      await pair.caller.send(7, numbered(10));
      await echoOnce(pair);
      expect(firstBytes(await pair.callee.collect(7, 10))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });

    test("carries 24 channels, made by both sides in different order, in both directions at once", async () => {
      const { caller, callee } = await connect();
      const ids = Array.from({ length: 24 }, (_, index) => (index === 23 ? 1023 : index + 1));
      await Promise.all([
        ...ids.map((id) => caller.channel(id, `stream ${id}`)),
        ...ids.toReversed().map((id) => callee.channel(id, `stream ${id}`)),
      ]);
      const perChannel = 12;
      const sides = [caller, callee].flatMap((side) => ids.map((id) => ({ side, id })));
      const messages = (id: number): number[][] =>
        Array.from({ length: perChannel }, (_, index) => [index, id & 0xff, id >> 8]);
      const received = sides.map(({ side, id }) => side.collect(id, perChannel));
      await Promise.all(sides.map(({ side, id }) => side.send(id, messages(id))));
      for (const [at, { id }] of sides.entries()) {
        expect((await received[at])?.map(({ bytes }) => bytes)).toEqual(messages(id));
      }
    });

    test("lets one side go on while the other has nothing more to say", async () => {
      const pair = await connect();
      await openBoth(pair, 1, "data");
      for (const [from, to] of bothWays(pair)) {
        const received = to.collect(1, 300);
        await from.send(1, numbered(300));
        expect(firstBytes(await received)).toEqual(Array.from({ length: 300 }, (_, index) => index % 251));
      }
    });

    test("takes no channel id twice and none out of range", async () => {
      const { caller } = await connect();
      await caller.channel(1, "one");
      for (const id of [1, 0, 1024, 1.5]) {
        expect(await failure(caller.channel(id, "bad"))).toMatchObject({ code: "invalid-argument" });
      }
    });

    // Not by the time after which whoever closes waits no more. A machine that is busy gets another try.
    test.for(["caller", "callee"] as const)(
      "lets both sides see an orderly close by the %s",
      { retry: 2 },
      async (closer) => {
        const pair = await connect();
        const other = closer === "caller" ? pair.callee : pair.caller;
        const last = other.collect(0, 1);
        await pair[closer].send(0, [[9]]);
        const start = performance.now();
        await pair[closer].close();
        expect((await pair[closer].closed()).code).toBeUndefined();
        expect((await other.closed()).code).toBeUndefined();
        expect(performance.now() - start).toBeLessThan(400);
        expect((await last)[0]?.bytes).toEqual([9]);
        expect([(await pair.caller.describe()).state, (await pair.callee.describe()).state]).toEqual([
          "closed",
          "closed",
        ]);
      },
    );

    test("passes the code of a close with an error on", async () => {
      for (const closer of ["caller", "callee"] as const) {
        const pair = await connect();
        const other = closer === "caller" ? pair.callee : pair.caller;
        await pair[closer].close("access-denied", "Not you.");
        expect(await pair[closer].closed()).toEqual({ code: "access-denied", message: "Not you." });
        expect((await other.closed()).code).toBe("access-denied");
      }
    });

    test("bears a close from both sides at once, and one again later", async () => {
      const { caller, callee } = await connect();
      await Promise.all([caller.close(), callee.close(), caller.close()]);
      await caller.close("internal", "too late to matter");
      expect((await caller.closed()).code).toBeUndefined();
      expect((await callee.closed()).code).toBeUndefined();
    });

    test("fails what waits, is sent or is made after the end", async () => {
      const { caller, callee } = await connect();
      await caller.channel(1, "data");
      await caller.fill(1, 8 * 1024);
      const waiting = failure(caller.ready(1));
      await callee.close();
      await caller.closed();
      expect(await waiting).toMatchObject({ code: "channel-closed" });
      expect(await caller.writable(1)).toBe(false);
      expect(await failure(caller.sendAtOnce(1, [[1]]))).toMatchObject({ code: "channel-closed" });
      expect(await failure(caller.channel(2, "more"))).toMatchObject({ code: "channel-closed" });
      expect(await failure(caller.ready(1))).toMatchObject({ code: "channel-closed" });
    });

    test("ends the connection, and nothing else, when a listener throws", async () => {
      const pair = await connect();
      await pair.callee.throwAt(0, "listener broke");
      await pair.caller.send(0, [[1]]);
      expect(await pair.callee.closed()).toEqual({ code: "internal", message: "listener broke" });
      expect((await pair.caller.closed()).code).toBe("internal");
      await echoOnce(await connect());
    });

    test("closes a connection whose acceptor throws", async () => {
      await accepting.refuse("resource-exhausted", "Full.");
      const { caller } = await connect();
      expect((await caller.closed()).code).toBe("resource-exhausted");
    });

    test("says that nobody is there, where, and what to do", async () => {
      const error = await failure(peers.caller.dial(`${subject.nowhere}/Hearing`));
      expect(error).toMatchObject({ code: "peer-unreachable" });
      expect(error.message).toContain(subject.nowhere.split("://")[1]);
      expect(error.hint).toMatch(/running/);
    });

    test("names the pipelines there are when the one called is not among them", async () => {
      const error = await failure(peers.caller.dial(`${address}/Seeing`));
      expect(error).toMatchObject({ code: "pipeline-not-found" });
      expect(error.message).toContain('"Seeing"');
      expect(error.message).toContain("Hearing, Weather Report");
      expect(await accepting.count()).toBe(0);
    });

    test("takes no address without a pipeline or of another scheme", async () => {
      for (const uri of [address, "other://a/Hearing", "Hearing"]) {
        expect(await failure(peers.caller.dial(uri))).toMatchObject({ code: "invalid-argument" });
      }
    });

    test("stops dialling when asked, at once or midway", async () => {
      for (const when of ["before", "midway"] as const) {
        await expect(peers.caller.dial(`${address}/Hearing`, when)).rejects.toThrow("given up");
      }
    });

    test("R10.2 says that an address is taken", async () => {
      const error = await failure(peers.callee.listen(address));
      expect(error).toMatchObject({ code: "address-in-use" });
      expect(error.message).toContain(address.split("://")[1]);
      expect(error.hint).toBeTypeOf("string");
    });

    test("frees its address, and leaves open connections alone, when a listener closes", async () => {
      const pair = await connect();
      await accepting.close();
      expect(await failure(peers.caller.dial(`${address}/Hearing`))).toMatchObject({ code: "peer-unreachable" });
      await echoOnce(pair);
      const again = await peers.callee.listen(address);
      const second = await peers.caller.dial(`${address}/Hearing`);
      expect((await second.describe()).state).toBe("connected");
      await second.close();
      await again.close();
    });

    test("describes a connection for people and tools", async () => {
      const { caller, callee } = await connect();
      const common = { transport: subject.scheme, state: "connected", address: `${address}/Hearing` };
      expect(await caller.describe()).toMatchObject({ ...common, role: "offerer" });
      expect(await callee.describe()).toMatchObject({ ...common, role: "answerer" });
      expect(JSON.parse(JSON.stringify(await caller.describe()))).toEqual(await caller.describe());
    });

    if (subject.resources === undefined) return;
    const { resources } = subject;
    test("frees everything again over 10 connections", async () => {
      const before = resources().length;
      for (let round = 0; round < 10; round++) {
        const pair = await connect();
        await echoOnce(pair);
        await (round % 2 === 0 ? pair.caller : pair.callee).close();
        await Promise.all([pair.caller.closed(), pair.callee.closed()]);
      }
      await expect.poll(() => resources().length).toBeLessThanOrEqual(before);
    });
  });
}

function bothWays({ caller, callee }: Pair): readonly (readonly [from: End, to: End])[] {
  return [
    [caller, callee],
    [callee, caller],
  ];
}

async function openBoth({ caller, callee }: Pair, id: number, label: string): Promise<void> {
  await Promise.all([caller.channel(id, label), callee.channel(id, label)]);
}

function numbered(count: number): Sent[] {
  return Array.from({ length: count }, (_, index) => ({ size: 100, index }));
}

function firstBytes(messages: readonly { readonly bytes: readonly number[] }[]): (number | undefined)[] {
  return messages.map(({ bytes }) => bytes[0]);
}

/** There and back once; takes both listeners. */
async function echoOnce({ caller, callee }: Pair): Promise<void> {
  await callee.echo(0);
  const back = caller.collect(0, 1);
  await caller.send(0, [[42]]);
  expect((await back)[0]?.bytes).toEqual([42]);
}

async function failure(promise: Promise<unknown>): Promise<MeshError> {
  const error = await promise.then(
    () => new Error("it succeeded"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(MeshError);
  return error as MeshError;
}
