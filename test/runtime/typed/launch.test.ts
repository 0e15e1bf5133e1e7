import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { defineNode } from "../../../runtime/interface/node.ts";
import type { MeshPlatform } from "../../../runtime/mesh/launch.ts";
import { maxWaitingWrites } from "../../../runtime/typed/input-port.ts";
import { launchTyped, type GivenOptions, type RunningPipeline } from "../../../runtime/typed/launch.ts";
import { outputCapacityFrames } from "../../../runtime/typed/output-port.ts";
import { inputPort, outputPort, type PortSpecs, type PortsOf } from "../../../runtime/typed/ports.ts";
import type { AnyNode } from "../../../runtime/typed/contract.ts";
import { planOf } from "../../support/pipeline-run.ts";
import { realClock, seededRandom } from "../../support/real-clock.ts";
import * as calls from "../../../runtime/remote/calls.ts";
const platform: MeshPlatform = {
  clock: realClock,
  random: seededRandom(1),
  log: () => undefined,
  env: () => undefined,
  transports: [],
  calls: async () => calls,
  serve: undefined,
};

const open: RunningPipeline[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

async function launch<Specs extends PortSpecs>(
  source: string,
  specs: Specs,
  nodes: Record<string, AnyNode> = {},
  options: GivenOptions = {},
): Promise<RunningPipeline & PortsOf<Specs>> {
  const running = await launchTyped(platform, { plan: planOf(source), nodes }, "Main", options, specs);
  open.push(running);
  return running;
}

/** Passes text on, each after the last has been released. */
const gated = (): { readonly node: AnyNode; release(): void } => {
  const waiting: (() => void)[] = [];
  return {
    node: defineNode({
      open: (_, { emit, signal }) => ({
        process: async (frame) => {
          await new Promise<void>((resolve) => {
            waiting.push(resolve);
            signal.addEventListener("abort", () => resolve(), { once: true });
          });
          if (signal.aborted) return;
          await emit("out", frame.payload);
        },
      }),
    }),
    release: () => waiting.shift()?.(),
  };
};

const upper = defineNode({
  sync: true,
  open: (_, { emit }) => ({ process: ({ payload }) => void emit("out", String(payload).toUpperCase()) }),
});

const echo = `
node Upper { in text
 out text
 from "./x.ts" }
pipeline Main { in a: text
 out b: text
 a -> Upper() -> b }`;

const echoPorts = { a: inputPort<string>(), b: outputPort<string>() };

async function all<T>(port: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of port) found.push(one);
  return found;
}

describe("a typed pipeline", () => {
  it("takes what is written and gives what is read, in order, to its end", async () => {
    const pipeline = await launch(echo, echoPorts, { Upper: upper });
    // No peer of the program runs it, only this process.
    expect(pipeline.topology().peers).toMatchObject([
      { name: "this process", addresses: [], pipelines: [{ name: "Main", sessions: [{ pipeline: "Main" }] }] },
    ]);
    const read = all(pipeline.b);
    for (const word of ["one", "two", "three"]) await pipeline.a.write(word);
    pipeline.end();
    expect(await read).toEqual(["ONE", "TWO", "THREE"]);
    expect(await pipeline.closed).toEqual({ error: undefined });
    expect(pipeline.describe().pipeline).toBe("Main");
    expect([pipeline.a.format, pipeline.b.format]).toEqual(["text", "text"]);
  });

  it("lets the writer wait when there is no room, and keeps the order of writes nobody awaited", async () => {
    const { node, release } = gated();
    const pipeline = await launch(echo, echoPorts, { Upper: node });
    let written = 0;
    while (pipeline.a.writable) expect(pipeline.a.write(`${written++}`)).toBeUndefined();
    expect(written).toBeGreaterThan(1);
    const waiting = [pipeline.a.write(`${written++}`), pipeline.a.write(`${written++}`)];
    expect(waiting.every((one) => one instanceof Promise)).toBe(true);
    const found: string[] = [];
    const reading = pipeline.b[Symbol.asyncIterator]();
    pipeline.end();
    for (let index = 0; index < written; index += 1) {
      const next = reading.next();
      // The node opens its gate only once a frame stands before it.
      const again = setInterval(release, 1);
      const { value } = await next;
      clearInterval(again);
      found.push(String(value));
    }
    await Promise.all(waiting);
    expect(found).toEqual(Array.from({ length: written }, (_, index) => `${index}`));
  });

  it("refuses a writer that never waits", async () => {
    const { node } = gated();
    const pipeline = await launch(echo, echoPorts, { Upper: node });
    const flood = (): void => {
      for (let index = 0; index < maxWaitingWrites + 1_000; index += 1) void pipeline.a.write("x");
    };
    expect(flood).toThrow(/writes to `a` wait for room/);
  });

  it("does not hold the pipeline up for an output that nobody reads, and counts what it drops", async () => {
    const pipeline = await launch(echo, echoPorts, { Upper: upper });
    const count = outputCapacityFrames + 10;
    for (let index = 0; index < count; index += 1) await pipeline.a.write(`${index}`);
    pipeline.end();
    expect((await pipeline.closed).error).toBeUndefined();
    expect(pipeline.b.dropped).toBe(10);
    expect(await all(pipeline.b)).toHaveLength(outputCapacityFrames);
  });

  it("has one reader at a time, and another after it", async () => {
    const pipeline = await launch(echo, echoPorts, { Upper: upper });
    await pipeline.a.write("one");
    await pipeline.a.write("two");
    for await (const word of pipeline.b) {
      expect(word).toBe("ONE");
      await expect(all(pipeline.b)).rejects.toThrow(/`b` is being read already/);
      break;
    }
    pipeline.a.end();
    expect(await all(pipeline.b)).toEqual(["TWO"]);
  });

  it("throws the failure of the session to who reads, after what had come before it", async () => {
    const failing = defineNode({
      sync: true,
      open: (_, { emit }) => ({
        process: ({ payload }) => {
          if (payload === "bad") throw new Error("no such word");
          void emit("out", payload);
        },
      }),
    });
    const pipeline = await launch(echo, echoPorts, { Upper: failing });
    const found: string[] = [];
    const reading = (async () => {
      for await (const word of pipeline.b) found.push(word);
    })();
    await pipeline.a.write("good");
    await pipeline.a.write("bad");
    await expect(reading).rejects.toMatchObject({ code: "node-failed" });
    expect(found).toEqual(["good"]);
    expect((await pipeline.closed).error?.message).toMatch(/no such word/);
  });

  it("ends with `await using`, and again does nothing", async () => {
    let closed: Promise<unknown> | undefined;
    {
      await using pipeline = await launch(echo, echoPorts, { Upper: upper });
      closed = pipeline.closed;
      await pipeline.close();
    }
    expect(await closed).toBeDefined();
  });

  it("ends by a signal, before and after it has started", async () => {
    const stop = new AbortController();
    const pipeline = await launch(echo, echoPorts, { Upper: upper }, { signal: stop.signal });
    stop.abort(new Error("enough"));
    expect((await pipeline.closed).error).toMatchObject({ code: "cancelled", message: "enough" });
    await expect(launch(echo, echoPorts, { Upper: upper }, { signal: stop.signal })).rejects.toThrow("enough");
    await expect(pipeline.a.write("late")).rejects.toBeInstanceOf(MeshError);
  });

  it("asks for the code of an abstract node by its name", async () => {
    const program = echo.replace('from "./x.ts"', "");
    await expect(launch(program, echoPorts)).rejects.toThrow(/`Upper` .* has no code/);
    const pipeline = await launch(program, echoPorts, {}, { nodes: { Upper: upper } });
    await pipeline.a.write("x");
    pipeline.end();
    expect(await all(pipeline.b)).toEqual(["X"]);
  });

  it("checks parameters against their ranges", async () => {
    const program = echo.replace("pipeline Main {", "pipeline Main(level: float in 0..1 = 0.5) {");
    await expect(launch(program, echoPorts, { Upper: upper }, { params: { level: 2 } })).rejects.toMatchObject({
      code: "invalid-argument",
      message: expect.stringMatching(/`level`.*is 2, which is no float in 0\.\.1/) as string,
    });
  });
});

