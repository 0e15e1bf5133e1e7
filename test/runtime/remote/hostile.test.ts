import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeEnd, encodeFrames, encodePart } from "../../../runtime/remote/frame-codec.ts";
import { Encoding } from "../../../runtime/remote/payload-codec.ts";
import { defineNode } from "../../../runtime/interface/node.ts";
import { MeshError } from "../../../runtime/interface/errors.ts";
import type { PipelineSession } from "../../../runtime/interface/session.ts";
import type { PipelineHost } from "../../../runtime/remote/host.ts";
import type { Channel } from "../../../runtime/interface/transport.ts";
import { helloOf, type RawPeer } from "./support/raw-peer.ts";
import { call, feed, rawCaller, rawHost, scene, serve, text, type Scene, type TestLink } from "./support/scene.ts";

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
beforeAll(() => {
  process.on("unhandledRejection", note);
  process.on("uncaughtException", note);
});
afterAll(() => {
  process.off("unhandledRejection", note);
  process.off("uncaughtException", note);
  expect(unhandled).toEqual([]);
});

const record = (body: Uint8Array, change: object = {}): Uint8Array =>
  encodeFrames([{ flags: 0, epoch: 0, seq: 0, timestampUs: 0, encoding: Encoding.utf8, body, gap: 0, ...change }]);

/** A stranger that has been accepted, with its two channels. */
async function accepted(stage: Scene): Promise<{ readonly stranger: RawPeer; readonly a: Channel }> {
  const stranger = await rawCaller(stage);
  const a = stranger.channel(1);
  stranger.channel(2);
  stranger.say(helloOf("P"));
  await stage.clock.run(5);
  expect(stranger.of("accept")).toHaveLength(1);
  return { stranger, a };
}

/** How the host has ended the session with a stranger. */
async function verdict(stage: Scene, stranger: RawPeer): Promise<string | undefined> {
  await stage.clock.run(1_000);
  const [said] = [...stranger.of("refuse"), ...stranger.of("bye")];
  expect(stranger.connection.describe().state).toBe("closed");
  return said?.["code"] as string | undefined;
}

async function withNeighbour(then: (stage: Scene) => Promise<void>): Promise<void> {
  const stage = scene();
  await serve(stage);
  const { opening, b } = call(stage);
  const session = await stage.clock.until(opening);
  await then(stage);
  await stage.clock.until(feed(session, "a", ["still here"]));
  expect((await stage.clock.until(session.closed)).error).toBeUndefined();
  expect(b.payloads).toEqual(["still here"]);
}

