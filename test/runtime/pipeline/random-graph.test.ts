import { describe, expect, it } from "vitest";
import * as fc from "fast-check";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import { PipelineBuilder } from "../../support/pipeline-plan-builder.ts";
import { drain, openSession, write } from "../../support/pipeline-reader.ts";

const pass: NodeDefinition = defineNode({
  sync: true,
  open: (_, { emit }) => ({ process: (frame) => void emit("out", frame.payload) }),
});

const later: NodeDefinition = defineNode({
  open: (_, { emit }) => ({
    async process(frame) {
      await Promise.resolve();
      await emit("out", frame.payload);
    },
  }),
});

/** Does not wait for room, and answers some frames without a promise. */
const careless: NodeDefinition = defineNode({
  open: (_, { emit }) => {
    let turn = 0;
    return {
      process(frame) {
        turn += 1;
        void emit("out", frame.payload);
        return turn % 3 === 0 ? Promise.resolve() : undefined;
      },
    };
  },
});

const kinds = ["Pass", "Later", "Careless"] as const;

interface Shape {
  readonly nodes: readonly { readonly kind: (typeof kinds)[number]; readonly feeds: readonly number[] }[];
  readonly capacity: number;
  readonly frames: number;
}

/** Each node is fed by one or more before it, number -1 being the input of the pipeline. */
const shapes: fc.Arbitrary<Shape> = fc.integer({ min: 1, max: 8 }).chain((count) =>
  fc.record({
    nodes: fc.tuple(
      ...Array.from({ length: count }, (_, index) =>
        fc.record({
          kind: fc.constantFrom(...kinds),
          feeds: fc.uniqueArray(fc.integer({ min: -1, max: index - 1 }), { minLength: 1, maxLength: 3 }),
        }),
      ),
    ),
    capacity: fc.integer({ min: 1, max: 5 }),
    frames: fc.integer({ min: 0, max: 60 }),
  }),
);

describe("any graph of nodes that pass on what they get", () => {
  it("R9.2 R9.3 loses, doubles and reorders nothing on any path, and always ends", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async ({ nodes, capacity, frames }) => {
        const builder = new PipelineBuilder(
          "P",
          { a: { kind: "scalar", name: "text" } },
          { b: { kind: "scalar", name: "text" } },
        );
        nodes.forEach(({ kind }, index) => builder.node(`${kind}#${index}`));
        const nameOf = (index: number): string => `${nodes[index]?.kind}#${index}`;
        const paths: number[] = [];
        nodes.forEach(({ feeds }, index) => {
          paths.push(feeds.reduce((sum, from) => sum + (from < 0 ? 1 : (paths[from] ?? 0)), 0));
          for (const from of feeds) {
            builder.link(from < 0 ? "a" : `${nameOf(from)}.out`, `${nameOf(index)}.in`, { capacityFrames: capacity });
          }
        });
        const last = nodes.length - 1;
        builder.link(`${nameOf(last)}.out`, "b", { capacityFrames: capacity });
        const { session, channels } = await openSession(builder, {
          nodes: { Pass: pass, Later: later, Careless: careless },
        });
        const sent = Array.from({ length: frames }, (_, index) => String(index));
        const feeding = write(session, "a", sent).then(() => session.inputs["a"]?.end());
        const got = await drain(channels["b"]);
        await feeding;
        expect((await session.closed).error).toBeUndefined();
        const counts = new Map<string, number>();
        for (const { payload } of got) counts.set(String(payload), (counts.get(String(payload)) ?? 0) + 1);
        for (const one of sent) expect(counts.get(one)).toBe(paths[last]);
        expect(got.length).toBe(frames * (paths[last] ?? 0));
        expect(got.map((frame) => frame.seq)).toEqual(got.map((_, index) => index));
        // Several paths interleave, but on each of them a frame comes before the next one.
        const seen: number[] = Array.from({ length: frames + 1 }, () => 0);
        for (const { payload } of got) {
          const index = Number(payload);
          seen[index] = (seen[index] ?? 0) + 1;
          if (index > 0) expect(seen[index - 1]).toBeGreaterThanOrEqual(seen[index] ?? 0);
        }
      }),
      { numRuns: 150 },
    );
  });
});
