import { afterEach, describe, expect, test } from "vitest";
import { MeshError } from "../../../runtime/interface/errors.ts";
import type { Connection, Listener } from "../../../runtime/interface/transport.ts";
import { memoryNetwork } from "../../../runtime/transports/memory/network.ts";
import { Carrier } from "../../../runtime/transports/shared/carrier.ts";
import { carrierLimits } from "../../../runtime/transports/shared/limits.ts";
import { encodeCarrier } from "../../../runtime/transports/shared/messages.ts";
import { conformancePipelines } from "../../conformance/pipelines.ts";
import { realClock } from "../../conformance/real-clock.ts";
import { localPeers, transportConformance } from "../../conformance/transport.ts";
import { seededRandom } from "../../support/real-clock.ts";
import { sharingPeer, type SharingPeer } from "../../support/shared-network.ts";
import { virtualClock } from "../remote/support/virtual-clock.ts";

transportConformance({
  name: "a shared connection",
  peers() {
    const clock = realClock();
    const network = memoryNetwork({ clock });
    return localPeers(
      sharingPeer(network, clock, "caller"),
      sharingPeer(network, clock, "callee", () => conformancePipelines),
    );
  },
  scheme: "memory",
  listenUri: "memory://callee",
  nowhere: "memory://nobody",
});

const { signal } = new AbortController();
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

/** A caller and a callee that keeps what it accepts. */
async function scene(pipelines?: () => readonly string[]) {
  const clock = virtualClock();
  const network = memoryNetwork({ clock });
  const caller = sharingPeer(network, clock, "caller");
  const callee = sharingPeer(network, clock, "callee", pipelines);
  const accepted: { readonly connection: Connection; readonly pipeline: string }[] = [];
  const listener: Listener = await callee.listen("memory://callee", (connection, pipeline) =>
    accepted.push({ connection, pipeline }),
  );
  const dial = (pipeline: string): Promise<Connection> =>
    clock.until(caller.dial(`memory://callee/${pipeline}`, { signal }));
  return { clock, network, caller, callee, accepted, listener, dial };
}

/** A message of one on a channel of a connection comes to the other end of it. */
async function passes({ clock }: { readonly clock: { settle(): Promise<void> } }, one: Connection, other: Connection) {
  const [here, there] = [one.channel(900, "probe"), other.channel(900, "probe")];
  const come: number[] = [];
  there.onMessage((message) => come.push(message[0] ?? 0));
  here.send(Uint8Array.of(7));
  await clock.settle();
  return come.length === 1 && come[0] === 7;
}

const open = ({ dialled }: SharingPeer): number =>
  dialled.filter((connection) => connection.describe().state === "connected").length;

