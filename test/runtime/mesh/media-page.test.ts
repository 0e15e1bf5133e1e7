import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { noChromium } from "../../e2e/support/chromium.ts";
import meshPlugin from "../../../compiler/bundler/esbuild.ts";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import type { SessionDescription } from "../../../runtime/interface/session.ts";
import { FrameFlag } from "../../../runtime/interface/frame.ts";
import { launchPlan, type Mesh } from "../../../runtime/mesh/launch.ts";
import { nodejsPlatform } from "../../../runtime/platform/nodejs.ts";
import { OpusDecode, OpusEncode } from "../../../stdlib/audio/nodes.ts";
import { blocksOf } from "../../support/markdown.ts";
import { planOf } from "../../support/pipeline-run.ts";
import { nodejsSignaling, weriftTransport } from "../../conformance/nodejs-transport.ts";
import { BadNetwork } from "../../support/bad-network.ts";
import { callPage, mediaPages, type MediaPages } from "./fixtures/media-pages.ts";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const sound = "audio<opus, 48kHz, mono>";
const picture = "video<vp8, 640x480, 30fps>";

/** Runs in Node: what it hears it answers with another tone, what it sees it sends back. */
const there = `
node Answer { in heard: audio<pcm_f32, 48kHz, mono>
 out tone: audio<pcm_f32, 48kHz, mono>
 from "./x.ts" }
pipeline Talk { in mic: ${sound}
 out voice: ${sound}
 mic ~> Answer() ~> voice }
pipeline Mirror { in camera: ${picture}
 out show: ${picture}
 camera -> show }
node Lens { in camera: ${picture}
 out show: ${picture}
 from "./x.ts" }
pipeline Window { in camera: ${picture}
 out show: ${picture}
 camera -> Lens() -> show }
peer far { runs Talk
 runs Mirror
 runs Window
 listens "webrtc://127.0.0.1:0" }
`;

/** Runs in the page. @param other where its calls lead when that is gone */
const here = (address: string, other = address, mirror = "Mirror"): string => `
interface Talking { in mic: ${sound}
 out voice: ${sound} }
interface Showing { in camera: ${picture}
 out show: ${picture} }
pipeline Call { in mic: ${sound}
 out voice: ${sound}
 remote far: Talking { at "${address}/Talk"${other === address ? "" : `\n else "${other}/Talk"`} }
 mic -> far.mic
 far.voice -> voice }
node Through { in sound: ${sound}
 out same: ${sound}
 from "./x.ts" }
pipeline Detour { in mic: ${sound}
 out voice: ${sound}
 remote far: Talking { at "${address}/Talk" }
 mic -> Through() -> far.mic
 far.voice -> Through() -> voice }
pipeline Look { in camera: ${picture}
 out show: ${picture}
 remote far: Showing { at "${address}/${mirror}" }
 camera -> far.camera
 far.show -> show }
`;

/** What the peer in Node hears: the frequency of the last second, by the crossings of zero. */
class Ear {
  hz = 0;
  samples = 0;
  readonly #latest: number[] = [];

