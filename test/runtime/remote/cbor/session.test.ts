import { describe, expect, it } from "vitest";
import type { FlowType, Schemas } from "../../../../runtime/interface/caps.ts";
import type { JsonValue, Payload } from "../../../../runtime/interface/frame.ts";
import { CborWriter } from "../../../../runtime/remote/cbor/writer.ts";
import { encodeFrames, FrameDecoder } from "../../../../runtime/remote/frame-codec.ts";
import { decodePayload, encodePayload, encodingName } from "../../../../runtime/remote/payload-codec.ts";
import { helloOf, type RawPeer } from "../support/raw-peer.ts";
import { call, echoPlan, feed, frameOf, marking, rawCaller, rawHost, scene, serve, text } from "../support/scene.ts";

const named = (name: string): FlowType => ({ kind: "named", name });
const schemas: Schemas = {
  Box: {
    kind: "record",
    fields: [
      { name: "label", type: text, optional: false },
      { name: "x", type: { kind: "scalar", name: "int" }, optional: false },
      { name: "crop", type: { kind: "scalar", name: "bytes" }, optional: true },
    ],
  },
};
const box = named("Box");
const boxes = [
  { label: "car", x: 1 },
  { label: "bus", x: 300 },
  { label: "tram", x: -2 },
] as const;
const window = { frames: 64, bytes: 1_048_576 };

/** The payloads of a channel of a raw peer, each with how it was written. */
function written(peer: RawPeer, channel: number): (readonly [string, Payload])[] {
  const found: (readonly [string, Payload])[] = [];
  const decoder = new FrameDecoder({
    admit: () => undefined,
    end: () => undefined,
    frame: ({ encoding, body }) => found.push([encodingName(encoding), decodePayload(encoding, body, false)]),
  });
  peer.channel(channel).onMessage((message) => decoder.push(message));
  return found;
}

function sent(payload: unknown, seq: number, cbor?: CborWriter): Uint8Array {
  const frame = { flags: 0, epoch: 0, timestampUs: 0, gap: 0, seq };
  return encodeFrames([{ ...frame, ...encodePayload(payload as Payload, cbor) }]);
}

/** A host that the test speaks for, called by a peer of ours that sends boxes and takes them. */
async function calledHost(grant: object) {
  const stage = scene();
  const { peers } = await rawHost(stage);
  const { opening, b } = call(stage, { input: box, output: box, schemas });
  await stage.clock.settle();
  const [host] = peers as [RawPeer];
  const [hello] = host.of("hello");
  const found = written(host, 1);
  const answers = host.channel(2);
  const [inputs, outputs] = [[{ port: "a", type: box, window }], [{ port: "b", type: box }]];
  host.say({ type: "accept", version: 1, schemas, inputs, outputs, ...grant });
  const session = await stage.clock.until(opening);
  return { stage, session, b, hello, found, answers };
}