describe("connections to the pipelines of one peer", () => {
  test("R4.3 share one, each with channels of its own, and the last one closes it", async () => {
    const world = await scene();
    const connections = [await world.dial("A"), await world.dial("B"), await world.dial("A")];
    expect(world.caller.dialled).toHaveLength(1);
    expect(world.accepted.map(({ pipeline }) => pipeline)).toEqual(["A", "B", "A"]);
    expect(connections.map((one) => one.describe())).toMatchObject([
      { address: "memory://callee/A", state: "connected", sharedBy: 3 },
      { address: "memory://callee/B", state: "connected", sharedBy: 3 },
      { address: "memory://callee/A", state: "connected", sharedBy: 3 },
    ]);
    for (const [index, one] of connections.entries()) {
      expect(await passes(world, one, world.accepted[index]?.connection as Connection)).toBe(true);
    }
    await connections[0]?.close();
    await connections[1]?.close(new MeshError("node-failed", "It broke."));
    expect((await world.accepted[1]?.connection.closed)?.error).toMatchObject({ code: "node-failed" });
    expect(open(world.caller)).toBe(1);
    expect(connections.map((one) => one.describe().state)).toEqual(["closed", "closed", "connected"]);
    await connections[2]?.close();
    expect(open(world.caller)).toBe(0);
    expect(world.clock.pending).toBe(0);
  });

  test("that are dialled at once wait for the first", async () => {
    const { clock, caller, accepted } = await scene();
    const names = Array.from({ length: 20 }, (_, index) => `P${index}`);
    await clock.until(
      Promise.all(
        names.map((name) => caller.dial(`memory://callee/${name}`, { signal: new AbortController().signal })),
      ),
    );
    expect(caller.dialled).toHaveLength(1);
    expect(accepted.map(({ pipeline }) => pipeline).toSorted()).toEqual(names.toSorted());
  });

  test("do not hang on a dial that was given up", async () => {
    const { clock, caller } = await scene();
    const given = new AbortController();
    const first = caller.dial("memory://callee/A", { signal: given.signal });
    const second = caller.dial("memory://callee/B", { signal });
    given.abort(new Error("given up"));
    await expect(first).rejects.toThrow("given up");
    expect((await clock.until(second)).describe().state).toBe("connected");
  });

  test("of a host that is silent get another one after a second", async () => {
    const { clock, network, caller, dial } = await scene();
    const first = await dial("A");
    network.cut("memory://callee");
    network.restore("memory://callee");
    const before = clock.nowMs;
    const second = await dial("B");
    expect(clock.nowMs - before).toBe(carrierLimits.openMs);
    expect(second.describe()).toMatchObject({ state: "connected", sharedBy: 1 });
    expect(caller.dialled).toHaveLength(2);
    await first.close();
  });

  test("R8.2 are not dialled over one by which the peer was lost", async () => {
    const { caller, dial } = await scene();
    const first = await dial("A");
    const other = await dial("B");
    await first.close(new MeshError("peer-lost", "It has gone silent."));
    expect((await dial("A")).describe().sharedBy).toBe(1);
    expect(caller.dialled).toHaveLength(2);
    // Those that it still carries go on.
    expect(other.describe().state).toBe("connected");
    await other.close();
    expect(open(caller)).toBe(1);
  });

  test("get another one where one carries as many as it may", async () => {
    const { caller, dial } = await scene();
    for (let count = 0; count <= carrierLimits.connections; count += 1) await dial(`P${count % 3}`);
    expect(caller.dialled).toHaveLength(2);
  });

  test("are told why there is none, and the others go on", async () => {
    const world = await scene(() => ["A"]);
    const first = await world.dial("A");
    await expect(world.dial("B")).rejects.toMatchObject({
      code: "pipeline-not-found",
      message: 'callee refuses the call: no pipeline "B" runs here; it runs A.',
    });
    expect(world.caller.dialled).toHaveLength(1);
    expect(await passes(world, first, world.accepted[0]?.connection as Connection)).toBe(true);
  });

  test("use data channels again, however many come and go", async () => {
    const world = await scene();
    const kept = await world.dial("A");
    for (let round = 0; round < 50; round += 1) {
      const one = await world.dial("B");
      const other = world.accepted.at(-1)?.connection as Connection;
      expect(await passes(world, one, other)).toBe(true);
      await one.close();
    }
    // A channel more than were in use at once, and one that is ready for the next, is one that was not given back.
    expect(() => world.caller.dialled[0]?.channel(2, "again")).toThrow(/id 2 already/);
    expect(() => world.caller.dialled[0]?.channel(3, "more")).not.toThrow();
    await kept.close();
  });

  test("deliver in order where there are more channels than data channels", async () => {
    const { clock, accepted, dial } = await scene();
    const [one, other] = [await dial("A"), accepted[0]?.connection as Connection];
    const count = carrierLimits.streams * 2 + 3;
    const come = new Map<number, number[]>();
    const channels = Array.from({ length: count }, (_, index) => {
      const there = other.channel(index + 1, "there");
      there.onMessage((message) => come.set(index, [...(come.get(index) ?? []), message[0] ?? 0]));
      return one.channel(index + 1, "here");
    });
    const sending = channels.map(async (channel) => {
      for (let number = 0; number < 20; number += 1) {
        await channel.ready();
        channel.send(Uint8Array.of(number));
      }
    });
    await clock.until(Promise.all(sending));
    await clock.settle();
    const inOrder = Array.from({ length: 20 }, (_, number) => number);
    expect([...come.values()]).toEqual(Array.from({ length: count }, () => inOrder));
  });
});

