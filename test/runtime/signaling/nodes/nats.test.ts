import { describe, expect, it } from "vitest";
import { Answering } from "../../../../runtime/signaling/nats/answering.ts";
import { natsClients } from "../../../../runtime/signaling/nats/clients.nodejs.ts";
import { KnownRevisions } from "../../../../runtime/signaling/nats/known-revisions.ts";
import { MarkPurge, marksStayMs } from "../../../../runtime/signaling/nats/mark-purge.ts";
import { idOf, keyOf, readChange, readRecord } from "../../../../runtime/signaling/nats/stored-record.ts";
import { virtualClock } from "../../../../runtime/testing/virtual-clock.ts";
import { turn } from "../pipe.ts";
import { fc } from "../property.ts";
import { peer } from "../registry/support.ts";

describe("what is known of a bucket", () => {
  it("is what the bucket holds, in whatever order its watch and the nodes tell of it", () => {
    // A history of a few keys: each step writes a value, or ends the one that there is.
    const step = fc.record({ key: fc.constantFrom("a", "b"), ends: fc.boolean() });
    const late = fc.array(fc.nat({ max: 6 }), { minLength: 24, maxLength: 24 });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 24 }), late, fc.nat({ max: 3 }), (steps, delays, behind) => {
        const last = new Map<string, number>();
        const log: { key: string; revision: number; present: boolean; of: number }[] = [];
        for (const { key, ends } of steps) {
          const of = last.get(key);
          if (ends && of === undefined) continue;
          const revision = log.length + 1;
          log.push({ key, revision, present: !ends, of: ends ? (of as number) : revision });
          if (ends) last.delete(key);
          else last.set(key, revision);
        }
        // The watch tells in order; what nodes tell comes by itself, early or late, and some of it never.
        const events = log.flatMap((one, index) => {
          const tell = { at: index + (delays[index] as number), kind: "told" as const, one };
          const see = { at: index + behind + 0.5, kind: "seen" as const, one };
          return delays[index] === 6 ? [see] : [tell, see];
        });
        events.sort((a, b) => a.at - b.at);
        const known = new KnownRevisions();
        const state = new Map<string, number>();
        for (const { kind, one } of events) {
          const { key, present, revision, of } = one;
          const isNews = kind === "told" ? known.told(key, of, present) : known.seen(key, revision, present);
          if (!isNews) continue;
          // Nothing is told twice, and nothing older comes after something newer.
          expect(state.get(key) ?? 0).toBeLessThanOrEqual(present ? revision - 1 : of);
          expect(present || state.has(key)).toBe(true);
          if (present) state.set(key, revision);
          else state.delete(key);
        }
        expect(state).toEqual(last);
      }),
    );
  });

  it("holds no more of what went without a word", () => {
    const known = new KnownRevisions();
    known.seen("a", 1, true);
    known.seen("b", 2, true);
    known.told("c", 9, true);
    // Told anew after an interruption: `b` has been ended, and the mark of that is gone as well.
    expect(known.seen("a", 1, true)).toBe(false);
    expect(known.complete(new Set(["a"]))).toEqual(["b"]);
    expect(known.seen("c", 9, true)).toBe(false);
    expect(known.watched).toBe(9);
  });
});

describe("what stands in a bucket", () => {
  it("R10.2 has a key for each id", () => {
    const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._~-]{0,20}$/);
    fc.assert(
      fc.property(id, id, (one, other) => {
        expect(keyOf(one)).toMatch(/^[-=\w]+$/);
        expect(idOf(keyOf(one))).toBe(one);
        expect(keyOf(one) === keyOf(other)).toBe(one === other);
      }),
    );
  });

  it("is read if it is of this version", () => {
    const { load: _, leaseMs: __, ...registration } = peer("a");
    const record = { ...registration, id: "a", epoch: 2, node: "n1", connected: true };
    expect(readRecord(JSON.stringify(record))).toEqual(record);
    expect(readChange(JSON.stringify({ kind: "put", revision: 3, record }))).toMatchObject({ revision: 3 });
    for (const text of [
      "",
      "[]",
      JSON.stringify({ ...record, epoch: 0 }),
      JSON.stringify({ ...record, node: "a.b" }),
    ]) {
      expect(readRecord(text)).toBeUndefined();
      expect(readChange(text)).toBeUndefined();
    }
  });

  it("is cleared of the marks of its ends after ten minutes, each up to its revision", async () => {
    const clock = virtualClock();
    const purged: string[] = [];
    const marks = new MarkPurge(clock, async (key, revision) => {
      purged.push(`${key} ${revision}`);
      if (key === "b") throw new Error("the store does not answer");
    });
    marks.expect("a");
    marks.seen("a", 1, undefined);
    marks.seen("of another node", 2, undefined);
    marks.expect("b");
    marks.seen("b", 3, undefined);
    marks.seen("found", 4, marksStayMs / 2);
    await clock.advanceAsync(marksStayMs - 1);
    await turn();
    expect(purged).toEqual([]);
    await clock.advanceAsync(2);
    await turn();
    await clock.advanceAsync(0);
    await turn();
    expect(purged).toEqual(["a 1", "b 3", "found 4"]);
    marks.expect("c");
    marks.seen("c", 5, undefined);
    marks.stop();
    expect(clock.pending).toBe(0);
  });
});

describe("whether the store answers", () => {
  it("is known from each question, and once it does not it is asked until it does", async () => {
    const clock = virtualClock();
    let [isThere, asked] = [false, 0];
    const ask = async (): Promise<void> => {
      asked += 1;
      if (!isThere) throw new Error("no majority");
    };
    const store = new Answering(clock, ask);
    expect(store.isGood).toBe(true);
    await expect(store.note(Promise.reject(new Error("timeout")))).rejects.toThrow("timeout");
    await expect(store.note(Promise.reject(new Error("timeout")))).rejects.toThrow("timeout");
    expect([store.isGood, clock.pending]).toEqual([false, 1]);
    await clock.advanceAsync(3_000);
    expect([store.isGood, asked]).toEqual([false, 3]);
    isThere = true;
    await clock.advanceAsync(1_000);
    expect([store.isGood, asked, clock.pending]).toEqual([true, 4, 0]);
    await expect(store.note(Promise.reject(new Error("timeout")))).rejects.toThrow("timeout");
    store.stop();
    expect(clock.pending).toBe(0);
  });
});

it("the clients of NATS are loaded when they are used, and what is missing is said with the way out", async () => {
  await expect(
    natsClients(() =>
      Promise.reject(Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" })),
    ),
  ).rejects.toMatchObject({
    code: "dependency-missing",
    message: expect.stringMatching(/they are not installed/),
    hint: expect.stringMatching(
      /npm install @nats-io\/transport-node@\d+\.\d+\.\d+ @nats-io\/jetstream@\S+ @nats-io\/kv@/,
    ),
  });
});