describe("a stranger ends its own connection, with a code, and no other, by", () => {
  it.each<[string, string, (stranger: RawPeer) => void]>([
    ["a piece with an unknown mark", "protocol-violation", (s) => s.connection.control.send(Uint8Array.of(7, 123))],
    ["an empty piece", "protocol-violation", (s) => s.connection.control.send(Uint8Array.of(1))],
    ["what is no UTF-8", "protocol-violation", (s) => s.connection.control.send(Uint8Array.of(0, 0xff, 0xfe))],
    ["what is no JSON", "protocol-violation", (s) => s.sayText("{")],
    ["JSON that is no object", "protocol-violation", (s) => s.sayText("[1]")],
    ["a message without a type", "protocol-violation", (s) => s.sayText("{}")],
    ["an unknown type that is critical", "version-mismatch", (s) => s.say({ type: "warp", critical: true })],
    ["deep JSON", "protocol-violation", (s) => s.sayText(`{"type":"x","a":${"[".repeat(5_000)}`)],
    ["a message beyond 64 KiB", "protocol-violation", (s) => s.sayText(`"${"x".repeat(66_000)}"`)],
    ["a hello without streams", "protocol-violation", (s) => s.say({ type: "hello", versions: [1] })],
    ["a hello of another version", "version-mismatch", (s) => s.say({ type: "hello", versions: [9, 10] })],
    ["a hello for another pipeline", "pipeline-not-found", (s) => s.say(helloOf("Other"))],
    [
      "a hello with a channel twice",
      "protocol-violation",
      (s) => s.say(helloOf("P", { outputs: [{ port: "b", channel: 1, type: text, window: { frames: 1, bytes: 1 } }] })),
    ],
    [
      "a hello with a port twice",
      "protocol-violation",
      (s) =>
        s.say(
          helloOf("P", {
            inputs: [
              { port: "a", channel: 1, type: text },
              { port: "a", channel: 3, type: text },
            ],
          }),
        ),
    ],
    [
      "a hello for a port that is not there",
      "invalid-argument",
      (s) =>
        s.say(
          helloOf("P", {
            inputs: [
              { port: "a", channel: 1, type: text },
              { port: "__proto__", channel: 3, type: text },
            ],
          }),
        ),
    ],
    [
      "a hello with a parameter that is not there",
      "invalid-argument",
      (s) => s.say(helloOf("P", { params: { x: 1 } })),
    ],
    [
      "a hello with a channel out of range",
      "protocol-violation",
      (s) => s.say(helloOf("P", { inputs: [{ port: "a", channel: 1_024, type: text }] })),
    ],
    [
      "credit before the hello",
      "protocol-violation",
      (s) => s.say({ type: "credit", channel: 1, frames: 1, bytes: 1 }),
    ],
    [
      "an accept",
      "protocol-violation",
      (s) => s.say({ type: "accept", version: 1, inputs: [], outputs: [], schemas: {} }),
    ],
    ["finished", "protocol-violation", (s) => s.say({ type: "finished" })],
  ])("%s", async (_, code, misbehave) => {
    await withNeighbour(async (stage) => {
      const stranger = await rawCaller(stage);
      misbehave(stranger);
      expect(await verdict(stage, stranger)).toBe(code);
    });
  });

  it.each<[string, string, (stranger: RawPeer, a: Channel) => void]>([
    ["a second hello", "protocol-violation", (s) => s.say(helloOf("P"))],
    ["credit for an input", "protocol-violation", (s) => s.say({ type: "credit", channel: 1, frames: 1, bytes: 1 })],
    [
      "an abort of an unknown channel",
      "protocol-violation",
      (s) => s.say({ type: "abort", channel: 77, code: "internal", message: "x" }),
    ],
    ["a frame that is cut short", "protocol-violation", (_, a) => a.send(record(Uint8Array.of(65)).subarray(0, 20))],
    [
      "a frame of another version",
      "protocol-violation",
      (_, a) => {
        const message = record(Uint8Array.of(65));
        message[0] = 2;
        a.send(message);
      },
    ],
    [
      "a payload of another kind",
      "format-mismatch",
      (_, a) => a.send(record(Uint8Array.of(1, 2), { encoding: Encoding.s16le })),
    ],
    ["a text that is none", "protocol-violation", (_, a) => a.send(record(Uint8Array.of(0xff)))],
    [
      "a frame beyond 16 MiB",
      "resource-exhausted",
      (_, a) => a.send(encodePart(record(new Uint8Array(2 ** 24 + 1)), 0, 16_384).message),
    ],
    [
      "frames after the end",
      "protocol-violation",
      (_, a) => {
        a.send(Uint8Array.of(...encodeEnd(0), ...record(Uint8Array.of(65))));
      },
    ],
    ["a part of nothing", "protocol-violation", (_, a) => a.send(Uint8Array.of(1, 3, 0, 0, 0, 0, 0, 0, 9))],
  ])("%s, once it is accepted", async (_, code, misbehave) => {
    await withNeighbour(async (stage) => {
      const { stranger, a } = await accepted(stage);
      misbehave(stranger, a);
      expect(await verdict(stage, stranger)).toBe(code);
    });
  });

  it("silence instead of a hello", async () => {
    await withNeighbour(async (stage) => {
      const stranger = await rawCaller(stage);
      // It keeps the connection alive, so that only the missing hello can end it.
      const beat = (): void => {
        if (stranger.connection.describe().state !== "connected") return;
        stranger.say({ type: "ping", sentUs: 0 });
        stage.clock.schedule(100, beat);
      };
      beat();
      await stage.clock.run(9_900);
      expect(stranger.connection.describe().state).toBe("connected");
      expect(await verdict(stage, stranger)).toBe("deadline-exceeded");
    });
  });

  it("more frames than its credits allow", async () => {
    const stage = scene();
    const stuck = defineNode({ open: () => ({ process: () => new Promise<void>(() => undefined) }) });
    await serve(stage, { nodes: { Echo: stuck } });
    const { stranger, a } = await accepted(stage);
    for (let seq = 0; seq < 1_400 && stranger.connection.describe().state === "connected"; seq += 1) {
      a.send(record(Uint8Array.of(65), { seq }));
      await stage.clock.settle();
    }
    expect(await verdict(stage, stranger)).toBe("protocol-violation");
  });

  it("a flood of control messages, of known and of unknown types", async () => {
    for (const message of [{ type: "ping", sentUs: 0 }, { type: "whatever" }]) {
      await withNeighbour(async (stage) => {
        const stranger = await rawCaller(stage);
        for (let count = 0; count < 600; count += 1) {
          if (stranger.connection.describe().state !== "connected") break;
          stranger.say(message);
          await Promise.resolve();
        }
        expect(await verdict(stage, stranger)).toBe("resource-exhausted");
      });
    }
  });

  it("a flood of hellos on as many connections, which are refused beyond the limit", async () => {
    const stage = scene();
    await serve(stage, { maxConnections: 20 });
    const strangers: RawPeer[] = [];
    for (let count = 0; count < 30; count += 1) {
      const stranger = await rawCaller(stage, `stranger ${count}`);
      stranger.channel(1);
      stranger.channel(2);
      stranger.say(helloOf("P"));
      strangers.push(stranger);
    }
    await stage.clock.run(300);
    expect(strangers.filter((one) => one.of("accept").length === 1)).toHaveLength(20);
    const refused = strangers.flatMap((one) => one.of("refuse").map((said) => said["code"]));
    expect(refused).toEqual(Array.from({ length: 10 }, () => "resource-exhausted"));
    // They fall silent, and make room for others.
    await stage.clock.run(5_000);
    const { opening } = call(stage);
    await stage.clock.until((await stage.clock.until(opening)).close());
  });
});