describe("a connection that carries nothing", () => {
  test("is kept for the next while somebody wants that, and closed after 5 s", async () => {
    const { clock, caller, dial } = await scene();
    const release = await caller.keepIdle?.();
    await (await dial("A")).close();
    await clock.run(4_900);
    await (await dial("B")).close();
    expect(caller.dialled).toHaveLength(1);
    await clock.run(4_900);
    expect(open(caller)).toBe(1);
    await clock.run(200);
    expect(open(caller)).toBe(0);
    await (await dial("A")).close();
    expect(open(caller)).toBe(1);
    await release?.();
    expect(open(caller)).toBe(0);
    expect(clock.pending).toBe(0);
  });

  test("R8.3 is kept as long as somebody stands by, and what is dialled then goes over it", async () => {
    const { clock, caller, accepted, dial } = await scene();
    const standby = await clock.until(
      caller.standBy?.("memory://callee/A", { signal }) ?? Promise.reject(new Error("none")),
    );
    await clock.run(60_000);
    expect(open(caller)).toBe(1);
    expect(accepted).toEqual([]);
    const connection = await dial("A");
    expect(caller.dialled).toHaveLength(1);
    standby?.release();
    expect(open(caller)).toBe(1);
    await connection.close();
    expect(open(caller)).toBe(0);
  });

  test("is given up within 4 s when the other side has gone, and by the other side within 12 s", async () => {
    const { clock, network, caller, callee } = await scene();
    const standby = await clock.until(
      caller.standBy?.("memory://callee/A", { signal }) ?? Promise.reject(new Error("none")),
    );
    await clock.run(1_000);
    network.cut("memory://callee");
    const before = clock.nowMs;
    expect((await clock.until(standby?.closed ?? Promise.reject(new Error("none")))).error).toMatchObject({
      code: "peer-lost",
    });
    expect(clock.nowMs - before).toBeLessThanOrEqual(4_000);
    await clock.until(callee.accepted[0]?.closed ?? Promise.reject(new Error("none")));
    expect(clock.nowMs - before).toBeLessThanOrEqual(12_000);
    expect(clock.pending).toBe(0);
  });
});

