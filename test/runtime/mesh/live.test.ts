import { afterEach, describe, expect, it } from "vitest";
import { FrameFlag, type Frame } from "../../../runtime/interface/frame.ts";
import type { Link } from "../../../runtime/interface/link.ts";
import { defineNode } from "../../../runtime/interface/node.ts";
import type { PipelineSession } from "../../../runtime/interface/session.ts";
import type { Transport } from "../../../runtime/interface/transport.ts";
import { launchPlan, type Mesh } from "../../../runtime/mesh/launch.ts";
import { servePeer } from "../../../runtime/mesh/serving.ts";
import { memoryNetwork } from "../../../runtime/transports/memory/network.ts";
import { weriftTransport } from "../../conformance/nodejs-transport.ts";
import { meshRun } from "../../support/mesh-run.ts";
import { collector, depsOf, planOf } from "../../support/pipeline-run.ts";
import { realClock, seededRandom } from "../../support/real-clock.ts";
import * as calls from "../../../runtime/remote/calls.ts";

/** A camera whose pictures another peer looks at. */
const program = (options = "with { delivery: live }", back = ""): string => `
node Look {
  in  video<vp8>
  out text
  from "./x.ts" }
interface Screen { in picture: video<vp8, 640x480, 30fps>
 out seen: text }
pipeline Client { in camera: video<vp8, 640x480, 30fps>
 out seen: text
 remote screen: Screen { at wall.Show }
 camera -> screen ${options} -> seen }
pipeline Show: Screen { in picture: video<vp8, 640x480, 30fps>
 out seen: text
 picture -> Look() -> seen ${back} }
peer client { runs Client
 listens "webrtc://127.0.0.1:0" }
peer wall { runs Show
 listens "webrtc://127.0.0.1:0" }
`;

/** Looks at no picture before it is let; says which it has seen. */
function viewer() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const node = defineNode({
    open: () => ({
      async process({ seq }) {
        await opened;
        return String(seq);
      },
    }),
  });
  return { node, open };
}

const gop = 10;
/** A picture of VP8, as far as packets look into it: where it goes over a track, its first bit says that it builds on earlier ones. */
const picture = (seq: number): Frame => {
  const isKey = seq % gop === 0;
  const payload = new Uint8Array(500).fill(seq);
  payload[0] = isKey ? 0x10 : 0x11;
  return { timestampUs: seq * 33_333, seq, epoch: 0, flags: isKey ? FrameFlag.keyFrame : 0, payload };
};

/** In one process, or over WebRTC between two ends of it. */
const transports: readonly [string, () => Transport][] = [
  ["memory", () => inMemory()],
  ["WebRTC", () => weriftTransport()],
];

function inMemory(): Transport {
  const memory = memoryNetwork({ clock: realClock }).transport("all");
  const ports = { next: 1 };
  const mapped = (uri: string): string => uri.replace("webrtc://127.0.0.1:", "memory://p");
  return {
    scheme: "webrtc",
    dial: (uri, options) => memory.dial(mapped(uri), options),
    async listen(_, accept) {
      const uri = `webrtc://127.0.0.1:${ports.next++}`;
      return { ...(await memory.listen(mapped(uri), accept)), address: uri };
    },
  };
}

const launched: Mesh[] = [];
afterEach(async () => {
  await Promise.all(launched.splice(0).map((mesh) => mesh.close()));
});

async function show(source: string, transport: Transport) {
  const { node, open } = viewer();
  const { registry } = depsOf({ Look: node });
  const plan = planOf(source);
  const mesh = await launchPlan(
    plan,
    {
      clock: realClock,
      random: seededRandom(1),
      log: () => undefined,
      env: () => undefined,
      transports: [transport],
      calls: async () => calls,
      serve: servePeer,
    },
    { registry },
  );
  launched.push(mesh);
  const seen = collector();
  const session = await mesh.open("Client", {
    params: {},
    inputs: { camera: plan.pipelines["Client"]!.inputs["camera"]!.type },
    outputs: { seen: { type: { kind: "scalar", name: "text" }, link: seen.link } },
    schemas: {},
    signal: new AbortController().signal,
  });
  return { session, open, seen: () => seen.payloads.map(Number), camera: session.inputs["camera"] as Link };
}

const streamTo = (session: PipelineSession, name: string) =>
  session.describe().streams.find((stream) => stream.name === name);

