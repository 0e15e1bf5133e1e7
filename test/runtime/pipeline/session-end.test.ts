import { describe, expect, it } from "vitest";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import { drainAtMostMs, drainQuietMs } from "../../../runtime/pipeline/ending.ts";
import { meshRun, type MeshRun } from "../../support/mesh-run.ts";

const pass: NodeDefinition = defineNode({ sync: true, open: () => ({ map: (payload) => payload }) });

/** Takes two seconds for each frame. */
const slow: NodeDefinition = defineNode({
  open: (_, { clock, emit }) => ({
    async process({ payload }) {
      await new Promise<void>((resolve) => clock.schedule(2_000, resolve));
      await emit("out", payload);
    },
  }),
});

const sinkOf = (seen: unknown[]): NodeDefinition =>
  defineNode({ open: () => ({ process: ({ payload }) => void seen.push(payload) }) });

/** A pipeline that gives `b` at once, and has a side branch that goes through another peer. */
const program = (far: string, side = "a -> r -> Sink()"): string => `
node Pass { in text
 out text
 from "./x.ts" }
node Slow { in text
 out text
 from "./x.ts" }
node Tick { out text
 from "./x.ts" }
node Sink { in text
 from "./x.ts" }
node Ask { in text
 out again: signal
 from "./x.ts" }
node Sum { in text
 in stop: signal
 out text
 from "./x.ts" }
interface Step { in x: text
 out y: text }
interface Summing { in x: text
 in stop: signal
 out y: text }
pipeline Far: Step { in x: text
 out y: text
 ${far} }
pipeline Sums: Summing { in x: text
 in stop: signal
 out y: text
 let s = Sum()
 x -> s.in
 stop -> s.stop
 s -> y }
pipeline P { in a: text
 out b: text
 ${["r", "r2"].map((name) => (side.includes(` ${name} `) ? `remote ${name}: Step { at far.Far }` : "")).join("\n")}
 ${side.includes("sums") ? "remote sums: Summing { at far.Sums }" : ""}
 let p = Pass()
 a -> p -> b
 ${side} }
peer far { runs Far
 runs Sums
 listens "webrtc://127.0.0.1:1" }
`;

async function ended(run: MeshRun, sent: readonly string[]) {
  const { session, outputs, send, end } = await run.open("P");
  await send("a", ...sent);
  end("a");
  const { error } = await run.clock.until(session.closed);
  const ms = run.clock.nowMs;
  await run.clock.until(run.mesh.close());
  return { error, ms, outputs };
}

describe("a session whose outputs have ended", () => {
  it("gives side branches what is on its way to them through other peers", async () => {
    const seen: unknown[] = [];
    const nodes = { Pass: pass, Slow: slow, Sink: sinkOf(seen) };
    const run = await meshRun(program("x -> Slow() -> y", "a -> r -> r2 -> Slow() -> Sink()"), nodes);
    const sent = Array.from({ length: 8 }, (_, index) => `f${index}`);
    const { error, outputs } = await ended(run, sent);
    expect(error).toBeUndefined();
    expect(outputs["b"]?.payloads).toEqual(sent);
    expect(seen).toEqual(sent);
    expect(run.warnings).toEqual([]);
  });

  it("does not wait for remotes that are still fed by somebody else", async () => {
    const tick = defineNode({
      open: (_, { clock, emit, signal }) => ({
        async run() {
          while (!signal.aborted) {
            await emit("out", "tick");
            await new Promise<void>((resolve) => clock.schedule(100, resolve));
          }
        },
      }),
    });
    const run = await meshRun(program("x -> Pass() -> y", "Tick() -> r -> Sink()"), {
      Pass: pass,
      Tick: tick,
      Sink: sinkOf([]),
    });
    const { error, ms } = await ended(run, ["1"]);
    expect(error).toBeUndefined();
    expect(ms).toBeLessThan(200);
  });

  it("leaves a remote from which nothing comes any more, and says so", async () => {
    const stuck = defineNode({ open: () => ({ process: () => new Promise<void>(() => undefined) }) });
    const run = await meshRun(program("x -> Slow() -> y"), { Pass: pass, Slow: stuck, Sink: sinkOf([]) });
    const { error, ms } = await ended(run, ["1"]);
    expect(error).toBeUndefined();
    expect(ms).toBeGreaterThanOrEqual(drainQuietMs);
    expect(ms).toBeLessThan(drainQuietMs + 7_000);
    expect(run.warnings).toContain("The session ends without `r`: nothing has come of it for too long");
  });

  it("leaves a remote behind which a source never ends", async () => {
    const forever = defineNode({
      open: (_, { clock, emit, signal }) => ({
        async end() {
          while (!signal.aborted) {
            await emit("out", "tick");
            await new Promise<void>((resolve) => clock.schedule(1_000, resolve));
          }
        },
      }),
    });
    const run = await meshRun(program("x -> Slow() -> y"), { Pass: pass, Slow: forever, Sink: sinkOf([]) });
    const { error, ms } = await ended(run, ["1"]);
    expect(error).toBeUndefined();
    expect(ms).toBeGreaterThanOrEqual(drainAtMostMs);
    expect(ms).toBeLessThan(drainAtMostMs + 7_000);
  });

  it("ends a remote that stands in a loop once what else feeds it has ended", async () => {
    const seen: unknown[] = [];
    const ask = defineNode({ open: (_, { emit }) => ({ process: () => void emit("again", null) }) });
    let stops = 0;
    const sum = defineNode({
      open: (_, { emit }) => ({
        async process(frame, port) {
          if (port === "in") await emit("out", frame.payload);
          else stops += 1;
        },
      }),
    });
    const side = "let ask = Ask()\n a -> sums.x\n sums -> [ask, Sink()]\n ask.again -> sums.stop";
    const run = await meshRun(program("x -> Pass() -> y", side), {
      Pass: pass,
      Ask: ask,
      Sum: sum,
      Sink: sinkOf(seen),
    });
    const { session, outputs, send, end } = await run.open("P");
    await send("a", "1", "2", "3");
    await run.clock.run(1_000);
    end("a");
    expect((await run.clock.until(session.closed)).error).toBeUndefined();
    expect(run.clock.nowMs).toBeLessThan(2_000);
    expect(outputs["b"]?.payloads).toEqual(["1", "2", "3"]);
    expect([seen, stops]).toEqual([["1", "2", "3"], 3]);
    await run.clock.until(run.mesh.close());
  });
});
