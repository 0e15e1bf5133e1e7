import { describe, expect, it } from "vitest";
import { delay } from "../../../runtime/interface/clock.ts";
import type { Payload } from "../../../runtime/interface/frame.ts";
import { defineNode } from "../../../runtime/interface/node.ts";
import { meshRun, type MeshRun } from "../../support/mesh-run.ts";
import { seen, timed, type Seen } from "../../support/timed-nodes.ts";

const program = (flow: string, input = "text"): string => `
record User { name: text }
record Note { text: text, user: User, length: int, kind: Kind? }
enum Kind { short, long }
node Work(name: text, ms: int = 0) { in ${input}
 out text
 from "./x.ts" }
batch node Ask(name: text, ms: int = 0) { in text
 out text
 from "./x.ts" }
node Play(name: text, ms: int = 0) { in audio<pcm_f32, 16kHz, mono>
 out text
 from "./x.ts" }
pipeline P { in a: ${input}
 out b: text
 ${flow} }
`;

async function launch(flow: string, input?: string): Promise<MeshRun & { readonly log: Seen }> {
  const log = seen();
  const node = timed(log);
  return { ...(await meshRun(program(flow, input), { Work: node, Ask: node, Play: node })), log };
}

/** Sends all, lets everything happen, ends. @returns what came out, how it ended, and after how many milliseconds */
async function through({ open, clock, mesh }: MeshRun, payloads: readonly Payload[]) {
  const { send, end, session, outputs } = await open("P");
  await send("a", ...payloads);
  end("a");
  const { error } = await clock.until(session.closed);
  const ms = clock.nowMs;
  await clock.until(mesh.close());
  expect(clock.pending).toBe(0);
  return { out: outputs["b"]?.payloads ?? [], error, ms, session };
}

const names = (taken: readonly string[]): string => taken.map((one) => one.split(":")[0]).join("");
const letters = (count: number): string[] => Array.from({ length: count }, (_, index) => `m${index}`);

describe("a fan-out", () => {
  it("R9.2 gives every frame to every branch; a slow one does not hold up the others, as far as its queue goes", async () => {
    const run = await launch(`a -> [Work(name: "q"), Work(name: "s", ms: 100)] -> b`);
    const { send, outputs } = await run.open("P");
    await send("a", ...letters(64));
    await run.clock.run(0);
    expect(outputs["b"]?.payloads).toEqual(letters(64).map((one) => `q:${one}`));
    await run.clock.run(100);
    expect(outputs["b"]?.payloads.at(-1)).toBe("s:m0");
    await run.clock.until(run.mesh.close());
  });

  it("lets a branch drop what it cannot take, counted, where its link says so", async () => {
    const slow = `Work(name: "s", ms: 10) with { buffer: 4, overflow: drop_oldest }`;
    const run = await launch(
      `let s = ${slow.split(" with")[0]}\n a -> [Work(name: "q"), s with ${slow.split(" with ")[1]}] -> b`,
    );
    const { out, session } = await through(run, letters(100));
    expect(out.filter((one) => String(one).startsWith("q"))).toHaveLength(100);
    const stream = session.describe().streams.find((one) => one.name === "a -> s.in");
    expect(stream?.frames).toBe(100);
    expect(run.log.taken.filter((one) => one.startsWith("s"))).toHaveLength(100 - (stream?.dropped ?? 0));
    expect(stream?.dropped).toBeGreaterThan(50);
    expect(run.log.taken.at(-1)).toBe("s:m99");
  });
});

