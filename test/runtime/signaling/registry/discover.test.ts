import { describe, expect, it } from "vitest";
import type { Condition } from "../../../../runtime/interface/capabilities.ts";
import { interfaceHash } from "../../../../runtime/signaling/registry/interface-hash.ts";
import { seededRandom } from "../../../../runtime/testing/seeded-random.ts";
import { fc } from "../property.ts";
import { all, opus, peer, pipeline, registryWith, text } from "./support.ts";

const gpu = (gib: number) => ({
  name: "gpu",
  values: [],
  properties: { memory: { quantity: "size", value: gib * 2 ** 30 } },
});
const atLeast = (gib: number): Condition => ({
  anyOf: [
    { kind: "compare", path: ["gpu", "memory"], operator: ">=", value: { quantity: "size", value: gib * 2 ** 30 } },
  ],
  text: `gpu.memory >= ${gib}GiB`,
});

describe("R7.2 R3.3 discovery finds pipelines", () => {
  it("by name, interface, peer, and by what their peers provide", async () => {
    const { registry, ids } = await registryWith();
    await registry.register(peer("a", { provides: [gpu(8)] }));
    await registry.register(peer("b", { provides: [gpu(24)], pipelines: [pipeline(), pipeline("Speaking")] }));
    await registry.register(peer("c", { pipelines: [pipeline("Hearing", { batch: true })] }));
    expect(ids({ pipeline: "Hearing" })).toEqual(["a", "b", "c"]);
    expect(ids({ pipeline: "Speaking" })).toEqual(["b"]);
    expect(ids({ pipeline: "Nothing" })).toEqual([]);
    expect(ids({ interface: interfaceHash(pipeline()) })).toEqual(["a", "b", "b"]);
    expect(ids({ where: [atLeast(8)] })).toEqual(["a", "b", "b"]);
    expect(ids({ where: [atLeast(16)], pipeline: "Hearing" })).toEqual(["b"]);
    expect(ids({ peer: "b" })).toEqual(["b", "b"]);
    expect(ids({ peer: "x" })).toEqual([]);
    expect(ids({ batch: true })).toEqual(["c"]);
    const either: Condition = {
      anyOf: [...atLeast(16).anyOf, { kind: "has", name: "npu", values: [], properties: {} }],
      text: "",
    };
    await registry.register(peer("d", { provides: [{ name: "npu", values: [], properties: {} }] }));
    expect(ids({ where: [either], pipeline: "Hearing" })).toEqual(["b", "d"]);
  });

  it("by what the caller sends and takes, a sole port standing for a sole port", async () => {
    const { ids, registry } = await registryWith();
    await registry.register(peer("a"));
    const raw = { kind: "audio" as const, dims: { codec: ["pcm_s16"], rate: [16_000] } };
    expect(ids({ inputs: { mic: opus }, outputs: { said: text } })).toEqual(["a"]);
    expect(ids({ inputs: { speech: { kind: "audio", dims: {} } } })).toEqual(["a"]);
    expect(ids({ inputs: { speech: raw } })).toEqual([]);
    expect(ids({ inputs: {} })).toEqual([]);
    expect(ids({ outputs: { words: { kind: "scalar", name: "int" } } })).toEqual([]);
    expect(ids({ inputs: { speech: opus, more: text } })).toEqual([]);
  });

  it("follows what changes, and what becomes of a watched question", async () => {
    const { registry } = await registryWith();
    const seen: string[] = [];
    const query = { pipeline: "Hearing", where: [atLeast(8)] };
    registry.directory.onChange((change) => {
      const { found, gone } = registry.directory.difference(change, query);
      seen.push(...found.map((one) => `+${one.peer}`), ...gone.map((name) => `-${change.id}/${name}`));
    });
    const { epoch } = await registry.register(peer("a", { provides: [gpu(8)] }));
    await registry.register(peer("b", { provides: [gpu(4)] }));
    await registry.register(peer("a", { provides: [gpu(2)], epoch }));
    await registry.register(peer("b", { provides: [gpu(16)] }));
    await registry.unregister({ id: "b", epoch: 2 });
    expect(seen).toEqual(["+a", "-a/Hearing", "+b", "-b/Hearing"]);
  });

  it("gives the last report of a load, and none of an epoch that has passed", async () => {
    const { registry } = await registryWith();
    const { epoch } = await registry.register(peer("a"));
    await registry.report({ id: "a", epoch, load: { inFlight: 3, slots: 4 } });
    expect(all(registry, {})[0]?.load).toEqual({ inFlight: 3, slots: 4 });
    registry.directory.apply({ kind: "load", id: "a", epoch: epoch + 1, load: { inFlight: 9 } });
    expect(all(registry, {})[0]?.load?.inFlight).toBe(3);
    await registry.register(peer("a", { epoch }));
    expect(all(registry, {})[0]?.load).toBeUndefined();
  });
});