describe("typed ports", () => {
  const record = `
record Word { text: text
 sure: float in 0..1
 language: text = "en" }
node Pass { in Word
 out Word
 from "./x.ts" }
pipeline Main { in close: Word
 out __proto__: Word
 close -> Pass() -> __proto__ }`;
  const schema: z.ZodType<{ text: string }, { text: string; sure: number; language?: string | undefined }> = z.object({
    text: z.string(),
    sure: z.number().min(0).max(1),
    language: z.string().default("en"),
  });
  const pass = defineNode({
    sync: true,
    open: (_, { emit }) => ({ process: ({ payload, flags }) => void emit("out", payload, { flags }) }),
  });

  it("fill in defaults, refuse what does not fit, and may have any name", async () => {
    const specs = {
      closePort: inputPort<z.input<typeof schema>>(schema, "close"),
      ["__proto__"]: outputPort(schema),
    };
    const pipeline = await launch(record, specs, { Pass: pass });
    expect(() => pipeline.closePort.write({ text: "hm", sure: 7 })).toThrow(/`close` .* at `sure`/);
    await pipeline.closePort.write({ text: "yes", sure: 1 });
    pipeline.end();
    expect(await all(pipeline["__proto__"])).toEqual([{ text: "yes", sure: 1, language: "en" }]);
    expect(typeof pipeline.close).toBe("function");
  });

  it("stamp sound by its samples and all else by the clock", async () => {
    const sound = `
node Pass { in audio<pcm_s16, 16kHz, stereo>
 out audio<pcm_s16, 16kHz, stereo>
 from "./x.ts" }
pipeline Main { in a: audio<pcm_s16, 16kHz, stereo>
 out b: audio<pcm_s16, 16kHz, stereo>
 a -> Pass() -> b }`;
    const pipeline = await launch(sound, { a: inputPort<Int16Array>(), b: outputPort<Int16Array>() }, { Pass: pass });
    await pipeline.a.write(new Int16Array(640));
    await pipeline.a.write(new Int16Array(320), { flags: 2 });
    await pipeline.a.write(new Int16Array(640), { timestampUs: 1_000_000 });
    await pipeline.a.write(new Int16Array(640));
    pipeline.end();
    const frames = await all(pipeline.b.frames());
    expect(frames.map((frame) => [frame.seq, frame.timestampUs, frame.flags])).toEqual([
      [0, 0, 0],
      [1, 20_000, 2],
      [2, 1_000_000, 0],
      [3, 1_020_000, 0],
    ]);
    const text = await launch(echo, echoPorts, { Upper: upper });
    await text.a.write("one");
    text.end();
    expect((await all(text.b.frames())).map((frame) => frame.timestampUs)).toEqual([0]);
  });
});