describe("`any`", () => {
  it("round_robin: one after the other, and past a branch without room", async () => {
    const run = await launch(`a -> any(round_robin) [Work(name: "x"), Work(name: "y"), Work(name: "z")] -> b`);
    const { out } = await through(run, letters(7));
    expect(names(run.log.taken).split("").toSorted().join("")).toBe("xxxyyzz");
    expect(out.toSorted()).toEqual(["x:m0", "x:m3", "x:m6", "y:m1", "y:m4", "z:m2", "z:m5"]);
    const stuck = await launch(
      `let x = Work(name: "x", ms: 3600000)\n let y = Work(name: "y")\n a -> any(round_robin) [x with { buffer: 1 }, y] -> b`,
    );
    const { send, outputs } = await stuck.open("P");
    await send("a", ...letters(20));
    await stuck.clock.settle();
    expect(outputs["b"]?.payloads).toHaveLength(19);
    await stuck.clock.run(5_000);
    const closing = stuck.mesh.close();
    await stuck.clock.until(closing);
  });

  it("fastest: the branch that answers soonest, and now and then another, in case that it has changed", async () => {
    const run = await launch(`a -> any(fastest) [Work(name: "s", ms: 40), Work(name: "f", ms: 1)] -> b`);
    const { open, clock, mesh, log } = run;
    const { send } = await open("P");
    for (const one of letters(66)) {
      await send("a", one);
      await clock.run(50);
    }
    const chosen = names(log.taken);
    expect(chosen.slice(0, 2).split("").toSorted()).toEqual(["f", "s"]);
    expect(chosen.slice(2, 31)).toBe("f".repeat(29));
    expect(chosen.match(/s/g)?.length).toBeLessThanOrEqual(3);
    await clock.until(mesh.close());
  });

  it("least_loaded: where the fewest frames wait or are at work", async () => {
    const run = await launch(`a -> any(least_loaded) [Work(name: "s", ms: 90), Work(name: "f", ms: 10)] -> b`);
    const { out } = await through(run, letters(40));
    expect(out).toHaveLength(40);
    const slow = names(run.log.taken).match(/s/g)?.length ?? 0;
    // All 40 come at once, so both have 20 in hand; nothing is known of how long they take.
    expect(slow).toBe(20);
  });

  it("adaptive: by what waits and how long it takes together", async () => {
    const run = await launch(`a -> any(adaptive) [Work(name: "s", ms: 90), Work(name: "f", ms: 10)] -> b`);
    const { open, clock, mesh, log } = run;
    const { send } = await open("P");
    // Twice as many as the quick one can take.
    for (const one of letters(50)) {
      await send("a", one, one);
      await clock.run(10);
    }
    await clock.run(1_000);
    const slow = names(log.taken).match(/s/g)?.length ?? 0;
    expect(slow).toBeGreaterThan(2);
    expect(slow).toBeLessThan(20);
    expect(log.taken).toHaveLength(100);
    await clock.until(mesh.close());
  });

  it("hash: the same value always by the same branch, in order", async () => {
    const run = await launch(
      `a -> any(hash(user.name)) [Work(name: "x", ms: 5), Work(name: "y"), Work(name: "z", ms: 2)] -> b`,
      "Note",
    );
    const note = (index: number) => ({ text: `m${index}`, user: { name: `u${index % 5}` }, length: index });
    const { out } = await through(
      run,
      Array.from({ length: 60 }, (_, index) => note(index)),
    );
    const branches = new Map<number, Set<string>>();
    const last = new Map<number, number>();
    for (const one of out.map(String)) {
      const [branch = "", word = ""] = one.split(":");
      const index = Number(word.slice(1));
      branches.set(index % 5, (branches.get(index % 5) ?? new Set()).add(branch));
      expect(index).toBeGreaterThan(last.get(index % 5) ?? -1);
      last.set(index % 5, index);
    }
    expect([...branches.values()].every((one) => one.size === 1)).toBe(true);
    expect(out).toHaveLength(60);
    expect(new Set([...branches.values()].flatMap((one) => [...one])).size).toBeGreaterThan(1);
  });

  it("takes one branch for a whole session where media flows", async () => {
    const run = await launch(
      `a -> any(round_robin) [Play(name: "x"), Play(name: "y")] -> b`,
      "audio<pcm_f32, 16kHz, mono>",
    );
    const { open, clock, mesh, log } = run;
    for (let index = 0; index < 4; index += 1) {
      const { send } = await open("P");
      await send("a", Float32Array.of(1), Float32Array.of(2), Float32Array.of(3));
    }
    await clock.run(10);
    // Each session keeps to its branch, so they come in runs of three.
    expect(
      names(log.taken)
        .match(/x+|y+/g)
        ?.every((one) => one.length % 3 === 0),
    ).toBe(true);
    await clock.until(mesh.close());
  });
});

