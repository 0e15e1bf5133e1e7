import { describe, expect, it } from "vitest";
import type { Payload } from "../../../runtime/interface/frame.ts";
import { defineNode, emission, type NodeDefinition } from "../../../runtime/interface/node.ts";
import { meshRun, type OpenCall } from "../../support/mesh-run.ts";

const passing: NodeDefinition = defineNode({ sync: true, open: () => ({ process: (frame) => frame.payload }) });

const program = (inner: string): string => `
node Head { in text
 out text
 out cut: signal
 from "./x.ts" }
node Tail { in text
 out text
 from "./x.ts" }
pipeline P { in a: text
 out b: text
 let h = Head()
 let t = Tail()
 a -> h
 h.out -> t -> b${inner} }
`;

function send({ session }: OpenCall, seq: number, payload: Payload): void {
  session.inputs["a"]?.send({ timestampUs: seq * 20_000, seq, epoch: 0, flags: 1, payload });
}

/** More than a stage looks at closely. */
const many = 200;

describe("R9.2 nodes that are called in line, one after the other", () => {
  it.each<[string, NodeDefinition]>([
    [
      "emits and returns",
      defineNode({
        sync: true,
        open: (_, { emit }) => ({
          process({ payload }) {
            void emit("out", `${String(payload)}1`);
            void emit("out", `${String(payload)}2`, { flags: 2 });
            return `${String(payload)}3`;
          },
        }),
      }),
    ],
    [
      "emits and returns an emission",
      defineNode({
        sync: true,
        open: (_, { emit }) => ({
          process({ payload }) {
            void emit("out", `${String(payload)}1`);
            void emit("out", `${String(payload)}2`);
            return emission("out", `${String(payload)}3`);
          },
        }),
      }),
    ],
    [
      "emits and yields",
      defineNode({
        sync: true,
        open: (_, { emit }) => ({
          process({ payload }) {
            void emit("out", `${String(payload)}1`);
            return (function* () {
              yield `${String(payload)}2`;
              yield emission("out", `${String(payload)}3`);
            })();
          },
        }),
      }),
    ],
  ])(
    "what a node %s goes on in that order, with the media time of its frame and numbers without holes",
    async (_, head) => {
      const run = await meshRun(program(""), { Head: head, Tail: passing });
      const call = await run.open("P");
      for (let seq = 0; seq < many; seq += 1) {
        send(call, seq, `${seq}.`);
        if (seq % 8 === 7) await run.clock.settle();
      }
      await run.clock.settle();
      const { frames } = call.outputs["b"] ?? { frames: [] };
      expect(frames.map(({ payload }) => payload)).toEqual(
        Array.from({ length: many }, (_, seq) => [`${seq}.1`, `${seq}.2`, `${seq}.3`]).flat(),
      );
      expect(
        frames.every(({ seq, timestampUs }, index) => seq === index && timestampUs === Math.floor(index / 3) * 20_000),
      ).toBe(true);
      await run.clock.until(run.mesh.close());
    },
  );

  it("a node that ends its own epoch in the middle of a call: the rest of that call is dropped, counted, the next is wanted", async () => {
    const aborted: boolean[] = [];
    const head = defineNode({
      sync: true,
      open: (_, { emit }) => ({
        process({ payload }, _port, work) {
          void emit("out", `${String(payload)} before`);
          if (payload !== "cut") return `${String(payload)} returned`;
          void emit("cut", null);
          aborted.push(work.signal.aborted);
          void emit("out", "after");
          return "too late";
        },
      }),
    });
    const run = await meshRun(program("\n h.cut -> flush h"), { Head: head, Tail: passing });
    const call = await run.open("P");
    for (let seq = 0; seq < many; seq += 1) {
      send(call, seq, seq % 50 === 49 ? "cut" : `${seq}`);
      // What waits in front of it would go with the epoch.
      await run.clock.settle();
    }
    await run.clock.settle();
    const kept = Array.from({ length: many }, (_, seq) => seq).filter((seq) => seq % 50 !== 49);
    expect(call.outputs["b"]?.payloads).toEqual(kept.flatMap((seq) => [`${seq} before`, `${seq} returned`]));
    expect(aborted).toEqual([true, true, true, true]);
    // Of each of the four: what was sent before, what was sent after, and what was returned.
    expect(call.session.describe().nodes.find(({ id }) => id === "h")).toMatchObject({ frames: many, dropped: 12 });
    await run.clock.until(run.mesh.close());
  });
});