describe.each(transports)("video to a remote over %s", (name, transport) => {
  it("never holds up its camera: what is too old is dropped before it is sent, counted, up to a key frame", async () => {
    const { session, camera, open, seen } = await show(program(), transport());
    for (let seq = 0; seq < 600; seq += 1) {
      expect(camera.writable).toBe(true);
      camera.send(picture(seq));
      // Every picture is a turn of the event loop, so that the network has its part.
      await new Promise((resolve) => setImmediate(resolve));
    }
    open();
    camera.end();
    expect((await session.closed).error).toBeUndefined();
    const numbers = seen();
    const { frames, dropped } = streamTo(session, "camera -> screen.picture") ?? {};
    expect(frames).toBe(600);
    expect(dropped).toBeGreaterThan(0);
    // Over a track nothing holds up who sends: what the other side does not look at is dropped there.
    if (name === "memory") expect(numbers.length + (dropped ?? 0)).toBe(600);
    else expect(numbers.length + (dropped ?? 0)).toBeLessThanOrEqual(600);
    // The other side has numbers with holes: it knows what is missing, and each hole ends with a key frame.
    const afterHoles = numbers.filter((seq, index) => index > 0 && seq !== (numbers[index - 1] ?? 0) + 1);
    expect(afterHoles.length).toBeGreaterThan(0);
    expect(afterHoles.map((seq) => seq % gop)).toEqual(afterHoles.map(() => 0));
    expect(numbers.at(-1)).toBe(599);
  });

  it("holds it up where the program does not say that it is live", async () => {
    const { session, camera, open, seen } = await show(program(""), transport());
    let seq = 0;
    const send = (): void => {
      camera.send(picture(seq));
      seq += 1;
    };
    while (seq < 600 && camera.writable) {
      send();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(seq).toBeLessThan(600);
    open();
    while (seq < 600) {
      if (!camera.writable) await camera.ready();
      send();
    }
    camera.end();
    expect((await session.closed).error).toBeUndefined();
    expect(seen()).toEqual(Array.from({ length: 600 }, (__, index) => index));
  });
});

describe("by a clock that is told", () => {
  it("gives a remote nothing that has waited longer than the deadline of its link", async () => {
    const { node, open: look } = viewer();
    const text = program("with { delivery: live, deadline: 200ms, buffer: 1000 }").replace(
      "127.0.0.1:0",
      "127.0.0.1:1",
    );
    const { clock, open, mesh } = await meshRun(text, { Look: node });
    const { session, outputs, end } = await open("Client");
    const camera = session.inputs["camera"] as Link;
    for (let seq = 0; seq < 600; seq += 1) {
      camera.send({ ...picture(seq), flags: 0 });
      await clock.run(10);
    }
    const before = streamTo(session, "camera -> screen.picture");
    look();
    await clock.run(5_000);
    end("camera");
    await clock.until(session.closed);
    const numbers = outputs["seen"]?.payloads.map(Number) ?? [];
    const after = streamTo(session, "camera -> screen.picture");
    // What was under way when the other side stood still is seen; of what had to wait, the last 200 ms at 100 pictures a second.
    const waiting = numbers.filter((seq, index) => seq !== index);
    expect(waiting).toEqual(Array.from({ length: 20 }, (_, index) => 580 + index));
    expect(numbers.length).toBe(600 - (after?.dropped ?? 0));
    expect(before).toMatchObject({ frames: 600 });
    await clock.until(mesh.close());
    expect(clock.pending).toBe(0);
  });

  it("holds up no served pipeline whose own link says so, however slow its caller is", async () => {
    const { node, open: look } = viewer();
    look();
    const text = program(undefined, "with { delivery: live, buffer: 8 }").replace("127.0.0.1:0", "127.0.0.1:1");
    const { clock, open, mesh } = await meshRun(text, { Look: node });
    let room = 0;
    let wake: () => void = () => undefined;
    const got: string[] = [];
    const slow: Link = {
      get writable() {
        return got.length < room;
      },
      ready: () => new Promise((resolve) => (wake = resolve)),
      send: (frame) => void got.push(String(frame.payload)),
      end: () => undefined,
      abort: () => undefined,
    };
    const { session } = await open("Client", {
      outputs: { seen: { type: { kind: "scalar", name: "text" }, link: slow } },
    });
    const camera = session.inputs["camera"] as Link;
    // More than the window of the words, 1,024, has under way.
    const frames = 1_400;
    for (let seq = 0; seq < frames; seq += 1) {
      camera.send(picture(seq));
      await clock.run(10);
    }
    room = Number.POSITIVE_INFINITY;
    wake();
    camera.end();
    await clock.until(session.closed);
    // Nothing was held up on the way there, so the camera's own queue has dropped nothing.
    expect(streamTo(session, "camera -> screen.picture")).toMatchObject({ frames, dropped: 0 });
    expect(got.length).toBeLessThan(frames);
    expect(got.slice(-8)).toEqual(Array.from({ length: 8 }, (_, index) => String(frames - 8 + index)));
    await clock.until(mesh.close());
  });
});
