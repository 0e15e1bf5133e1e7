import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { interfaceHash } from "../../../../runtime/signaling/registry/interface-hash.ts";
import { Interner } from "../../../../runtime/signaling/registry/interner.ts";
import { memoryStore } from "../../../../runtime/signaling/registry/memory-store.ts";
import { Registry } from "../../../../runtime/signaling/registry/registry.ts";
import { shortSha256 } from "../../../../runtime/signaling/registry/sha256.ts";
import { serviceLimits } from "../../../../runtime/signaling/limits.ts";
import { seededRandom } from "../../../../runtime/testing/seeded-random.ts";
import { turn } from "../../../../runtime/testing/turn.ts";
import { fc } from "../property.ts";
import { peer, pipeline, registryWith } from "./support.ts";

describe("a registration", () => {
  it("R7.1 R10.3 tells capabilities, formats and addresses of each pipeline", async () => {
    const { registry } = await registryWith();
    const provides = [{ name: "gpu", values: [], properties: { memory: { quantity: "size", value: 2 ** 34 } } }];
    await registry.register(peer("a", { provides, load: { inFlight: 2, slots: 8 } }));
    const [match] = registry.directory.page({}, { limit: 10, bytes: 10_000 }).found;
    expect(match?.found).toEqual({
      ...pipeline(),
      peer: "a",
      name: "gpu",
      epoch: 1,
      interface: interfaceHash(pipeline()),
      addresses: ["webrtc://a.example.com:7443"],
      relay: true,
      provides,
      load: { inFlight: 2, slots: 8 },
    });
  });

  it("R10.2 gets an id of its own when it has none", async () => {
    const { registry } = await registryWith();
    const { id: _, ...nameless } = peer("x", { name: "edge box" });
    const ids = await Promise.all(Array.from({ length: 200 }, () => registry.register(nameless)));
    expect(new Set(ids.map(({ id }) => id)).size).toBe(200);
    expect(ids[0]?.id).toMatch(/^edge-box-[A-Za-z0-9]{6,12}$/);
  });

  it("R10.2 keeps an id for its owner: another key is refused as long as the lease runs", async () => {
    const { registry, clock, ids } = await registryWith();
    await registry.register(peer("a"));
    const thief = peer("a", { key: "another key, as long", epoch: 99, addresses: ["webrtc://evil.example"] });
    await expect(registry.register(thief)).rejects.toMatchObject({
      code: "access-denied",
      message: /belongs to another/,
    });
    expect(registry.directory.get("a")).toMatchObject({ epoch: 1, addresses: ["webrtc://a.example.com:7443"] });
    await clock.advanceAsync(serviceLimits.leaseMs);
    expect(ids()).toEqual([]);
    await expect(registry.register(thief)).resolves.toMatchObject({ id: "a", epoch: 100 });
  });

  it("R10.2 has an epoch that no earlier owner of the id had", async () => {
    const { registry, clock } = await registryWith();
    const given: number[] = [];
    for (const key of ["the key of the first", "the key of the second", "the key of the third"]) {
      const { epoch } = await registry.register(peer("a", { key }));
      given.push(epoch);
      await clock.advanceAsync(serviceLimits.leaseMs);
    }
    expect(given).toEqual([1, 2, 3]);
    expect(() => registry.renew({ id: "a", epoch: 3 })).toThrow(/has ended/);
  });

  it("R10.2 has an epoch that is exact, and room for more, whatever an earlier owner has brought", async () => {
    const { registry, clock } = await registryWith();
    for (const epoch of [Number.MAX_SAFE_INTEGER, serviceLimits.broughtEpoch]) {
      const key = `the key of who brings ${epoch}`;
      const given: number[] = [];
      for (let count = 0; count < 3; count += 1) given.push((await registry.register(peer("a", { key, epoch }))).epoch);
      expect(given).toEqual(given.map((_, index) => (given[0] ?? 0) + index));
      expect(given[0]).toBeGreaterThan(serviceLimits.broughtEpoch);
      expect(given[0]).toBeLessThan(serviceLimits.broughtEpoch + 10);
      await clock.advanceAsync(serviceLimits.leaseMs);
    }
  });

  it("is refused when what is told of it would not fit into a message", async () => {
    const { registry, ids } = await registryWith();
    const records = (letter: string) => ({
      R: {
        kind: "record" as const,
        fields: Array.from({ length: 30 }, (_, index) => ({
          name: `${letter.repeat(1_000)}${index}`,
          type: { kind: "scalar" as const, name: "text" as const },
          optional: false,
        })),
      },
    });
    await registry.register(peer("a", { pipelines: [pipeline("Latin", { schemas: records("a") })] }));
    const large = peer("b", { pipelines: [pipeline("Greek", { schemas: records("\u03b1") })] });
    await registry.register(large);
    const larger = peer("c", { pipelines: [pipeline("Han", { schemas: records("\u6f22") })] });
    await expect(registry.register(larger)).rejects.toMatchObject({ code: "invalid-argument", message: /`Han`/ });
    expect(ids()).toEqual(["a", "b"]);
  });

  it("R10.2 is fenced by its epoch: what an older one says is refused", async () => {
    const { registry } = await registryWith();
    const { epoch: old } = await registry.register(peer("a"));
    const { epoch } = await registry.register(peer("a"));
    expect(epoch).toBe(old + 1);
    const stale = { id: "a", epoch: old };
    expect(() => registry.renew(stale)).toThrow(expect.objectContaining({ code: "access-denied" }));
    await expect(registry.unregister(stale)).rejects.toMatchObject({ code: "access-denied", message: /replaced/ });
    await expect(registry.report({ ...stale, load: { inFlight: 1 } })).rejects.toMatchObject({ code: "access-denied" });
    await registry.disconnected("a", old);
    expect(registry.directory.get("a")).toMatchObject({ epoch, connected: true });
  });

  it("R10.2 grows its epoch over a restart of the service", async () => {
    const before = await registryWith();
    await before.registry.register(peer("a"));
    const { epoch } = await before.registry.register(peer("a"));
    const after = await registryWith();
    await expect(after.registry.register(peer("a", { epoch }))).resolves.toMatchObject({ epoch: epoch + 1 });
  });

  it("ends with its lease unless it is renewed, and leaves no timer behind", async () => {
    const { registry, clock, ids } = await registryWith();
    const { epoch, leaseMs } = await registry.register(peer("a", { leaseMs: 6_000 }));
    for (let count = 0; count < 5; count += 1) {
      await clock.advanceAsync(leaseMs - 1);
      expect(registry.renew({ id: "a", epoch })).toEqual({ leaseMs: 6_000 });
    }
    await clock.advanceAsync(leaseMs - 1);
    expect(ids()).toEqual(["a"]);
    await clock.advanceAsync(1);
    expect(ids()).toEqual([]);
    expect(() => registry.renew({ id: "a", epoch })).toThrow(/has ended/);
    expect(clock.pending).toBe(0);
  });

  it("stands for 5 s without its connection, and takes no calls by the service meanwhile", async () => {
    const { registry, clock, ids } = await registryWith();
    const { epoch } = await registry.register(peer("a"));
    await registry.disconnected("a", epoch);
    expect(registry.directory.page({}, { limit: 1, bytes: 1 }).found[0]?.relay).toBe(false);
    await clock.advanceAsync(serviceLimits.graceMs - 1);
    const again = await registry.register(peer("a", { epoch }));
    await clock.advanceAsync(serviceLimits.leaseMs - 1);
    expect(ids()).toEqual(["a"]);
    await registry.disconnected("a", again.epoch);
    await clock.advanceAsync(serviceLimits.graceMs);
    expect(ids()).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it("goes at once when its peer says so", async () => {
    const { registry, clock, ids } = await registryWith();
    const { epoch } = await registry.register(peer("a"));
    await registry.unregister({ id: "a", epoch });
    expect(ids()).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it("is refused when there are enough, or when it names a pipeline twice", async () => {
    const { registry } = await registryWith({ maxPeers: 1 });
    await registry.register(peer("a"));
    await registry.register(peer("a"));
    await expect(registry.register(peer("b"))).rejects.toMatchObject({ code: "resource-exhausted" });
    const twice = peer("a", { pipelines: [pipeline("A"), pipeline("A")] });
    await expect(registry.register(twice)).rejects.toMatchObject({ code: "invalid-argument" });
  });
});

describe("two signaling nodes over one store", () => {
  it("R10.2 agree on who owns an id, whoever is asked, and answer each for all", async () => {
    const store = memoryStore();
    const first = await registryWith({ store, node: "n1" });
    const second = await registryWith({ store, node: "n2" });
    const { epoch } = await first.registry.register(peer("a"));
    await expect(second.registry.register(peer("a", { key: "some other key of 16" }))).rejects.toMatchObject({
      code: "access-denied",
    });
    expect(second.ids()).toEqual(["a"]);
    const moved = await second.registry.register(peer("a", { epoch }));
    expect(moved.epoch).toBe(epoch + 1);
    // The lease that still runs at the first node is of an epoch that has passed.
    await first.clock.advanceAsync(serviceLimits.leaseMs);
    expect([first.ids(), second.ids()]).toEqual([["a"], ["a"]]);
    expect(() => first.registry.renew({ id: "a", epoch: moved.epoch })).toThrow(/another node/);
  });

  it("R10.2 have one owner for each id and epoch, however their changes meet", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1e9 }), async (seed) => {
        const random = seededRandom(seed);
        const inner = memoryStore();
        // Answers take a random number of turns, so that compare and set of several meet.
        const late = async <T>(work: () => Promise<T>): Promise<T> => {
          for (let left = Math.floor(random.next() * 3); left > 0; left -= 1) await turn();
          return work();
        };
        const store = {
          ...inner,
          get: (id: string) => late(() => inner.get(id)),
          put: (...args: Parameters<typeof inner.put>) => late(() => inner.put(...args)),
        };
        const nodes = await Promise.all(["n1", "n2", "n3"].map((node) => registryWith({ store, node })));
        const owners = new Map<number, string>();
        const outcomes = await Promise.allSettled(
          nodes.flatMap(({ registry }, index) =>
            ["key one, sixteen", "key two, sixteen"].map(async (key) => {
              const { epoch } = await registry.register(peer("a", { key }));
              expect(owners.has(epoch)).toBe(false);
              owners.set(epoch, `${key} at n${index + 1}`);
            }),
          ),
        );
        const keys = new Set([...owners.values()].map((owner) => owner.slice(0, 7)));
        expect(keys.size).toBe(1);
        expect(outcomes.filter(({ status }) => status === "fulfilled").length).toBe(owners.size);
        const states = nodes.map(({ registry }) => registry.directory.get("a")?.epoch);
        expect(states).toEqual(Array.from({ length: 3 }, () => Math.max(...owners.keys())));
      }),
      { numRuns: 15 },
    );
  });
});

