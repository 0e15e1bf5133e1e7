import { afterEach, describe, expect, it } from "vitest";
import { FrameFlag, type Frame } from "../../../runtime/interface/frame.ts";
import type { Link } from "../../../runtime/interface/link.ts";
import { defineNode } from "../../../runtime/interface/node.ts";
import type { Transport } from "../../../runtime/interface/transport.ts";
import { launchPlan, type Mesh } from "../../../runtime/mesh/launch.ts";
import { servePeer } from "../../../runtime/mesh/serving.ts";
import * as calls from "../../../runtime/remote/calls.ts";
import { weriftEngine } from "../../../runtime/transports/webrtc/engines/werift.nodejs.ts";
import { nodejsSignaling, weriftTransport } from "../../conformance/nodejs-transport.ts";
import { BadNetwork } from "../../support/bad-network.ts";
import { depsOf, planOf } from "../../support/pipeline-run.ts";
import { realClock, seededRandom } from "../../support/real-clock.ts";

/** Sound and pictures that another peer sends back. */
const program = (there: string): string => `
node Pass { in sound: audio<opus>
 in picture: video<vp8>
 out heard: audio<opus, 48kHz, mono>
 out seen: video<vp8, 320x240, 30fps>
 from "./x.ts" }
interface Mirror { in sound: audio<opus, 48kHz, mono>
 in picture: video<vp8, 320x240, 30fps>
 out heard: audio<opus, 48kHz, mono>
 out seen: video<vp8, 320x240, 30fps> }
pipeline Client { in sound: audio<opus, 48kHz, mono>
 in picture: video<vp8, 320x240, 30fps>
 out heard: audio<opus, 48kHz, mono>
 out seen: video<vp8, 320x240, 30fps>
 remote far: Mirror { at wall.Reflect }
 sound -> far.sound ${there}
 picture -> far.picture ${there}
 far.heard -> heard ${there}
 far.seen -> seen ${there} }
pipeline Reflect: Mirror { in sound: audio<opus, 48kHz, mono>
 in picture: video<vp8, 320x240, 30fps>
 out heard: audio<opus, 48kHz, mono>
 out seen: video<vp8, 320x240, 30fps>
 let pass = Pass()
 sound -> pass.sound
 picture -> pass.picture
 pass.heard -> heard
 pass.seen -> seen }
peer client { runs Client
 listens "webrtc://127.0.0.1:0" }
peer wall { runs Reflect
 listens "webrtc://127.0.0.1:0" }
`;

const pass = defineNode({
  sync: true,
  open: (_, { emit }) => ({
    process: (frame, port) =>
      void emit(port === "sound" ? "heard" : "seen", frame.payload, {
        timestampUs: frame.timestampUs,
        flags: frame.flags,
      }),
  }),
});

const launched: Mesh[] = [];
afterEach(async () => void (await Promise.all(launched.splice(0).map((mesh) => mesh.close()))));

/** Takes frames, and tells when there are enough. */
function taker() {
  const frames: Frame[] = [];
  let look = (): void => undefined;
  let ended = false;
  const link: Link = {
    writable: true,
    ready: () => Promise.resolve(),
    send: (frame) => {
      frames.push(frame);
      look();
    },
    end: () => {
      ended = true;
      look();
    },
    abort: () => undefined,
  };
  const until = (enough: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      look = () => (enough() ? resolve() : undefined);
      look();
    });
  return { frames, link, until, isEnded: () => ended };
}

async function open(source: string, transport: Transport) {
  const plan = planOf(source);
  const { registry } = depsOf({ Pass: pass });
  const platform = {
    clock: realClock,
    random: seededRandom(1),
    log: () => undefined,
    env: () => undefined,
    transports: [transport],
    calls: async () => calls,
    serve: servePeer,
  };
  const mesh = await launchPlan(plan, platform, { registry });
  launched.push(mesh);
  const client = plan.pipelines["Client"]!;
  const types = (ports: typeof client.inputs) => Object.entries(ports).map(([name, { type }]) => [name, type] as const);
  const outputs = Object.fromEntries(types(client.outputs).map(([name, type]) => [name, { type, ...taker() }]));
  const session = await mesh.open("Client", {
    params: {},
    inputs: Object.fromEntries(types(client.inputs)),
    outputs,
    schemas: {},
    signal: new AbortController().signal,
  });
  const remote = () => session.describe().remotes[0]?.session;
  const far = () =>
    mesh.sessions().find(({ pipeline, connection }) => pipeline === "Reflect" && connection !== undefined);
  return { session, outputs, remote, far, mesh };
}

/** An Opus packet of 20 ms (RFC 6716 section 3.1: CELT, full band, one frame), with its number in it. */
const sound = (seq: number, epoch = 0, flags = 0): Frame => ({
  seq,
  timestampUs: seq * 20_000,
  epoch,
  flags,
  payload: Uint8Array.of(0xf8, seq >> 8, seq & 0xff, ...Array<number>(60).fill(seq & 0xff)),
});

/** A picture of VP8, as far as packets look into it: the first bit says that it builds on earlier ones. */
const picture = (seq: number, bytes = 3_000): Frame => {
  const isKey = seq % 10 === 0;
  const payload = new Uint8Array(bytes).fill(seq & 0xff);
  payload.set([isKey ? 0x10 : 0x11, seq >> 8, seq & 0xff]);
  return { seq, timestampUs: seq * 33_333, epoch: 0, flags: isKey ? FrameFlag.keyFrame : 0, payload };
};
const numberIn = ({ payload }: Frame): number => {
  const bytes = payload as Uint8Array;
  return ((bytes[1] ?? 0) << 8) | (bytes[2] ?? 0);
};
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/**
 * A microphone and a camera, whose packets come by the clock: one that falls behind would be taken for a source that has stood still, and its media
 * time told anew. The function takes how many packets of sound there are to be, and from which on.
 */