describe("a caller takes no more than a host from a stranger:", () => {
  it.each<[string, (host: RawPeer) => void]>([
    ["a hello", (host) => host.say(helloOf("P"))],
    [
      "an answer that comes twice",
      (host) => {
        host.say({ type: "refuse", code: "internal", message: "no" });
        host.say({ type: "refuse", code: "internal", message: "no" });
      },
    ],
    ["finished before the answer", (host) => host.say({ type: "finished" })],
    ["goaway before the answer", (host) => host.say({ type: "goaway" })],
    ["nonsense", (host) => host.sayText("null")],
  ])("%s", async (_, misbehave) => {
    const stage = scene();
    const { peers } = await rawHost(stage);
    const { opening } = call(stage);
    await stage.clock.settle();
    const [host] = peers;
    if (host === undefined) throw new Error("nobody dialled");
    misbehave(host);
    await expect(stage.clock.until(opening)).rejects.toMatchObject({ code: /protocol-violation|internal/ });
    await stage.clock.run(1_000);
    expect(stage.clock.pending).toBe(0);
  });
});

type Step =
  | { readonly do: "say"; readonly text: string }
  | { readonly do: "control" | "frames"; readonly bytes: Uint8Array }
  | { readonly do: "wait"; readonly ms: number };

/** A session is as well as before: it carries what is fed, ends, and leaves nothing behind. */
async function goesOn(stage: Scene, session: PipelineSession, b: TestLink, host: PipelineHost): Promise<void> {
  await stage.clock.until(feed(session, "a", ["still here"]));
  expect((await stage.clock.until(session.closed)).error).toBeUndefined();
  expect(b.payloads).toEqual(["still here"]);
  await stage.clock.until(host.close(new MeshError("cancelled", "The test is over.")));
  await stage.clock.run(1_000);
  expect(stage.clock.pending).toBe(0);
}

/** Does what it likes, then falls silent. */
async function misbehave(stage: Scene, stranger: RawPeer, steps: readonly Step[]): Promise<void> {
  const a = stranger.channel(1);
  stranger.channel(2);
  for (const one of steps) {
    await stage.clock.run(one.do === "wait" ? one.ms : 1);
    if (stranger.connection.describe().state !== "connected") break;
    if (one.do === "say") stranger.sayText(one.text);
    else if (one.do === "control") stranger.connection.control.send(one.bytes);
    else if (one.do === "frames" && a.writable) a.send(one.bytes);
  }
  await stage.clock.run(13_000);
}

