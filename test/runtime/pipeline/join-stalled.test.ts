import { describe, expect, it } from "vitest";
import { defineNode } from "../../../runtime/interface/node.ts";
import type { Link } from "../../../runtime/interface/link.ts";
import { meshRun } from "../../support/mesh-run.ts";

/** Two ways from one input, of which the second gives every other frame, meet again. */
const program = (join = "index", options = ""): string => `
node Half { in text
 out text
 from "./x.ts" }
node Pair { in a: text
 in b: text
 out text
 join ${join}
 from "./x.ts" }
pipeline P { in a: text
 out b: text
 let pair = Pair()
 a -> pair.a with { buffer: 4 ${options} }
 a -> Half() -> pair.b
 pair -> b }
peer p { runs P
 listens "webrtc://127.0.0.1:1" }
`;

const nodes = {
  Half: defineNode({ open: () => ({ process: ({ seq, payload }) => (seq % 2 === 1 ? payload : undefined) }) }),
  Pair: defineNode({
    open: () => ({ join: ({ a, b }) => `${String(a?.payload)}+${String(b?.payload)}` }),
  }),
};

const words = Array.from({ length: 40 }, (_, index) => `w${index}`);

/** Writes as long as there is room. */
async function write(link: Link | undefined, clock: { settle(): Promise<void> }): Promise<number> {
  let sent = 0;
  for (const payload of words) {
    if (link?.writable !== true) break;
    link.send({ timestampUs: sent * 20_000, seq: sent, epoch: 0, flags: 0, payload });
    sent += 1;
    await clock.settle();
  }
  return sent;
}

describe("two ways that meet again at a join", () => {
  it("are told of when one gives less than the queue of the other holds: the join, the links, how long, and what to do", async () => {
    const { clock, open, events, warnings, mesh } = await meshRun(program(), nodes);
    const { session, outputs } = await open("P");
    expect(await write(session.inputs["a"], clock)).toBeLessThan(words.length);
    await clock.run(75_000);
    expect(outputs["b"]?.payloads).toEqual(["w0+w1", "w1+w3", "w2+w5"]);
    const told = events.filter((event) => event.kind === "join-stalled");
    expect(told.map(({ forMs }) => forMs)).toEqual([10_000, 20_000, 40_000]);
    expect(told[0]).toMatchObject({
      session: session.id,
      node: "pair",
      full: "a -> pair.a",
      queued: 4,
      empty: ["Half.out -> pair.b"],
      location: { line: 12 },
    });
    expect(warnings).toHaveLength(3);
    expect(warnings[0]).toBe(
      "pair has found nothing to join for 10000 ms: `a -> pair.a` is full (4 frames wait), and nothing comes by `Half.out -> pair.b`. " +
        "Give the full link a larger `buffer` or `overflow: drop_oldest`, or the node `join latest`.",
    );
    await clock.until(mesh.close());
    expect(clock.pending).toBe(0);
  });

  it.each([
    ["a larger buffer", program("index", "").replace("buffer: 4", "buffer: 64")],
    ["a queue that drops", program("index", ", overflow: drop_oldest")],
    ["a join of the latest", program("latest")],
  ])("go on with %s, and nobody is told of anything", async (_, source) => {
    const { clock, open, events, mesh } = await meshRun(source, nodes);
    const { session } = await open("P");
    expect(await write(session.inputs["a"], clock)).toBe(words.length);
    await clock.run(75_000);
    expect(events.filter(({ kind }) => kind.endsWith("stalled"))).toEqual([]);
    await clock.until(mesh.close());
    expect(clock.pending).toBe(0);
  });

  it("are not told of while what holds them up is the reader of the output", async () => {
    const { clock, open, events, mesh } = await meshRun(program(), nodes);
    const { session } = await open("P", {
      outputs: {
        b: {
          type: { kind: "scalar", name: "text" },
          link: {
            writable: false,
            ready: () => new Promise(() => undefined),
            send() {},
            end() {},
            abort() {},
          },
        },
      },
    });
    await write(session.inputs["a"], clock);
    session.inputs["a"]?.end();
    await clock.run(5_000);
    expect(events.filter(({ kind }) => kind.endsWith("stalled"))).toEqual([]);
    await clock.until(mesh.close());
  });

  it("are told of from when the queue is full, not from when the first frame waits in it", async () => {
    const { clock, open, events, mesh } = await meshRun(program(), nodes);
    const { session } = await open("P");
    const link = session.inputs["a"];
    for (let seq = 0; link?.writable === true; seq += 1) {
      link.send({ timestampUs: seq, seq, epoch: 0, flags: 0, payload: "w" });
      await clock.run(8_000);
    }
    const fullMs = clock.nowMs - 8_000;
    await clock.until(
      (async () => {
        while (!events.some(({ kind }) => kind === "join-stalled"))
          await new Promise<void>((resolve) => clock.schedule(100, resolve));
      })(),
    );
    expect(clock.nowMs - fullMs).toBeGreaterThanOrEqual(10_000);
    expect(clock.nowMs - fullMs).toBeLessThanOrEqual(13_000);
    await clock.until(mesh.close());
  });

  it("fail nobody, also where nodes that do not answer do", async () => {
    const watchdog = { reportAfterMs: 500, failAfterMs: 1_000 };
    const { clock, open, events, mesh } = await meshRun(program(), nodes, { watchdog });
    const { session } = await open("P");
    await write(session.inputs["a"], clock);
    await clock.run(60_000);
    expect(events.some(({ kind }) => kind === "join-stalled")).toBe(true);
    expect(events.some(({ kind }) => kind === "session-closed")).toBe(false);
    await clock.until(mesh.close());
  });
});