describe("a shared connection ends when the other side", () => {
  /** A host, and whoever speaks to it without keeping to the protocol. */
  async function hostile() {
    const clock = virtualClock();
    const network = memoryNetwork({ clock });
    const accepted: Connection[] = [];
    await network.transport("host").listen("memory://host", (connection) => {
      const accept = (one: Connection): void => void accepted.push(one);
      const carrier = new Carrier({
        connection,
        clock,
        role: "callee",
        accept,
        addressOf: (name) => name,
        idleMs: () => 0,
      });
      cleanUps.push(() => carrier.close(undefined));
    });
    const raw = await network.transport("other").dial("memory://host/P", { signal });
    return { clock, raw, accepted };
  }

  const cases: readonly [string, readonly Uint8Array[]][] = [
    ["sends what is no message of it", [Uint8Array.of(99)]],
    [
      "opens a connection of a number that is not its own",
      [encodeCarrier({ kind: "open", connection: 1, pipeline: "P" })],
    ],
    ["opens one twice", [4, 4].map((connection) => encodeCarrier({ kind: "open", connection, pipeline: "P" }))],
    ["speaks of one that there never was", [encodeCarrier({ kind: "end", connection: 6, code: undefined, text: "" })]],
    [
      "opens one for a name that would forge a line",
      [encodeCarrier({ kind: "open", connection: 0, pipeline: "a\nb" })],
    ],
    ["makes a channel out of range", [Uint8Array.of(4, 0, 0, 4, 0)]],
  ];
  test.for(cases)("%s", async ([, messages]) => {
    const { clock, raw } = await hostile();
    for (const message of messages) raw.control.send(message);
    expect((await clock.until(raw.closed)).error).toMatchObject({ code: "protocol-violation" });
  });

  test("asks for more data channels than it may", async () => {
    const { clock, raw } = await hostile();
    const ended = raw.closed;
    for (let id = 1; id <= 1_000 && raw.describe().state === "connected"; id += 1) {
      await raw.control.ready().catch(() => undefined);
      if (raw.describe().state === "connected") raw.control.send(encodeCarrier({ kind: "stream", id }));
    }
    expect((await clock.until(ended)).error).toMatchObject({ code: "resource-exhausted" });
  });

  test("says what it likes, or goes on: nothing throws, and nothing is kept", async () => {
    const random = seededRandom(77);
    const pick = (below: number): number => Math.floor(random.next() * below);
    let ended = 0;
    for (let round = 0; round < 60; round += 1) {
      const { clock, raw, accepted } = await hostile();
      for (let count = 0; count < 60 && raw.describe().state === "connected"; count += 1) {
        // Mostly what means something, of numbers that are near each other.
        const [kind, number, id] = [1 + pick(8), pick(6), pick(4)];
        const message =
          random.next() < 0.03
            ? Uint8Array.from({ length: 1 + pick(12) }, () => pick(256))
            : kind < 4 || kind === 6
              ? Uint8Array.of(kind, 0, kind === 6 ? id + 1 : number, ...(kind === 1 ? [80] : []))
              : kind > 6
                ? Uint8Array.of(kind)
                : Uint8Array.of(kind, 0, number, 0, id + 1);
        await raw.control.ready().catch(() => undefined);
        if (raw.describe().state === "connected") raw.control.send(message);
        if (pick(8) === 0) await clock.settle();
        for (const one of accepted)
          if (pick(10) === 0 && one.describe().state === "connected") one.channel(1 + pick(1_000), "x");
      }
      await clock.settle();
      if (raw.describe().state === "closed") ended += 1;
      else await raw.close();
      await clock.settle();
      expect(accepted.map((one) => one.describe().state)).toEqual(accepted.map(() => "closed"));
      expect(clock.pending).toBe(0);
    }
    expect(ended).toBeGreaterThan(10);
  });

  test("but one of those that share it, when it sends on a channel that is not there", async () => {
    const { clock, raw, accepted } = await hostile();
    for (const connection of [0, 2]) raw.control.send(encodeCarrier({ kind: "open", connection, pipeline: "P" }));
    raw.control.send(encodeCarrier({ kind: "stream", id: 1 }));
    raw.channel(1, "stream").send(Uint8Array.of(0, 0, 0, 5, 1));
    await clock.settle();
    expect(accepted.map((one) => one.describe().state)).toEqual(["closed", "connected"]);
    expect((await accepted[0]?.closed)?.error).toMatchObject({ code: "protocol-violation" });
  });

  test("and refuses those that are opened too fast", async () => {
    const { clock, raw, accepted } = await hostile();
    const said: number[] = [];
    raw.control.onMessage((message) => said.push(message[0] ?? 0));
    for (let connection = 0; connection < 2 * (carrierLimits.opensPerSecond + 10); connection += 2) {
      await raw.control.ready();
      raw.control.send(encodeCarrier({ kind: "open", connection, pipeline: "P" }));
    }
    await clock.settle();
    expect(accepted).toHaveLength(carrierLimits.opensPerSecond);
    expect(said.filter((kind) => kind === 3)).toHaveLength(10);
  });
});
