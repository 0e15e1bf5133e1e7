import { describe, expect, it } from "vitest";
import type { FlowType, Schemas } from "../../../runtime/interface/caps.ts";
import { encodeFrames } from "../../../runtime/remote/frame-codec.ts";
import { encodePayload } from "../../../runtime/remote/payload-codec.ts";
import type { JsonValue } from "../../../runtime/interface/frame.ts";
import { helloOf } from "./support/raw-peer.ts";
import { call, echoPlan, failureOf, frameOf, rawCaller, rawHost, scene, serve, text } from "./support/scene.ts";

const int: FlowType = { kind: "scalar", name: "int" };
const word: FlowType = { kind: "named", name: "Word" };
const window = { frames: 64, bytes: 1_048_576 };

const recordOf = (fields: Record<string, FlowType>): Schemas => ({
  Word: {
    kind: "record",
    fields: Object.entries(fields).map(([name, type]) => ({ name, type, optional: false })),
  },
});

const frame = (payload: JsonValue, seq = 0): Uint8Array =>
  encodeFrames([{ flags: 0, epoch: 0, seq, timestampUs: 0, gap: 0, ...encodePayload(payload) }]);

const range: FlowType = { kind: "scalar", name: "int", min: 0, max: 100 };
const plan = echoPlan(word, recordOf({ text, at: range }));

async function opened() {
  const stage = scene();
  await serve(stage, { plan });
  const { opening, b } = call(stage, {
    input: word,
    output: { kind: "scalar", name: "json" },
    schemas: recordOf({ text, at: range }),
  });
  return { ...stage, session: await stage.clock.until(opening), b };
}

describe("what a host takes", () => {
  it("is what its own program says, whatever the hello claims", async () => {
    const stage = scene();
    await serve(stage, { plan });
    const stranger = await rawCaller(stage);
    const a = stranger.channel(1);
    stranger.channel(2);
    const schemas = recordOf({ text, at: range });
    const inputs = [{ port: "a", channel: 1, type: word }];
    const outputs = [{ port: "b", channel: 2, type: word, window }];
    // The same name and a fitting structure, so that the hello is taken; the frame then keeps to neither.
    stranger.say(helloOf("P", { inputs, outputs, schemas }));
    await stage.clock.run(5);
    expect(stranger.of("accept")).toHaveLength(1);
    a.send(frame({ text: "x", at: 101 }));
    await stage.clock.run(5);
    expect(stranger.of("bye")).toMatchObject([{ code: "format-mismatch", message: /`at` is above 100/ }]);
  });

  it("is refused at the hello when its structure does not fit, naming the port and the field", async () => {
    const stage = scene();
    await serve(stage, { plan });
    const missing = call(stage, { input: word, output: word, schemas: recordOf({ text }) }).opening;
    expect(await failureOf(stage.clock.until(missing))).toMatchObject({
      code: "format-mismatch",
      message: /input `a`.*`at`/,
    });
    const wider = call(stage, { input: word, output: word, schemas: recordOf({ text, at: int }) }).opening;
    expect(await failureOf(stage.clock.until(wider))).toMatchObject({ code: "format-mismatch" });
  });

  it("runs no pattern of a stranger", async () => {
    const stage = scene();
    await serve(stage);
    // It would take for ever on this input, were it ever used.
    const evil: FlowType = { kind: "scalar", name: "text", pattern: "(a+)+$" };
    const { opening, b } = call(stage, { input: evil });
    const session = await stage.clock.until(opening);
    const payload = `${"a".repeat(40)}!`;
    session.inputs["a"]?.send(frameOf(payload));
    session.inputs["a"]?.end();
    expect((await stage.clock.until(session.closed)).error).toBeUndefined();
    expect(b.payloads).toEqual([payload]);
  });

  it("tells a caller only the types that the session uses", async () => {
    const stage = scene();
    await serve(stage, {
      plan: echoPlan(word, { ...plan.schemas, Secret: { kind: "enum", values: ["key"] } }),
    });
    const stranger = await rawCaller(stage);
    stranger.channel(1);
    stranger.channel(2);
    stranger.say(
      helloOf("P", {
        inputs: [{ port: "a", channel: 1, type: word }],
        outputs: [{ port: "b", channel: 2, type: word, window }],
        schemas: recordOf({ text, at: range }),
      }),
    );
    await stage.clock.run(5);
    const [accept] = stranger.of("accept");
    expect(Object.keys(accept?.["schemas"] as object)).toEqual(["Word"]);
  });
});

