import { describe, expect, it } from "vitest";
import type { FlowType } from "../../../runtime/interface/caps.ts";
import { remotePipeline } from "../../../runtime/remote/caller.ts";
import { planOf } from "../../support/pipeline-run.ts";
import { seededRandom } from "../../support/real-clock.ts";
import { call, failureOf, frameOf, marking, rawHost, scene, serve } from "./support/scene.ts";

const sound = (...codec: string[]): FlowType => ({
  kind: "audio",
  dims: { codec, rate: [48_000], channels: [1] },
});

describe("two peers that know different codecs", () => {
  const plan = planOf(`
node Echo { in audio<opus | pcm_s16, 48kHz, mono>
 out text
 from "./x.ts" }
pipeline P { in a: audio<opus | pcm_s16, 48kHz, mono>
 out b: text
 a -> Echo() -> b }
peer p { runs P
 listens "webrtc://127.0.0.1:1" }
`);

  it("R5.3 settle on the one that both have, which each shows of the stream", async () => {
    const stage = scene();
    await serve(stage, { plan, nodes: { Echo: marking(" heard") } });
    const { opening, b } = call(stage, { input: sound("pcm_f32", "pcm_s16") });
    const session = await stage.clock.until(opening);
    expect(session.formats.inputs["a"]).toEqual(sound("pcm_s16"));
    session.inputs["a"]?.send(frameOf(Int16Array.of(1, -1)));
    await stage.clock.settle();
    expect(b.payloads).toEqual(["1,-1 heard"]);
    expect(session.describe().streams.map(({ name, format }) => [name, format])).toEqual([
      ["a", "audio<pcm_s16, 48kHz, mono>"],
      ["b", "text"],
    ]);
    await stage.clock.until(session.close());
  });

  it("R5.3 open no session where they have none in common, and say what each has", async () => {
    const stage = scene();
    await serve(stage, { plan, nodes: { Echo: marking("") } });
    const error = await failureOf(stage.clock.until(call(stage, { input: sound("pcm_f32") }).opening));
    expect(error.code).toBe("format-mismatch");
    for (const codec of ["opus", "pcm_s16", "pcm_f32"]) expect(error.message).toContain(codec);
  });
});

describe("a session with streams of several kinds", () => {
  const picture: FlowType = {
    kind: "video",
    dims: { codec: ["vp8"], size: [{ width: 640, height: 480 }], fps: [30] },
  };
  const types = { sound: sound("opus"), picture, facts: { kind: "scalar", name: "json" } as const };

  it("R4.3 has a channel for each, and one that is not read holds up no other", async () => {
    const stage = scene();
    const { peers } = await rawHost(stage);
    const opening = remotePipeline({
      transport: stage.network.transport("caller"),
      uri: "memory://server/P",
      clock: stage.clock,
      random: seededRandom(2),
    }).open({ params: {}, inputs: types, outputs: {}, schemas: {}, signal: new AbortController().signal });
    opening.catch(() => undefined);
    await stage.clock.settle();
    const [host] = peers;
    if (host === undefined) throw new Error("nobody dialled");
    const [hello] = host.of("hello");
    const offered = hello?.["inputs"] as readonly { port: keyof typeof types; channel: number }[];
    expect(offered.map(({ port }) => port)).toEqual(["sound", "picture", "facts"]);
    expect(new Set(offered.map(({ channel }) => channel)).size).toBe(3);
    const messages = { sound: 0, picture: 0, facts: 0 };
    for (const { port, channel } of offered) host.channel(channel).onMessage(() => void (messages[port] += 1));
    const window = { frames: 2, bytes: 1_048_576 };
    const inputs = offered.map(({ port }) => ({ port, type: types[port], window }));
    host.say({ type: "accept", version: 1, schemas: {}, inputs, outputs: [] });
    const session = await stage.clock.until(opening);
    session.inputs["sound"]?.send(frameOf(new Uint8Array(80), 0));
    session.inputs["sound"]?.send(frameOf(new Uint8Array(80), 1));
    session.inputs["picture"]?.send(frameOf(new Uint8Array(900), 0));
    session.inputs["facts"]?.send(frameOf({ speaker: "left" }, 0));
    await stage.clock.settle();
    expect(messages).toEqual({ sound: 2, picture: 1, facts: 1 });
    // Nothing of the sound is read, so its two frames are all that may be under way.
    expect(Object.entries(session.inputs).map(([port, { writable }]) => [port, writable])).toEqual([
      ["sound", false],
      ["picture", true],
      ["facts", true],
    ]);
    await stage.clock.until(session.close());
  });
});