function source(inputs: Readonly<Record<string, Link>>): (packets: number, from?: number) => Promise<void> {
  let startMs: number | undefined;
  return async (packets, from = 0) => {
    startMs ??= performance.now();
    for (let seq = from; seq < from + packets; seq += 1) {
      inputs["sound"]?.send(sound(seq));
      if (seq % 5 < 3) inputs["picture"]?.send(picture(Math.floor(seq / 5) * 3 + (seq % 5)));
      await pause(startMs + (seq + 1) * 20 - performance.now());
    }
  };
}

const live = "with { delivery: live }";

describe("live streams between two peers in Node", () => {
  it("R4.3 R5.3 sound and pictures go over four tracks of one connection, each frame once, with its media time", async () => {
    const { session, outputs, remote } = await open(program(live), weriftTransport());
    const { heard, seen } = outputs;
    const stream = source(session.inputs);
    let sent = 0;
    // Pictures move to their tracks at a key frame.
    for (; sent < 60 || remote()?.streams.some(({ track }) => track === undefined); sent += 10) {
      await stream(10, sent);
    }
    await stream(20, sent);
    sent += 20;
    const { streams = [], connection } = remote() ?? {};
    session.inputs["sound"]?.end();
    session.inputs["picture"]?.end();
    expect((await session.closed).error).toBeUndefined();
    expect(heard?.frames.map(numberIn)).toEqual(upTo(sent));
    expect(seen?.frames.map(numberIn)).toEqual(upTo((sent * 3) / 5));
    // As exactly as the RTP clocks tell.
    for (const frame of heard?.frames ?? [])
      expect(Math.abs(frame.timestampUs - numberIn(frame) * 20_000)).toBeLessThan(100);
    for (const frame of seen?.frames ?? [])
      expect(Math.abs(frame.timestampUs - numberIn(frame) * 33_333)).toBeLessThan(100);
    // Each stream names its track, and the connection each track.
    const mids = streams.map(({ track }) => track?.mid);
    expect(new Set(mids).size).toBe(4);
    expect(connection?.tracks?.map(({ mid }) => mid).toSorted()).toEqual(mids.toSorted());
    expect(connection?.tracks?.map(({ direction, codec }) => `${direction} ${codec.name}`).toSorted()).toEqual([
      "recvonly opus",
      "recvonly vp8",
      "sendonly opus",
      "sendonly vp8",
    ]);
    const written = streams.find(({ name }) => name === "sound")?.track?.stats;
    expect(written?.packetsSent).toBeGreaterThan(10);
    const received = streams.find(({ name }) => name === "heard")?.track?.stats;
    expect(received?.packetsReceived).toBeGreaterThan(10);
  });

  it("R4.3 R5.3 an engine without tracks carries the same streams on their channels", async () => {
    const { tracks: _, ...without } = weriftEngine();
    const { session, outputs, remote } = await open(program(live), weriftTransport({ engine: without }));
    await source(session.inputs)(20);
    const { streams, connection } = remote() ?? {};
    session.inputs["sound"]?.end();
    session.inputs["picture"]?.end();
    expect((await session.closed).error).toBeUndefined();
    expect(outputs["heard"]?.frames.map(numberIn)).toEqual(upTo(20));
    expect(outputs["seen"]?.frames.map(numberIn)).toEqual(upTo(12));
    expect(streams?.map(({ track }) => track)).toEqual([undefined, undefined, undefined, undefined]);
    expect(connection?.tracks).toBeUndefined();
  });

  it.each([2, 10])(
    "R4.3 where %d percent of all packets are lost, the rest comes once and in order, and pictures go on with one that decodes",
    async (percent) => {
      const network = new BadNetwork(percent, { delayMs: 10 });
      const transport = weriftTransport({ signaling: network.around(nodejsSignaling()) });
      const { session, outputs, remote } = await open(program(live), transport);
      const stream = source(session.inputs);
      // The network goes bad when the tracks are there.
      let sent = 0;
      for (; sent < 30 || remote()?.streams.some(({ track }) => track === undefined); sent += 10) {
        await stream(10, sent);
      }
      network.conditions = { delayMs: 10, jitterMs: 15, loss: percent / 100 };
      await stream(70, sent);
      network.conditions = { delayMs: 10 };
      session.inputs["sound"]?.end();
      session.inputs["picture"]?.end();
      expect((await session.closed).error).toBeUndefined();
      const numbers = outputs["heard"]?.frames.map(numberIn) ?? [];
      expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
      // There and back, so that twice as many are lost, give or take.
      expect(numbers.length).toBeGreaterThan(sent + 30);
      const shown = outputs["seen"]?.frames.map(numberIn) ?? [];
      expect(shown).toEqual([...new Set(shown)].toSorted((a, b) => a - b));
      for (const [index, number] of shown.entries()) {
        const isNext = number === (index === 0 ? 0 : (shown[index - 1] ?? 0) + 1);
        if (!isNext) expect(outputs["seen"]?.frames[index]?.flags).toBe(FrameFlag.keyFrame);
      }
      expect(shown.length).toBeGreaterThan(20);
      await network.close();
    },
  );
});