describe("`first`", () => {
  it("asks the next branch when there is no answer in time; the first answer wins, and the others are cancelled", async () => {
    const run = await launch(
      `a -> first(stagger: 50ms) [Ask(name: "x", ms: 1000), Ask(name: "y", ms: 20), Ask(name: "z")] -> b`,
    );
    const { out, error, ms } = await through(run, ["1", "2", "3"]);
    expect(error).toBeUndefined();
    expect(out).toEqual(["y:1", "y:2", "y:3"]);
    expect(run.log.taken).toEqual(["x:1", "y:1", "x:2", "y:2", "x:3", "y:3"]);
    expect(run.log.givenUp).toEqual(["x:1", "x:2", "x:3"]);
    expect(ms).toBe(210);
  });

  it("asks no other where the first answers in time, and all at once without a stagger", async () => {
    const quick = await launch(`a -> first(stagger: 50ms) [Ask(name: "x", ms: 40), Ask(name: "y")] -> b`);
    expect((await through(quick, ["1", "2"])).out).toEqual(["x:1", "x:2"]);
    expect(quick.log.taken).toEqual(["x:1", "x:2"]);
    const race = await launch(`a -> first [Ask(name: "x", ms: 40), Ask(name: "y", ms: 30)] -> b`);
    const { out, ms } = await through(race, ["1"]);
    expect(out).toEqual(["y:1"]);
    expect([ms, race.log.givenUp]).toEqual([30, ["x:1"]]);
  });

  it("asks the next at once when one has failed, and fails when all have", async () => {
    const flow = (last: string) => `a -> first(stagger: 1h) [Ask(name: "x", ms: 5), ${last}] -> b`;
    const all = await launch(flow(`Ask(name: "y", ms: 5)`));
    const { error, ms } = await through(all, ["ok", "no!"]);
    expect(error?.message).toContain("y cannot");
    expect(error).toMatchObject({ code: "node-failed", node: expect.stringMatching(/^Ask/) });
    expect(all.log.taken).toEqual(["x:ok", "x:no!", "y:no!"]);
    expect(ms).toBe(15);
  });
});

