import { describe, expect, it } from "vitest";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import { pipelineEndpoint } from "../../../runtime/pipeline/endpoint.ts";
import { Gate } from "../../../runtime/pipeline/gate.ts";
import { PipelineBuilder, planWith, text } from "../../support/pipeline-plan-builder.ts";
import { depsOf } from "../../support/pipeline-run.ts";

async function run(builder: PipelineBuilder, nodes: Record<string, NodeDefinition>) {
  const session = await pipelineEndpoint(planWith(builder), "Fan", depsOf(nodes)).open({
    params: {},
    inputs: {},
    outputs: {},
    schemas: {},
    signal: new AbortController().signal,
  });
  const { error } = await session.closed;
  return { session, error };
}

/** A source that writes down when `emit` has come back. */
const sourceOf = (frames: readonly string[], seen: string[]): NodeDefinition =>
  defineNode({
    open: (_, { emit }) => ({
      async run() {
        for (const frame of frames) {
          const room = emit("out", frame);
          seen.push(`sent ${frame}`);
          if (room !== undefined) await room;
        }
      },
    }),
  });

const writer = (name: string, seen: string[], sync: boolean): NodeDefinition =>
  defineNode({ sync, open: () => ({ process: ({ payload }) => void seen.push(`${name} ${String(payload)}`) }) });

describe("a fork", () => {
  it("calls synchronous branches in line, in the order of their links, and puts a queue before the others", async () => {
    const seen: string[] = [];
    const fan = new PipelineBuilder("Fan").node("Source", {}, { out: text });
    for (const name of ["A", "Waits", "B"]) fan.node(name, { in: text }, {}).link("Source.out", `${name}.in`);
    const { session, error } = await run(fan, {
      Source: sourceOf(["1", "2"], seen),
      A: writer("A", seen, true),
      Waits: writer("Waits", seen, false),
      B: writer("B", seen, true),
    });
    expect(error).toBeUndefined();
    expect(seen).toEqual(["A 1", "B 1", "sent 1", "A 2", "B 2", "sent 2", "Waits 1", "Waits 2"]);
    expect(session.describe().streams.map(({ name }) => name)).toEqual(["Source.out -> Waits.in"]);
  });

  it("ends the session with the branch that fails, whichever it is", async () => {
    const fan = new PipelineBuilder("Fan").node("Source", {}, { out: text });
    for (const name of ["A", "B"]) fan.node(name, { in: text }, {}).link("Source.out", `${name}.in`);
    const broken = defineNode({
      sync: true,
      open: () => ({
        process: () => {
          throw new Error("no disk");
        },
      }),
    });
    const seen: string[] = [];
    const { error } = await run(fan, { Source: sourceOf(["1"], seen), A: broken, B: writer("B", seen, true) });
    expect(error?.message).toContain("no disk");
    expect(error?.node).toBe("A");
  });

  it("looks at a thousand full queues once each while they get room one after the other", () => {
    let looks = 0;
    const full = Array.from({ length: 1_000 }, () => true);
    const listeners: (() => void)[] = [];
    const rooms = full.map((_, index) => ({
      get writable() {
        looks += 1;
        return full[index] === false;
      },
      onRoom: (listener: () => void) => void listeners.push(listener),
    }));
    let opened = 0;
    const gate = new Gate(rooms, () => (opened += 1));
    // It listens from when it has been found closed.
    expect(gate.open).toBe(false);
    for (const [index, listener] of listeners.entries()) {
      full[index] = false;
      expect(gate.open).toBe(index === 999);
      listener();
    }
    expect(opened).toBe(1);
    expect(looks).toBeLessThan(10_000);
  });
});