describe("whatever a stranger sends", () => {
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom(0, 1, -1, 1e300, "x", "", null, [], {}, text));
  const types = [
    "hello",
    "accept",
    "refuse",
    "credit",
    "abort",
    "finished",
    "ping",
    "pong",
    "bye",
    "foreign-hello",
  ].concat(["describe", "description", "opening", "resume", "resumed", "goaway"]);
  const nearHello = fc
    .record(
      {
        versions: value,
        session: value,
        pipeline: fc.oneof(fc.constant("P"), value),
        params: value,
        inputs: fc.oneof(
          value,
          fc.array(
            fc.record({
              port: fc.oneof(fc.constantFrom("a", "b", "__proto__"), value),
              channel: fc.oneof(fc.constantFrom(1, 2, 3), value),
              type: fc.oneof(fc.constant(text), value),
            }),
          ),
        ),
        outputs: value,
        schemas: value,
        withinMs: value,
        resume: fc.oneof(value, fc.constant({ token: "a-token-of-a-test-1234", withinMs: 500 })),
      },
      { requiredKeys: [] },
    )
    .map((change) => helloOf("P", change));
  const progress = fc.record({
    channel: fc.oneof(fc.constantFrom(1, 2), value),
    received: fc.oneof(fc.nat(2), value),
    taken: fc.oneof(fc.nat(2), value),
    bytes: fc.oneof(fc.nat(9), value),
    ended: fc.oneof(fc.boolean(), value),
  });
  const nearResume = fc
    .record({
      attempt: fc.oneof(fc.constantFrom(1, 2), value),
      streams: fc.oneof(fc.array(progress, { maxLength: 2 }), value),
    })
    .map((change) => ({
      type: "resume",
      versions: [1],
      session: "session-of-a-test",
      pipeline: "P",
      token: "a-token-of-a-test-1234",
      ...change,
    }));
  const message = fc.oneof(
    { weight: 1, arbitrary: fc.constant(helloOf("P")) },
    { weight: 1, arbitrary: nearResume },
    { weight: 2, arbitrary: nearHello },
    {
      weight: 4,
      arbitrary: fc.record(
        {
          type: fc.constantFrom(...types),
          channel: value,
          frames: value,
          bytes: value,
          code: value,
          message: value,
          sentUs: value,
        },
        { requiredKeys: ["type"] },
      ),
    },
    { weight: 1, arbitrary: fc.jsonValue() },
  );
  const step = fc.oneof(
    { weight: 5, arbitrary: message.map((one) => ({ do: "say" as const, text: JSON.stringify(one) })) },
    { weight: 1, arbitrary: fc.string({ maxLength: 200 }).map((one) => ({ do: "say" as const, text: one || "?" })) },
    {
      weight: 2,
      arbitrary: fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => ({ do: "control" as const, bytes })),
    },
    {
      weight: 3,
      arbitrary: fc.uint8Array({ minLength: 1, maxLength: 120 }).map((bytes) => ({ do: "frames" as const, bytes })),
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.nat(3), fc.nat(2), fc.uint8Array({ maxLength: 8 }), fc.nat(40), fc.nat(255))
        .map(([seq, gap, body, at, byte]) => {
          const bytes = record(body, { seq, gap });
          if (at < bytes.length) bytes[at] = byte;
          return { do: "frames" as const, bytes };
        }),
    },
    { weight: 1, arbitrary: fc.nat(3_000).map((ms) => ({ do: "wait" as const, ms })) },
  );

  it("the host neither breaks nor hangs: the connection goes on, or ends with a word; the neighbours notice nothing", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), fc.boolean(), async (steps, greets) => {
        const stage = scene();
        const host = await serve(stage);
        const { opening, b } = call(stage);
        const session = await stage.clock.until(opening);
        const stranger = await rawCaller(stage);
        if (greets) stranger.say(helloOf("P"));
        await misbehave(stage, stranger, steps);
        expect(stranger.connection.describe().state).toBe("closed");
        await goesOn(stage, session, b, host);
      }),
      { numRuns: 150 },
    );
  });

  it("nor when it comes back to a session whose connection broke, and says what it likes", async () => {
    await fc.assert(
      fc.asyncProperty(nearResume, fc.array(step, { maxLength: 6 }), fc.nat(3), async (message, steps, count) => {
        const stage = scene();
        const host = await serve(stage);
        const { opening, b } = call(stage);
        const session = await stage.clock.until(opening);
        const caller = await rawCaller(stage, "first");
        const a = caller.channel(1);
        caller.channel(2);
        caller.say(helloOf("P", { resume: { token: message.token, withinMs: 5_000 } }));
        await stage.clock.run(5);
        for (let seq = 0; seq < count; seq += 1) a.send(record(Uint8Array.of(65), { seq }));
        await stage.clock.run(5);
        await stage.clock.until(caller.connection.close(new MeshError("peer-lost", "The cable was pulled out.")));
        const stranger = await rawCaller(stage);
        stranger.say(message);
        await misbehave(stage, stranger, steps);
        expect(stranger.connection.describe().state).toBe("closed");
        await goesOn(stage, session, b, host);
      }),
      { numRuns: 100 },
    );
  });
});