describe("the encoding of records", () => {
  it("R5.3 is CBOR where both peers read it, both ways, with bytes as they are", async () => {
    const { stage, session, b, hello, found, answers } = await calledHost({ encodings: ["later", "cbor"] });
    expect(hello).toMatchObject({ encodings: ["cbor"] });
    const crop = Uint8Array.of(1, 2, 3);
    session.inputs["a"]?.send(frameOf({ label: "car", x: 1, crop } as unknown as JsonValue));
    // What CBOR has no way to tell goes as JSON, and so does what has nothing to gain.
    session.inputs["a"]?.send(frameOf({ label: "half \ud800", x: 1 }, 1));
    await stage.clock.settle();
    expect(found).toEqual([
      ["CBOR", { label: "car", x: 1, crop }],
      ["JSON", { label: "half \ud800", x: 1 }],
    ]);
    const cbor = new CborWriter();
    answers.send(sent({ label: "bus", x: 2, crop }, 0, cbor));
    answers.send(sent({ label: "tram", x: 3, crop }, 1));
    await stage.clock.settle();
    expect(b.payloads).toEqual([
      { label: "bus", x: 2, crop },
      { label: "tram", x: 3, crop },
    ]);
    await stage.clock.until(session.close());
  });

  it.each([{}, { encodings: [] }, { encodings: ["later"] }])(
    "R1.3 is JSON for a peer that reads no other: %o",
    async (grant) => {
      const { stage, session, found } = await calledHost(grant);
      session.inputs["a"]?.send(frameOf(boxes[0]));
      await stage.clock.settle();
      expect(found).toEqual([["JSON", boxes[0]]]);
      await stage.clock.until(session.close());
    },
  );

  it("R1.3 is what the caller has offered, when a host answers", async () => {
    for (const [offer, encoding] of [
      [{}, "JSON"],
      [{ encodings: ["cbor"] }, "CBOR"],
    ] as const) {
      const stage = scene();
      await serve(stage, { plan: echoPlan(box, schemas) });
      const caller = await rawCaller(stage);
      const inputs = [{ port: "a", channel: 1, type: box }];
      const outputs = [{ port: "b", channel: 2, type: box, window }];
      const input = caller.channel(1);
      const found = written(caller, 2);
      caller.say(helloOf("P", { inputs, outputs, schemas, ...offer }));
      await stage.clock.settle();
      expect(caller.of("accept")[0]?.["encodings"]).toEqual(encoding === "CBOR" ? ["cbor"] : undefined);
      // A host reads both, whatever was said before.
      input.send(sent(boxes[0], 0));
      input.send(sent(boxes[1], 1, new CborWriter()));
      await stage.clock.settle();
      expect(found).toEqual([
        [encoding, boxes[0]],
        [encoding, boxes[1]],
      ]);
      caller.say({ type: "bye" });
      await stage.clock.run(2_000);
    }
  });

  it.each<readonly [string, FlowType, Payload]>([
    ["texts alone", { kind: "list", element: text }, ["a", "b"]],
    ["a number", { kind: "scalar", name: "float" }, 1.5],
  ])("is not spoken of where nothing gains by it: %s", async (_, type, payload) => {
    const stage = scene();
    const { peers } = await rawHost(stage);
    const { opening } = call(stage, { input: type, output: type });
    await stage.clock.settle();
    const [host] = peers as [RawPeer];
    expect(host.of("hello")[0]).not.toHaveProperty("encodings");
    const found = written(host, 1);
    host.channel(2);
    const inputs = [{ port: "a", type, window }];
    host.say({ type: "accept", version: 1, schemas: {}, inputs, outputs: [{ port: "b", type }], encodings: ["cbor"] });
    const session = await stage.clock.until(opening);
    session.inputs["a"]?.send(frameOf(payload));
    await stage.clock.settle();
    expect(found).toEqual([["JSON", payload]]);
    await stage.clock.until(session.close());
  });

  it("R5.3 brings records from end to end, of a pipeline of ours", async () => {
    const stage = scene();
    await serve(stage, { plan: echoPlan(box, schemas), nodes: { Echo: marking("") } });
    const { opening, b } = call(stage, { input: box, output: box, schemas });
    const session = await stage.clock.until(opening);
    await feed(session, "a", boxes);
    expect(await stage.clock.until(session.closed)).toEqual({ error: undefined });
    expect(b.payloads).toEqual(boxes);
    // The shortest of them is 25 bytes of JSON; names stand in each frame once.
    const bytes = session.describe().streams.find(({ name }) => name === "a")?.bytes ?? 0;
    expect(bytes).toBe(boxes.reduce((sum, one) => sum + (new CborWriter().write(one)?.length ?? 0), 0));
  });

  it("R2.3 says the same of a value that breaks its type, in CBOR as in JSON", async () => {
    const ends = [];
    for (const cbor of [undefined, new CborWriter()]) {
      const { stage, session, answers } = await calledHost({ encodings: ["cbor"] });
      answers.send(sent({ label: "bus", x: 0.5 }, 0, cbor));
      ends.push(await stage.clock.until(session.closed));
    }
    expect(ends[0]?.error).toMatchObject({ code: "format-mismatch" });
    expect(ends[0]?.error?.message).toContain("`x` is not a whole number");
    expect(ends[1]?.error?.message).toBe(ends[0]?.error?.message);
  });

  it("takes bytes where a type has none for the text that JSON would have made of them", async () => {
    const stage = scene();
    const { peers } = await rawHost(stage);
    const json: FlowType = { kind: "scalar", name: "json" };
    const { opening, b } = call(stage, { input: json, output: json });
    await stage.clock.settle();
    const [host] = peers as [RawPeer];
    host.channel(1);
    const answers = host.channel(2);
    const accept = { type: "accept", version: 1, schemas: {}, encodings: ["cbor"] };
    host.say({ ...accept, inputs: [{ port: "a", type: json, window }], outputs: [{ port: "b", type: json }] });
    const session = await stage.clock.until(opening);
    const payload = { a: Uint8Array.of(1, 2, 3) };
    answers.send(sent(payload, 0));
    answers.send(sent(payload, 1, new CborWriter()));
    await stage.clock.settle();
    expect(b.payloads).toEqual([{ a: "AQID" }, { a: "AQID" }]);
    await stage.clock.until(session.close());
  });

  it.each([
    ["CBOR that is cut short", Uint8Array.of(0x82, 0x01)],
    ["a list without an end", Uint8Array.of(0x9f, 0x01, 0xff)],
  ])("R2.3 ends the session with a code for %s", async (_, body) => {
    const { stage, session, answers } = await calledHost({ encodings: ["cbor"] });
    answers.send(encodeFrames([{ flags: 0, epoch: 0, timestampUs: 0, gap: 0, seq: 0, encoding: 6, body }]));
    expect((await stage.clock.until(session.closed)).error).toMatchObject({ code: "protocol-violation" });
  });
});