describe("`first(stagger: auto)`", () => {
  const flow = `a -> first(stagger: auto) [Vary(name: "x"), Vary(name: "y")] -> b`;

  /** `x` takes as long as the question says, `y` always 5 ms. */
  async function hedged(): Promise<MeshRun & { readonly log: Seen }> {
    const log = seen();
    const Vary = defineNode<{ name: string }>({
      open: ({ name }, { clock }) => ({
        async process({ payload }, _port, work) {
          log.taken.push(`${name}:${String(payload)}`);
          try {
            await delay(clock, name === "y" ? 5 : Number(payload), work.signal);
          } catch {
            log.givenUp.push(`${name}:${String(payload)}`);
            return undefined;
          }
          return `${name}:${String(payload)}`;
        },
      }),
    });
    const declared = `${program(flow)}
batch node Vary(name: text) { idempotent
 in text
 out text
 from "./x.ts" }`;
    return { ...(await meshRun(declared, { Vary })), log };
  }
  const times = (count: number, ms: string): string[] => Array.from({ length: count }, () => ms);

  it("R11.2 waits for a quarter of a second as long as nothing is known, then for as long as 19 of 20 answers take", async () => {
    const run = await hedged();
    const { send, outputs, end, session } = await run.open("P");
    await send("a", "1000");
    await run.clock.run(254);
    expect(outputs["b"]?.payloads).toEqual([]);
    await run.clock.run(1);
    expect(outputs["b"]?.payloads).toEqual(["y:1000"]);
    expect(run.log.givenUp).toEqual(["x:1000"]);
    await send("a", ...times(6, "30"), ...times(34, "10"));
    await run.clock.run(6 * 30 + 34 * 10);
    expect(run.log.taken.filter((one) => one.startsWith("y:"))).toHaveLength(1);
    // The 39th of the 41 took 30 ms.
    await send("a", "1000");
    await run.clock.run(34);
    expect(outputs["b"]?.payloads).toHaveLength(41);
    await run.clock.run(1);
    expect(outputs["b"]?.payloads.at(-1)).toBe("y:1000");
    end("a");
    expect((await run.clock.until(session.closed)).error).toBeUndefined();
    await run.clock.until(run.mesh.close());
    expect(run.clock.pending).toBe(0);
  });

  it("R11.2 asks elsewhere too for a twentieth of the calls at most, of all sessions together", async () => {
    const run = await hedged();
    const ask = async (payloads: readonly string[]): Promise<void> => {
      const { send, end, session } = await run.open("P");
      const sent = send("a", ...payloads).then(() => end("a"));
      await run.clock.until(Promise.all([sent, session.closed]));
    };
    await ask(times(100, "10"));
    // All of a sudden each takes long: to ask all of them elsewhere would double the load.
    for (const _ of times(10, "")) await ask(times(20, "300"));
    const elsewhere = run.log.taken.filter((one) => one.startsWith("y:")).length;
    expect(elsewhere).toBeGreaterThanOrEqual(10);
    expect(elsewhere).toBeLessThanOrEqual(1 + 0.05 * 300);
    await run.clock.until(run.mesh.close());
  });
});

describe("`route`", () => {
  const note = (text: string, length: number, kind?: string) => ({
    text,
    user: { name: text },
    length,
    ...(kind !== undefined && { kind }),
  });

  it("goes by ranges, both ends inclusive, the first case that holds", async () => {
    const run = await launch(
      `a -> route length { ..9 -> Work(name: "s"), 10..99 -> Work(name: "m"), else -> Work(name: "l") } -> b`,
      "Note",
    );
    const lengths = [0, 9, 10, 99, 100, -5];
    const { out } = await through(
      run,
      lengths.map((length) => note(String(length), length)),
    );
    expect(out.toSorted()).toEqual(["l:100", "m:10", "m:99", "s:-5", "s:0", "s:9"]);
  });

  it("goes by the value of a field of a field, else where it holds for none or is absent", async () => {
    const byName = await launch(
      `a -> route user.name { "x" -> Work(name: "X"), "y" -> Work(name: "Y"), else -> Work(name: "E") } -> b`,
      "Note",
    );
    const { out } = await through(
      byName,
      ["x", "y", "z", "x"].map((name) => note(name, 1)),
    );
    expect(out.toSorted()).toEqual(["E:z", "X:x", "X:x", "Y:y"]);
    const byKind = await launch(
      `a -> route kind { "short" -> Work(name: "S"), "long" -> Work(name: "L"), else -> Work(name: "E") } -> b`,
      "Note",
    );
    const kinds = await through(byKind, [note("1", 1, "short"), note("2", 1), note("3", 1, "long")]);
    expect(kinds.out.toSorted()).toEqual(["E:2", "L:3", "S:1"]);
  });

  it("keeps order on each way, and a full way holds up the source, which loses nothing", async () => {
    const run = await launch(
      `a -> route length { ..0 -> Work(name: "s", ms: 1) with { buffer: 1 }, else -> Work(name: "q") } -> b`,
      "Note",
    );
    const { out } = await through(
      run,
      Array.from({ length: 60 }, (_, index) => note(`m${index}`, index % 3)),
    );
    for (const [branch, count] of [
      ["s", 20],
      ["q", 40],
    ] as const) {
      const own = out.map(String).filter((one) => one.startsWith(branch));
      expect(own).toHaveLength(count);
      const numbers = own.map((one) => Number(one.slice(3)));
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
  });
});