  hear(samples: Float32Array): void {
    this.samples += samples.length;
    this.#latest.push(...samples);
    this.#latest.splice(0, Math.max(0, this.#latest.length - 24_000));
    let crossings = 0;
    for (let index = 1; index < this.#latest.length; index += 1) {
      if ((this.#latest[index - 1] ?? 0) < 0 && (this.#latest[index] ?? 0) >= 0) crossings += 1;
    }
    this.hz = (crossings * 48_000) / this.#latest.length;
  }
}

/** Passes pictures on, and spoils one when it is told to. */
class Lens {
  isScratched = false;
  keys = 0;
  readonly node = defineNode({
    sync: true,
    open: (_, { emit }) => ({
      process: ({ payload, timestampUs, flags }) => {
        const isKey = (flags & FrameFlag.keyFrame) !== 0;
        if (isKey) this.keys += 1;
        const spoils = this.isScratched && !isKey;
        if (spoils) this.isScratched = false;
        void emit("show", spoils ? Uint8Array.of(0x31, 0, 0, 0xff) : payload, { timestampUs, flags });
      },
    }),
  });
}

/** @param hz of the answer */
const answering = (ear: Ear, hz: number): NodeDefinition =>
  defineNode({
    sync: true,
    open(_, { emit }) {
      let phase = 0;
      return {
        process({ payload, timestampUs }) {
          const heard = payload as Float32Array;
          ear.hear(heard);
          const tone = Float32Array.from(heard, () => 0.4 * Math.sin((phase += (2 * Math.PI * hz) / 48_000)));
          void emit("tone", tone, { timestampUs });
        },
      };
    },
  });

describe.skipIf(noChromium !== undefined)("a page in Chromium", () => {
  const ear = new Ear();
  const lens = new Lens();
  const nodes: Readonly<Record<string, NodeDefinition>> = {
    Answer: answering(ear, 1_000),
    Lens: lens.node,
    OpusDecode,
    OpusEncode,
  };
  const registry = ({ node }: { readonly node: string }): NodeDefinition => nodes[node] as NodeDefinition;
  let serve: (engine: "werift" | "node-datachannel") => Promise<Mesh>;
  let mesh: Mesh;
  let pages: MediaPages;
  let page: Page;
  let address: string;

  beforeAll(async () => {
    serve = (engine) => launchPlan(planOf(there), nodejsPlatform({}, { engine }), { registry });
    mesh = await serve("werift");
    address = mesh.peers[0]?.addresses[0] ?? "";
    pages = await mediaPages();
  });

  afterAll(async () => {
    await pages?.[Symbol.asyncDispose]();
    await mesh?.close();
  });

  beforeEach(async () => {
    page = await pages.open();
  });
  afterEach(() => page.close());

  const call = <T>(name: string, ...args: readonly unknown[]): Promise<T> => callPage(page, name, ...args);
  const tracks = async (): Promise<readonly object[]> =>
    (await call<SessionDescription>("describe")).remotes[0]?.session?.connection?.tracks ?? [];

  it("R4.3 sound of a page feeds a pipeline in Node, and the Opus of that pipeline plays in an <audio>", async () => {
    await call("start", planOf(here(address)), "Call");
    await call("hum", 440);
    expect(await call("play", "voice")).toEqual(["audio"]);
    const { hz, db } = await call<{ hz: number; db: number }>("listen", "voice");
    expect(hz).toBeGreaterThan(980);
    expect(hz).toBeLessThan(1_020);
    expect(db).toBeGreaterThan(-50);
    await expect.poll(() => Math.abs(ear.hz - 440)).toBeLessThan(10);
    expect(await tracks()).toMatchObject([
      { direction: "sendonly", codec: { name: "opus" }, inUse: true },
      { direction: "recvonly", codec: { name: "opus" }, inUse: true },
    ]);
    // The browser sends and plays by itself; what it counts is what the streams have carried.
    const { nodes, remotes } = await call<SessionDescription>("describe");
    const [far] = remotes;
    for (const name of ["mic", "voice"]) {
      const stream = far?.session?.streams.find((one) => one.name === name);
      expect(stream?.frames).toBeGreaterThan(0);
      expect(stream?.bytes).toBeGreaterThan(stream?.frames ?? 0);
      expect(nodes.find(({ id }) => id === `far.${name}`)?.frames).toBe(stream?.frames);
    }
    const { localCandidates = [] } = far?.session?.connection ?? {};
    const places = localCandidates.map((one) => one.split(" ").slice(4, 6).join(" "));
    expect(places.length).toBeGreaterThan(0);
    expect(new Set(places).size).toBe(places.length);
    expect(await call("stop")).toEqual([0]);
  });

  it("R4.3 where tracks do not reach, the page encodes, decodes and plays the sound itself", async () => {
    // Between the port and the remote stands a node, which gets frames.
    await call("start", planOf(here(address)), "Detour");
    await call("hum", 660);
    expect(await call("play", "voice")).toEqual(["audio"]);
    const { hz } = await call<{ hz: number }>("listen", "voice");
    expect(Math.abs(hz - 1_000)).toBeLessThan(20);
    expect(await call("twice")).toBe(true);
    await expect.poll(() => Math.abs(ear.hz - 660)).toBeLessThan(15);
    expect(await tracks()).toEqual([]);
  });

  it("R4.3 the microphone of the page is heard in Node, until it is taken away", async () => {
    await call("start", planOf(here(address)), "Call");
    const before = ear.samples;
    await call("microphone");
    await expect.poll(() => ear.samples).toBeGreaterThan(before + 24_000);
    await call("mute");
    expect(await tracks()).toMatchObject([{ direction: "sendonly", codec: { name: "opus" } }]);
  });

  it.each([
    ["werift", "node-datachannel"],
    ["node-datachannel", "werift"],
  ] as const)(
    "R4.3 R8.3 sound goes on from a peer over %s to one over %s, one of which has no tracks",
    async (...engines) => {
      const [one, other] = await Promise.all(engines.map(serve));
      try {
        const [first = "", second = ""] = [one, other].map((peer) => peer?.peers[0]?.addresses[0]);
        await call("start", planOf(here(first, second)), "Call");
        await call("hum", 440);
        await call("play", "voice");
        expect((await call<{ hz: number }>("listen", "voice")).hz).toBeGreaterThan(980);
        expect((await tracks()).length).toBe(engines[0] === "werift" ? 2 : 0);
        await one?.close();
        await expect.poll(async () => (await tracks()).length).toBe(engines[1] === "werift" ? 2 : 0);
        const before = ear.samples;
        await expect.poll(() => ear.samples).toBeGreaterThan(before + 48_000);
        await expect.poll(() => Math.abs(ear.hz - 440)).toBeLessThan(15);
        expect((await call<{ hz: number }>("listen", "voice")).hz).toBeGreaterThan(980);
      } finally {
        await Promise.all([one?.close(), other?.close()]);
      }
    },
  );

  describe("whose connection is replaced by another", () => {
    let network: BadNetwork;
    let behind: Mesh;

    beforeEach(async () => {
      network = new BadNetwork(1);
      const transports = [weriftTransport({ signaling: network.before(nodejsSignaling()) })];
      behind = await launchPlan(planOf(there), nodejsPlatform({ transports }), { registry });
    });
    afterEach(async () => {
      await behind.close();
      await network.close();
    });

    const start = (pipeline: string): Promise<void> =>
      call("start", planOf(here(behind.peers[0]?.addresses[0] ?? "")), pipeline);
    const goAway = async (): Promise<void> => {
      network.conditions = { outage: true };
      await expect.poll(async () => (await call<SessionDescription>("describe")).remotes[0]?.state).toBe("connecting");
    };
    const comeBack = async (): Promise<void> => {
      await network.whenLost(3);
      network.conditions = {};
    };
    /** Frames of an input that its track has sent on the connection there is. */
    const sent = async (input: string): Promise<number> => {
      const session = (await call<SessionDescription>("describe")).remotes[0]?.session;
      return session?.streams.find(({ name }) => name === input)?.frames ?? 0;
    };
    /** Frames of an input that have come there, on all connections. */
    const come = (input: string): number => {
      const sessions = behind.topology().peers[0]?.pipelines.flatMap((pipeline) => pipeline.sessions) ?? [];
      return sessions[0]?.nodes.find(({ id }) => id === input)?.frames ?? 0;
    };
    /** All that is sent comes, but for what is on its way: what came before took longer than that. */
    const goesOn = async (input: string, before: number): Promise<void> => {
      const missing = async (): Promise<number> => {
        const frames = await sent(input);
        return frames < 100 ? Infinity : frames - (come(input) - before);
      };
      await expect.poll(missing).toBeLessThan(30);
    };

    it("R4.3 R8.2 is heard at once again, and plays what it hears in the same <audio>", async () => {
      await start("Call");
      await call("hum", 440);
      await call("play", "voice");
      await expect.poll(() => sent("mic")).toBeGreaterThan(150);
      const before = come("mic");
      await goAway();
      await comeBack();
      await goesOn("mic", before);
      await expect.poll(() => Math.abs(ear.hz - 440)).toBeLessThan(15);
      expect((await call<{ hz: number }>("listen", "voice")).hz).toBeGreaterThan(980);
    });

    it("R4.3 R8.2 is seen at once again, and shows what it sees in the same <video>", async () => {
      await start("Look");
      await call("camera");
      await call("play", "show");
      await expect.poll(() => sent("camera")).toBeGreaterThan(150);
      const before = come("camera");
      await goAway();
      const { frames } = await call<{ frames: number }>("look");
      await comeBack();
      await goesOn("camera", before);
      await expect.poll(async () => (await call<{ frames: number }>("look")).frames).toBeGreaterThan(frames + 20);
    });

    it("R4.3 R8.2 plays an <audio> that begins in between", async () => {
      await start("Call");
      await call("hum", 440);
      await goAway();
      const playing = call("play", "voice");
      await comeBack();
      expect(await playing).toEqual(["audio"]);
      expect((await call<{ hz: number }>("listen", "voice")).hz).toBeGreaterThan(980);
    });
  });

  it("R4.3 plays and is heard by the program of docs/tracks.md", async () => {
    const blocks = blocksOf(readFileSync(at("../../../docs/tracks.md"), "utf8"));
    const folder = await mkdtemp(join(tmpdir(), "mesh-tracks-"));
    try {
      const program = blocks.findLast(({ language }) => language === "mesh")?.text ?? "";
      await writeFile(join(folder, "call.mesh"), program.replace("webrtc://127.0.0.1:7461", address));
      const script = blocks.find(({ language }) => language === "ts")?.text ?? "";
      await writeFile(join(folder, "page.ts"), script);
      const { outputFiles } = await build({
        entryPoints: [join(folder, "page.ts")],
        bundle: true,
        write: false,
        format: "esm",
        platform: "browser",
        alias: { "pipeline-mesh": at("../../../runtime/platform/browser.ts") },
        plugins: [meshPlugin()],
      });
      const before = ear.samples;
      await page.setContent("<!doctype html><audio></audio>");
      await page.addScriptTag({ type: "module", content: outputFiles[0]?.text ?? "" });
      await page.waitForFunction(() => (document.querySelector("audio")?.currentTime ?? 0) > 0.5);
      await expect.poll(() => ear.samples).toBeGreaterThan(before + 24_000);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("is told which port takes no such track", async () => {
    await call("start", planOf(here(address)), "Call");
    expect(await call("refused", "mic", "video")).toBe(
      "`mic` is audio<opus, 48kHz, mono>, which is not for tracks of video.",
    );
  });

  it("is told what is no track, no input and no output, and that its pipeline has ended", async () => {
    await call("start", planOf(here(address)), "Call");
    const noTrack = "`mic` takes a MediaStreamTrack, or null for none.";
    expect(await call("mistaken")).toEqual([
      noTrack,
      noTrack,
      "This is no input of a running pipeline.",
      "This is no output of a running pipeline.",
    ]);
    const ended = (port: string) => `The pipeline of \`${port}\` has ended: The session was closed by its caller.`;
    // To take a track away is what a page does at the end, in whatever order.
    expect(await call("late")).toEqual([ended("mic"), ended("voice"), ""]);
  });

  it("is told all that may be the reason where nobody answers, for its browser does not say which it is", async () => {
    const nowhere = JSON.stringify(planOf(here("webrtc://127.0.0.1:9")));
    const { message, hint } = await page.evaluate<{ message: string; hint: string }>(
      `start(${nowhere}, "Call").catch(({ message, hint }) => ({ message, hint }))`,
    );
    expect(message).toContain("No peer answers at 127.0.0.1:9.");
    for (const reason of ["It has to listen at webrtc://127.0.0.1:9", "allowedOrigins", "https://"]) {
      expect(hint).toContain(reason);
    }
  });

  it("R4.3 a camera goes to a pipeline in Node, and comes back into a <video>", async () => {
    await call("start", planOf(here(address)), "Look");
    await call("camera");
    expect(await call("play", "show")).toEqual(["video"]);
    const seen = await call<Record<string, number>>("look");
    expect(seen["frames"]).toBeGreaterThanOrEqual(5);
    expect(seen["width"]).toBeGreaterThan(0);
    // What is decoded need not be painted yet.
    await expect.poll(async () => (await call<Record<string, number>>("look"))["bright"]).toBeGreaterThan(0);
  });

  it("R4.3 a page that cannot decode a picture gets a key frame of its own camera, which it sends by the same connection", async () => {
    await call("start", planOf(here(address, address, "Window")), "Look");
    await call("camera");
    await call("play", "show");
    const { frames } = await call<{ frames: number }>("look");
    const before = lens.keys;
    lens.isScratched = true;
    await expect.poll(() => lens.keys).toBeGreaterThan(before);
    await expect.poll(async () => (await call<{ frames: number }>("look")).frames).toBeGreaterThan(frames + 20);
  });
});
