import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { MeshError } from "../../runtime/interface/errors.ts";
import type { Channel, Connection, ConnectionEnd, Listener, Transport } from "../../runtime/interface/transport.ts";

/** What a transport brings to be put through the suite. */
export interface TransportUnderTest {
  readonly name: string;
  /** Two peers that can reach each other; the callee runs `Hearing` and `Weather Report` only. */
  peers(): { readonly caller: Transport; readonly callee: Transport };
  /** Where the callee may listen; a free port each time. */
  readonly listenUri: string;
  /** An address where nobody is. */
  readonly nowhere: string;
  /** What the process holds open, when the transport holds anything outside the language. */
  readonly resources?: () => readonly string[];
}

interface Pair {
  readonly caller: Connection;
  readonly callee: Connection;
  readonly pipeline: string;
}

/** The promises of `Transport`, `Connection` and `Channel`, for any implementation of them. */
export function transportConformance(subject: TransportUnderTest): void {
  describe(`${subject.name} keeps the promises of a transport`, () => {
    let peers: { caller: Transport; callee: Transport };
    let listener: Listener;
    let accepted: Pair["callee"][];
    let names: string[];
    let onAccept: (connection: Connection) => void;

    beforeEach(async () => {
      peers = subject.peers();
      accepted = [];
      names = [];
      onAccept = () => undefined;
      listener = await peers.callee.listen(subject.listenUri, (connection, pipeline) => {
        accepted.push(connection);
        names.push(pipeline);
        onAccept(connection);
      });
    });

    afterEach(async () => {
      await listener.close();
      await Promise.all(accepted.map((connection) => connection.close()));
    });

    async function connect(pipeline = "Hearing"): Promise<Pair> {
      const count = accepted.length;
      const caller = await peers.caller.dial(`${listener.address}/${encodeURIComponent(pipeline)}`, {
        signal: never(),
      });
      await vi.waitFor(() => expect(accepted.length).toBe(count + 1));
      return { caller, callee: accepted[count] as Connection, pipeline: names[count] as string };
    }

    test("hands the pipeline of the address to the one that accepts", async () => {
      expect((await connect()).pipeline).toBe("Hearing");
      expect((await connect("Weather Report")).pipeline).toBe("Weather Report");
    });

    test("keeps order, boundaries and content of messages of 1 byte to 16 KiB", async () => {
      const { caller, callee } = await connect();
      const [out, back] = [caller.channel(1, "data"), callee.channel(1, "data")];
      expect(out.maxMessageBytes).toBe(16 * 1024);
      const sizes = [1, 2, 17, 1199, 1200, 1201, 1920, 4096, 16383, 16384, 1];
      const received = collect(back, sizes.length);
      for (const [index, size] of sizes.entries()) await sendWhenReady(out, patterned(size, index));
      const messages = await received;
      expect(messages.map((message) => message.length)).toEqual(sizes);
      expect(messages).toEqual(sizes.map((size, index) => patterned(size, index)));
    });

    test("carries any bytes on the control channel, a leading zero too", async () => {
      const { caller, callee } = await connect();
      const messages = [[0], [0, 0], [0, 1, 0, 5], [0, 2], [0, 255, 1], [123]].map((bytes) => Uint8Array.from(bytes));
      const received = collect(callee.control, messages.length);
      for (const message of messages) await sendWhenReady(caller.control, message);
      expect(await received).toEqual(messages);
      expect((await settled(callee.closed)) ?? "open").toBe("open");
    });

    test("takes no message that is empty or too large", async () => {
      const { caller } = await connect();
      const channel = caller.channel(1, "data");
      for (const size of [0, channel.maxMessageBytes + 1]) {
        expect(() => channel.send(new Uint8Array(size))).toThrow(expect.objectContaining({ code: "invalid-argument" }));
      }
    });

    test("takes Buffers and views, and is not disturbed by a memory that is used again later", async () => {
      const { caller, callee } = await connect();
      const received = collect(callee.control, 3);
      const large = new Uint8Array(64).map((_, index) => index);
      caller.control.send(Buffer.from("text"));
      caller.control.send(large.subarray(10, 20));
      const last = Buffer.alloc(2000, 1);
      caller.control.send(last);
      const messages = await received;
      last.fill(2);
      expect(messages).toEqual([
        Uint8Array.from(Buffer.from("text")),
        large.slice(10, 20),
        new Uint8Array(2000).fill(1),
      ]);
      // Plain arrays over memory of their own: whoever gets one may pass it on to a worker.
      for (const message of messages) {
        expect(message.constructor).toBe(Uint8Array);
        expect(message.byteLength).toBe(message.buffer.byteLength);
      }
    });

    test("turns `writable` off while much is outstanding, and resolves `ready` when there is room again", async () => {
      const { caller, callee } = await connect();
      const [out, back] = [caller.channel(1, "data"), callee.channel(1, "data")];
      const total = 600;
      const received = collect(back, total);
      let waits = 0;
      for (let index = 0; index < total; index++) {
        if (!out.writable) {
          waits++;
          await out.ready();
          expect(out.writable).toBe(true);
        }
        out.send(patterned(8 * 1024, index));
      }
      expect(waits).toBeGreaterThan(0);
      const messages = await received;
      expect(messages.every((message, index) => message[0] === index % 251)).toBe(true);
    });

    test("is not writable beyond 16 small or 64 KiB of large messages, and refuses what is far too much", async () => {
      const { caller } = await connect();
      // The other side never makes these channels, so nothing leaves.
      const small = caller.channel(2, "small");
      for (let index = 0; index < 15; index++) small.send(Uint8Array.of(1));
      expect(small.writable).toBe(true);
      small.send(Uint8Array.of(1));
      expect(small.writable).toBe(false);
      const large = caller.channel(3, "large");
      for (let index = 0; index < 3; index++) large.send(new Uint8Array(16 * 1024));
      expect(large.writable).toBe(true);
      large.send(new Uint8Array(16 * 1024));
      expect(large.writable).toBe(false);
      expect(() => {
        for (let index = 0; index < 10_000; index++) small.send(Uint8Array.of(1));
      }).toThrow(expect.objectContaining({ code: "channel-full" }));
    });

    test("ends a wait for room by the signal of the one who waits", async () => {
      const { caller } = await connect();
      const channel = caller.channel(2, "stuck");
      while (channel.writable) channel.send(new Uint8Array(8 * 1024));
      const controller = new AbortController();
      const waiting = channel.ready(controller.signal);
      controller.abort(new Error("enough"));
      await expect(waiting).rejects.toThrow("enough");
      await expect(channel.ready(controller.signal)).rejects.toThrow("enough");
    });

    test("holds what is sent before the other side has made the channel", async () => {
      const { caller, callee } = await connect();
      const early = caller.channel(7, "early");
      for (let index = 0; index < 10; index++) early.send(patterned(100, index));
      // A full exchange on the control channel shows that the other side had every chance to lose them.
      await echoOnce(caller.control, callee.control);
      const received = collect(callee.channel(7, "early"), 10);
      expect((await received).map((message) => message[0])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });

    test("holds what comes before there is a listener", async () => {
      const { caller, callee } = await connect();
      const [out, back] = [caller.channel(7, "late"), callee.channel(7, "late")];
      for (let index = 0; index < 10; index++) await sendWhenReady(out, patterned(100, index));
      await echoOnce(caller.control, callee.control);
      expect((await collect(back, 10)).map((message) => message[0])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });

    test("carries 24 channels, made by both sides in different order, in both directions at once", async () => {
      const { caller, callee } = await connect();
      const ids = Array.from({ length: 24 }, (_, index) => (index === 23 ? 1023 : index + 1));
      const here = new Map(ids.map((id) => [id, caller.channel(id, `stream ${id}`)]));
      const there = new Map(ids.toReversed().map((id) => [id, callee.channel(id, `stream ${id}`)]));
      const perChannel = 40;
      const all = [...here.values(), ...there.values()];
      const received = all.map((channel) => collect(channel, perChannel));
      await Promise.all(
        all.map(async (channel) => {
          for (let index = 0; index < perChannel; index++) {
            await sendWhenReady(channel, Uint8Array.of(index, channel.id & 0xff, channel.id >> 8));
          }
        }),
      );
      const messages = await Promise.all(received);
      for (const [at, channel] of all.entries()) {
        const expected = Array.from({ length: perChannel }, (_, index) =>
          Uint8Array.of(index, channel.id & 0xff, channel.id >> 8),
        );
        expect(messages[at]).toEqual(expected);
      }
    });

    test("takes no channel id twice and none out of range", async () => {
      const { caller } = await connect();
      caller.channel(1, "one");
      for (const id of [1, 0, 1024, 1.5]) {
        expect(() => caller.channel(id, "bad")).toThrow(expect.objectContaining({ code: "invalid-argument" }));
      }
    });

    test.for(["caller", "callee"] as const)("lets both sides see an orderly close by the %s", async (closer) => {
      const pair = await connect();
      const other = closer === "caller" ? pair.callee : pair.caller;
      const last = collect(other.control, 1);
      pair[closer].control.send(Uint8Array.of(9));
      const start = performance.now();
      await pair[closer].close();
      expect(await pair[closer].closed).toEqual({ error: undefined });
      expect(await other.closed).toEqual({ error: undefined });
      expect(performance.now() - start).toBeLessThan(1000);
      expect(await last).toEqual([Uint8Array.of(9)]);
      expect([pair.caller.describe().state, pair.callee.describe().state]).toEqual(["closed", "closed"]);
    });

    test("passes the code of a close with an error on", async () => {
      const { caller, callee } = await connect();
      const error = new MeshError("access-denied", "Not you.");
      await callee.close(error);
      expect((await callee.closed).error).toBe(error);
      expect((await caller.closed).error).toMatchObject({ code: "access-denied" });
    });

    test("bears a close from both sides at once, and one again later", async () => {
      const { caller, callee } = await connect();
      await Promise.all([caller.close(), callee.close(), caller.close()]);
      await caller.close(new MeshError("internal", "too late to matter"));
      expect(await caller.closed).toEqual({ error: undefined });
      expect(await callee.closed).toEqual({ error: undefined });
    });

    test("fails what waits, is sent or is made after the end", async () => {
      const { caller, callee } = await connect();
      const channel = caller.channel(1, "data");
      while (channel.writable) channel.send(new Uint8Array(8 * 1024));
      const waiting = channel.ready();
      const failed = expect(waiting).rejects.toMatchObject({ code: "channel-closed" });
      await callee.close();
      await caller.closed;
      await failed;
      expect(channel.writable).toBe(false);
      expect(() => channel.send(Uint8Array.of(1))).toThrow(expect.objectContaining({ code: "channel-closed" }));
      expect(() => caller.channel(2, "more")).toThrow(expect.objectContaining({ code: "channel-closed" }));
      await expect(channel.ready()).rejects.toMatchObject({ code: "channel-closed" });
    });

    test("ends the connection, and nothing else, when a listener throws", async () => {
      const { caller, callee } = await connect();
      callee.control.onMessage(() => {
        throw new Error("listener broke");
      });
      caller.control.send(Uint8Array.of(1));
      expect((await callee.closed).error).toMatchObject({ code: "internal", message: "listener broke" });
      expect((await caller.closed).error).toMatchObject({ code: "internal" });
    });

    test("closes a connection whose acceptor throws", async () => {
      onAccept = () => {
        throw new MeshError("resource-exhausted", "Full.");
      };
      const { caller } = await connect();
      expect((await caller.closed).error).toMatchObject({ code: "resource-exhausted" });
    });

    test("says that nobody is there, where, and what to do", async () => {
      const error = await failure(peers.caller.dial(`${subject.nowhere}/Hearing`, { signal: never() }));
      expect(error).toMatchObject({ code: "peer-unreachable" });
      expect(error.message).toContain(subject.nowhere.split("://")[1]);
      expect(error.hint).toMatch(/running/);
    });

    test("names the pipelines there are when the one called is not among them", async () => {
      const error = await failure(peers.caller.dial(`${listener.address}/Seeing`, { signal: never() }));
      expect(error).toMatchObject({ code: "pipeline-not-found" });
      expect(error.message).toContain('"Seeing"');
      expect(error.message).toContain("Hearing, Weather Report");
      expect(accepted).toEqual([]);
    });

    test("takes no address without a pipeline or of another scheme", async () => {
      for (const uri of [listener.address, "other://a/Hearing", "Hearing"]) {
        expect(await failure(peers.caller.dial(uri, { signal: never() }))).toMatchObject({ code: "invalid-argument" });
      }
    });

    test("stops dialling when asked, at once or midway", async () => {
      const aborted = AbortSignal.abort(new Error("never mind"));
      const target = `${listener.address}/Hearing`;
      await expect(peers.caller.dial(target, { signal: aborted })).rejects.toThrow("never mind");
      const controller = new AbortController();
      const dialling = peers.caller.dial(target, { signal: controller.signal });
      controller.abort(new Error("changed my mind"));
      await expect(dialling).rejects.toThrow("changed my mind");
    });

    test("R10.2 says that an address is taken", async () => {
      const error = await failure(peers.callee.listen(listener.address, () => undefined));
      expect(error).toMatchObject({ code: "address-in-use" });
      expect(error.message).toContain(listener.address.split("://")[1]);
      expect(error.hint).toBeTypeOf("string");
    });

    test("frees its address, and leaves open connections alone, when a listener closes", async () => {
      const { caller, callee } = await connect();
      await listener.close();
      expect(await failure(peers.caller.dial(`${listener.address}/Hearing`, { signal: never() }))).toMatchObject({
        code: "peer-unreachable",
      });
      await echoOnce(caller.control, callee.control);
      listener = await peers.callee.listen(listener.address, (connection) => accepted.push(connection));
      const again = await peers.caller.dial(`${listener.address}/Hearing`, { signal: never() });
      expect(again.describe().state).toBe("connected");
    });

    test("describes a connection for people and tools", async () => {
      const { caller, callee } = await connect();
      const address = `${listener.address}/Hearing`;
      const transport = peers.caller.scheme;
      expect(caller.describe()).toMatchObject({ transport, state: "connected", role: "offerer", address });
      expect(callee.describe()).toMatchObject({ transport, state: "connected", role: "answerer", address });
      expect(JSON.parse(JSON.stringify(caller.describe()))).toEqual(caller.describe());
    });

    test("frees everything again over 10 connections", async () => {
      const before = held(subject);
      for (let round = 0; round < 10; round++) {
        const { caller, callee } = await connect();
        await echoOnce(caller.control, callee.control);
        await (round % 2 === 0 ? caller : callee).close();
        await Promise.all([caller.closed, callee.closed]);
      }
      await vi.waitFor(() => expect(held(subject)).toBeLessThanOrEqual(before), { timeout: 3000 });
    });
  });
}

function held(subject: TransportUnderTest): number {
  return subject.resources?.().length ?? 0;
}

/** A signal that does not abort. */
function never(): AbortSignal {
  return new AbortController().signal;
}

/** Bytes that tell which message they belong to. */
export function patterned(size: number, index: number): Uint8Array {
  return new Uint8Array(size).map((_, at) => (index + at) % 251);
}

/** The next messages of a channel; takes its listener. */
export function collect(channel: Channel, count: number): Promise<readonly Uint8Array[]> {
  const messages: Uint8Array[] = [];
  return new Promise((resolve) => {
    channel.onMessage((message) => {
      messages.push(message);
      if (messages.length === count) resolve(messages);
    });
  });
}

export async function sendWhenReady(channel: Channel, message: Uint8Array): Promise<void> {
  if (!channel.writable) await channel.ready();
  channel.send(message);
}

/** There and back once; takes both listeners. */
async function echoOnce(here: Channel, there: Channel): Promise<void> {
  there.onMessage((message) => there.send(message));
  const back = collect(here, 1);
  here.send(Uint8Array.of(42));
  expect(await back).toEqual([Uint8Array.of(42)]);
}

async function failure(promise: Promise<unknown>): Promise<MeshError> {
  const error = await promise.then(
    () => new Error("it succeeded"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(MeshError);
  return error as MeshError;
}

/** The value of a promise that has resolved by the next turn of the event loop. */
function settled(promise: Promise<ConnectionEnd>): Promise<ConnectionEnd | undefined> {
  return Promise.race([promise, new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined)))]);
}