describe("the hash of an interface", () => {
  it("is the SHA-256 of its text", () => {
    const ours = (value: string) => shortSha256(value);
    fc.assert(
      fc.property(fc.string({ maxLength: 100 }), (value) => {
        expect(ours(value)).toBe(createHash("sha256").update(value).digest("hex").slice(0, 32));
      }),
      { numRuns: 25 },
    );
    for (const length of [55, 56, 63, 64, 65, 1000]) {
      const value = "é".repeat(length);
      expect(ours(value)).toBe(createHash("sha256").update(value).digest("hex").slice(0, 32));
    }
  });

  it("is the same in any order and with schemas of nothing, and another for another type", () => {
    const one = pipeline();
    const reordered = {
      ...one,
      outputs: { ...one.outputs },
      schemas: { Unused: { kind: "enum" as const, values: [] } },
    };
    expect(interfaceHash({ ...reordered, pipeline: "Other" } as typeof one)).toBe(interfaceHash(one));
    expect(interfaceHash({ ...one, batch: true })).not.toBe(interfaceHash(one));
  });

  it("lets equal values be kept once", () => {
    const interner = new Interner<object, number>((value) => Object.keys(value).length);
    const [a, b] = [interner.hold({ x: 1, y: 2 }), interner.hold({ y: 2, x: 1 })];
    expect(b.value).toBe(a.value);
    expect(b.about).toBe(2);
    expect(interner.shared({ y: 2, x: 1 })).toBe(a.value);
    expect(interner.length).toBe('{"x":1,"y":2}'.length);
    interner.release(a);
    interner.release(b);
    expect(interner.size).toBe(0);
  });
});

it("a registry that is closed has no timer left and follows its store no more", async () => {
  const { registry, clock, store, ids } = await registryWith();
  await registry.register(peer("a"));
  registry.close();
  expect(clock.pending).toBe(0);
  const other = await Registry.open({ store, clock, random: seededRandom(2) });
  await other.register(peer("b"));
  expect(ids()).toEqual(["a"]);
});