describe("R7.2 pages", () => {
  it("hold each pipeline once, in order, whatever their size", async () => {
    const { registry } = await registryWith();
    const random = seededRandom(7);
    for (let index = 0; index < 60; index += 1) {
      const names = ["C", "A", "B"].slice(0, 1 + Math.floor(random.next() * 3));
      await registry.register(peer(`p${index}`, { pipelines: names.map((name) => pipeline(name)) }));
    }
    const whole = all(registry, {}).map((one) => `${one.peer}/${one.pipeline}`);
    expect(whole).toEqual(whole.toSorted());
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 20_000 }), (limit, bytes) => {
        const paged = all(registry, {}, limit, bytes).map((one) => `${one.peer}/${one.pipeline}`);
        expect(paged).toEqual(whole);
      }),
    );
    const page = registry.directory.page({}, { limit: 5, bytes: 1 });
    expect(page.found.length).toBe(1);
    expect(registry.directory.page({ pipeline: "B" }, { limit: 100, bytes: 2_000 }).found.length).toBeLessThan(8);
  });

  it("are as long as the JSON of what is found, to the byte", async () => {
    const { registry } = await registryWith();
    await registry.register(peer("a", { load: { inFlight: 1, slots: 8 } }));
    const gpu = { name: "gpu", values: [], properties: {} };
    await registry.register(
      peer("b", { name: 'a "name"', provides: [gpu], pipelines: [pipeline("Ä", { idempotent: true })] }),
    );
    const whole = registry.directory.page({}, { limit: 9, bytes: 1e6 }).found;
    expect(whole.length).toBe(2);
    const bytes = whole.reduce((sum, one) => sum + Buffer.byteLength(JSON.stringify(one.found)), 0);
    expect(registry.directory.page({}, { limit: 9, bytes }).found.length).toBe(2);
    expect(registry.directory.page({}, { limit: 9, bytes: bytes - 1 }).found.length).toBe(1);
  });

  it("go on where they ended when peers come and go meanwhile", async () => {
    const { registry } = await registryWith();
    for (const id of ["b", "d", "f"]) await registry.register(peer(id));
    const { cursor } = registry.directory.page({}, { limit: 2, bytes: 1e6 });
    await registry.unregister({ id: "d", epoch: 1 });
    await registry.register(peer("a"));
    await registry.register(peer("e"));
    const { found } = registry.directory.page({}, { limit: 9, bytes: 1e6, cursor });
    expect(found.map((one) => one.peer)).toEqual(["e", "f"]);
  });

  it("cost no more than a bounded search, also where nothing fits", async () => {
    const { registry } = await registryWith();
    for (let index = 0; index < 2_100; index += 1) await registry.register(peer(`p${index}`));
    const first = registry.directory.page({ batch: true }, { limit: 10, bytes: 1e6 });
    expect(first).toEqual({ found: [], cursor: expect.any(String) });
    expect(registry.directory.page({ batch: true }, { limit: 10, bytes: 1e6, cursor: first.cursor })).toEqual({
      found: [],
      cursor: undefined,
    });
  });

  it("take any text for a cursor", async () => {
    const { registry } = await registryWith();
    await registry.register(peer("m"));
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (cursor) => {
        const { found } = registry.directory.page({}, { limit: 1, bytes: 1e6, cursor });
        // Behind `m` and all its pipelines there is nothing.
        const isBefore = cursor < "m" || (cursor.startsWith("m/") && cursor.slice(2) < "Hearing") || cursor === "m";
        expect(found.length).toBe(isBefore ? 1 : 0);
      }),
    );
  });
});