describe("what a caller takes", () => {
  it("is what its own interface says, also where the host has another name for it", async () => {
    const stage = scene();
    const { peers } = await rawHost(stage);
    const { opening, b } = call(stage, { output: word, schemas: recordOf({ text, at: range }) });
    await stage.clock.settle();
    const [host] = peers;
    const out = host?.channel(2);
    host?.say({
      type: "accept",
      version: 1,
      inputs: [{ port: "a", type: text, window }],
      outputs: [{ port: "b", type: { kind: "named", name: "Term" } }],
      schemas: {
        Term: {
          kind: "record",
          fields: [
            { name: "text", type: text, optional: false },
            { name: "at", type: range, optional: false },
            { name: "more", type: int, optional: true },
          ],
        },
      },
    });
    const session = await stage.clock.until(opening);
    expect(session.formats.outputs["b"]).toEqual(word);
    out?.send(frame({ text: "x", at: 1, more: 2 }));
    await stage.clock.settle();
    expect(b.payloads).toEqual([{ text: "x", at: 1, more: 2 }]);
    out?.send(frame({ text: "x", at: -1 }, 1));
    const { error } = await stage.clock.until(session.closed);
    expect(error).toMatchObject({ code: "format-mismatch", message: /`at` is below 0/ });
  });

  const opus = { kind: "audio", dims: { codec: ["opus"], rate: [48_000], channels: [1] } };
  it.each<[string, FlowType, object]>([
    ["of another kind", text, { outputs: [{ port: "b", type: { kind: "scalar", name: "bytes" } }] }],
    ["for a port that is missing", text, { outputs: [] }],
    ["with a record that lacks a field", word, { outputs: [{ port: "b", type: word }], schemas: recordOf({ text }) }],
    ["that was not offered", { kind: "audio", dims: { codec: ["pcm_s16"] } }, { outputs: [{ port: "b", type: opus }] }],
    [
      "that is not one format",
      { kind: "audio", dims: {} },
      { outputs: [{ port: "b", type: { kind: "audio", dims: {} } }] },
    ],
  ])("refuses an accept %s", async (_, output, change) => {
    const stage = scene();
    const { peers } = await rawHost(stage);
    const { opening } = call(stage, { output, schemas: recordOf({ text, at: range }) });
    await stage.clock.settle();
    peers[0]?.say({
      type: "accept",
      version: 1,
      inputs: [{ port: "a", type: text, window }],
      outputs: [],
      schemas: {},
      ...change,
    });
    expect(await failureOf(stage.clock.until(opening))).toMatchObject({ code: "protocol-violation", message: /`b`/ });
    await stage.clock.settle();
    expect(peers[0]?.of("bye")).toMatchObject([{ code: "protocol-violation" }]);
  });

  it("refuses a version that it did not offer", async () => {
    const stage = scene();
    const { peers } = await rawHost(stage);
    const { opening } = call(stage);
    await stage.clock.settle();
    peers[0]?.say({ type: "accept", version: 2, inputs: [], outputs: [], schemas: {} });
    expect(await failureOf(stage.clock.until(opening))).toMatchObject({ code: "version-mismatch" });
  });
});

it("carries a text to a port that takes any JSON, both ways", async () => {
  const stage = scene();
  await serve(stage, { plan: echoPlan({ kind: "scalar", name: "json" }) });
  const { opening, b } = call(stage, { output: { kind: "scalar", name: "json" } });
  const session = await stage.clock.until(opening);
  session.inputs["a"]?.send(frameOf("plain"));
  session.inputs["a"]?.end();
  expect((await stage.clock.until(session.closed)).error).toBeUndefined();
  expect(b.payloads).toEqual(["plain"]);
});

it("keeps its own type of what was agreed, so that the next target is asked for the same", async () => {
  const { session, clock, b } = await opened();
  expect(session.formats.inputs["a"]).toEqual(word);
  session.inputs["a"]?.send(frameOf({ text: "x", at: 3 }));
  await clock.run(5);
  expect(b.payloads).toEqual([{ text: "x", at: 3 }]);
});

describe("bytes inside records", () => {
  it("cross the border as base64, and are bytes again behind it", async () => {
    const stage = scene();
    const bytes: FlowType = { kind: "scalar", name: "bytes" };
    const schemas = recordOf({ text: bytes, at: { kind: "list", element: { kind: "optional", element: bytes } } });
    await serve(stage, { plan: echoPlan(word, schemas) });
    const { opening, b } = call(stage, { input: word, output: word, schemas });
    const session = await stage.clock.until(opening);
    const payload = { text: Uint8Array.of(0, 255, 7), at: [Uint8Array.of(), null] } as unknown as JsonValue;
    session.inputs["a"]?.send(frameOf(payload));
    session.inputs["a"]?.end();
    expect((await stage.clock.until(session.closed)).error).toBeUndefined();
    expect(b.payloads).toEqual([payload]);
  });

  it("are refused where they are no base64", async () => {
    const stage = scene();
    const schemas = recordOf({ text: { kind: "scalar", name: "bytes" } });
    await serve(stage, { plan: echoPlan(word, schemas) });
    const { opening } = call(stage, { input: word, output: word, schemas: recordOf({ text }) });
    expect(await failureOf(stage.clock.until(opening))).toMatchObject({ code: "format-mismatch" });
    const honest = call(stage, { input: word, output: word, schemas });
    const session = await stage.clock.until(honest.opening);
    session.inputs["a"]?.send(frameOf({ text: "?" }));
    const { error } = await stage.clock.until(session.closed);
    expect(error).toMatchObject({ code: "format-mismatch", message: /`text` is not base64/ });
  });
});

describe("a field that the caller does not declare", () => {
  it("is not sent to a host that has one of that name", async () => {
    const stage = scene();
    const optional: FlowType = { kind: "optional", element: int };
    const wider: Schemas = {
      Word: {
        kind: "record",
        fields: [
          { name: "text", type: text, optional: false },
          { name: "at", type: optional, optional: true },
        ],
      },
    };
    await serve(stage, { plan: echoPlan(word, wider) });
    const { opening, b } = call(stage, { input: word, output: word, schemas: recordOf({ text }) });
    const session = await stage.clock.until(opening);
    session.inputs["a"]?.send(frameOf({ text: "x", at: "no number" }));
    session.inputs["a"]?.end();
    expect((await stage.clock.until(session.closed)).error).toBeUndefined();
    expect(b.payloads).toEqual([{ text: "x" }]);
  });
});
