import * as library from "node-datachannel";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { noChromium } from "../../e2e/support/chromium.ts";
import { FrameFlag } from "../../../runtime/interface/frame.ts";
import { defineNode } from "../../../runtime/interface/node.ts";
import type { SessionDescription } from "../../../runtime/interface/session.ts";
import { launchPlan, type Mesh } from "../../../runtime/mesh/launch.ts";
import { nodejsPlatform } from "../../../runtime/platform/nodejs.ts";
import { nodeDatachannelEngine } from "../../../runtime/transports/webrtc/engines/node-datachannel.nodejs.ts";
import { nodejsSignaling, weriftTransport } from "../../conformance/nodejs-transport.ts";
import { BadNetwork } from "../../support/bad-network.ts";
import { planOf } from "../../support/pipeline-run.ts";
import { callPage, mediaPages, type MediaPages } from "./fixtures/media-pages.ts";

/** A picture, as it comes to the pipeline in Node. */
interface Seen {
  readonly bytes: Uint8Array;
  readonly isKey: boolean;
  /** When it was captured, by the page, and when it came, in seconds. */
  readonly mediaS: number;
  readonly cameS: number;
}

/** Runs in Node: sends back what it sees. */
const there = (picture: string): string => `
node Eyes { in camera: ${picture}
 out show: ${picture}
 from "./x.ts" }
pipeline Mirror { in camera: ${picture}
 out show: ${picture}
 camera -> Eyes() -> show }
peer far { runs Mirror
 listens "webrtc://127.0.0.1:0" }
`;

/** Runs in the page. */
const here = (picture: string, target: string): string => `
interface Showing { in camera: ${picture}
 out show: ${picture} }
pipeline Look { in camera: ${picture}
 out show: ${picture}
 remote far: Showing { ${target} }
 camera -> far.camera
 far.show -> show }
`;

const vp8 = "video<vp8, 640x480, 30fps>";

/** Of a VP8 key frame (RFC 6386, section 9.1). */
function vp8Size(bytes: Uint8Array): readonly [number, number] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return [view.getUint16(6, true) & 0x3fff, view.getUint16(8, true) & 0x3fff];
}

describe.skipIf(noChromium !== undefined)("pictures of a page whose peer carries no tracks", () => {
  const meshes: Mesh[] = [];
  const seen: Seen[] = [];
  let pages: MediaPages;
  let page: Page;

  const eyes = defineNode({
    sync: true,
    open: (_, { emit }) => ({
      process: ({ payload, timestampUs, flags }) => {
        const bytes = payload as Uint8Array;
        const isKey = (flags & FrameFlag.keyFrame) !== 0;
        seen.push({ bytes, isKey, mediaS: timestampUs / 1e6, cameS: performance.now() / 1_000 });
        void emit("show", payload, { timestampUs, flags });
      },
    }),
  });

  beforeAll(async () => {
    pages = await mediaPages();
  });
  afterAll(() => pages?.[Symbol.asyncDispose]());

  beforeEach(async () => {
    seen.length = 0;
    page = await pages.open();
  });
  afterEach(async () => {
    await page.close();
    await Promise.all(meshes.splice(0).map((mesh) => mesh.close()));
  });

  const serve = async (
    picture: string,
    engine: "node-datachannel" | "werift",
    network?: BadNetwork,
  ): Promise<string> => {
    const platform =
      network === undefined
        ? nodejsPlatform({}, { engine })
        : nodejsPlatform({
            transports: [
              weriftTransport({
                engine: nodeDatachannelEngine({ library: library as never }),
                signaling: network.before(nodejsSignaling()),
              }),
            ],
          });
    const mesh = await launchPlan(planOf(there(picture)), platform, { registry: () => eyes });
    meshes.push(mesh);
    return `${mesh.peers[0]?.addresses[0]}/Mirror`;
  };

  const call = <T>(name: string, ...args: readonly unknown[]): Promise<T> => callPage(page, name, ...args);
  const start = (picture: string, target: string): Promise<void> =>
    call("start", planOf(here(picture, target)), "Look");
  const tracks = async (): Promise<readonly object[]> =>
    (await call<SessionDescription>("describe")).remotes[0]?.session?.connection?.tracks ?? [];
  const look = (): Promise<Record<string, number>> => call("look");
  const keys = (): number => seen.filter(({ isKey }) => isKey).length;

  it.each(["vp8", "h264", "vp9", "av1"])(
    "R4.3 go there as frames of %s, and what comes back is shown",
    async (codec) => {
      const picture = `video<${codec}, 640x480, 30fps>`;
      await start(picture, `at "${await serve(picture, "node-datachannel")}"`);
      await call("camera");
      expect(await call("play", "show")).toEqual(["video"]);
      const shown = await look();
      expect(shown).toMatchObject({ width: 640, height: 480 });
      expect(shown["bright"]).toBeGreaterThan(0);
      expect(await tracks()).toEqual([]);
      // The first one decodes by itself, and their times are as far apart as the camera's pictures: 20 in a second.
      expect(seen[0]?.isKey).toBe(true);
      const apart = ((seen.at(-1)?.mediaS ?? 0) - (seen[0]?.mediaS ?? 0)) / (seen.length - 1);
      expect(apart).toBeGreaterThan(0.04);
      expect(apart).toBeLessThan(0.2);
      // When the pipeline ends, its stream loses the track.
      expect(await call("stop")).toEqual([0]);
    },
  );

  it("R4.3 do so in a browser that has no streams of the pictures of a track", async () => {
    await call("withoutTrackStreams");
    await start(vp8, `at "${await serve(vp8, "node-datachannel")}"`);
    await call("camera");
    expect(await call("play", "show")).toEqual(["video"]);
    expect(await look()).toMatchObject({ width: 640, height: 480 });
    expect(seen[0]?.isKey).toBe(true);
  });

  it("are no larger than the port says, and go on with a camera of another size, and of another one after that", async () => {
    await start(vp8, `at "${await serve(vp8, "node-datachannel")}"`);
    const sizes = (): unknown[] => seen.filter(({ isKey }) => isKey).map(({ bytes }) => vp8Size(bytes));
    await call("camera", { width: 1280, height: 720 });
    await expect.poll(sizes).toContainEqual([640, 360]);
    await call("camera", { width: 320, height: 240 });
    await expect.poll(sizes).toContainEqual([320, 240]);
    await call("hide");
    const times = seen.map(({ mediaS }) => mediaS);
    expect(times).toEqual(times.toSorted((one, other) => one - other));
  });

  it("begin anew for who asks, here and there, and for a reader that comes when the first ones are gone", async () => {
    await start(vp8, `at "${await serve(vp8, "node-datachannel")}"`);
    await call("camera");
    await expect.poll(() => call<number>("dropped")).toBeGreaterThan(0);
    expect(keys()).toBe(1);
    expect(await call("play", "show")).toEqual(["video"]);
    await look();
    expect(keys()).toBeGreaterThan(1);
    const before = keys();
    await expect.poll(() => call("askForKeyFrame")).toBe(true);
    await expect.poll(keys).toBeGreaterThan(before);
  });

  it("go on when encoder and decoder have given up", async () => {
    await start(vp8, `at "${await serve(vp8, "node-datachannel")}"`);
    await call("camera");
    await call("play", "show");
    const { frames = 0 } = await look();
    const before = keys();
    expect(await call("breakCodecs")).toBe(2);
    await expect.poll(async () => (await look())["frames"]).toBeGreaterThan(frames + 20);
    expect(keys()).toBeGreaterThan(before);
  });

  it("R4.3 are not much too late on a path that is too narrow for them, and fewer", async () => {
    const network = new BadNetwork(7, { delayMs: 20 });
    try {
      await start(vp8, `at "${await serve(vp8, "node-datachannel", network)}"`);
      await call("camera");
      await expect.poll(() => seen.length).toBeGreaterThan(20);
      const lateness = ({ mediaS, cameS }: Seen): number => cameS - mediaS;
      const soonest = Math.min(...seen.map(lateness));
      network.conditions = { delayMs: 20, bytesPerSecond: 12_000 };
      const from = seen.length;
      await expect.poll(() => seen.length, { timeout: 60_000 }).toBeGreaterThan(from + 60);
      const late = seen.slice(from).map((one) => lateness(one) - soonest);
      expect(late.toSorted((one, other) => one - other)[late.length >> 1]).toBeLessThan(3);
    } finally {
      await network.close();
    }
  });

  it.each([
    ["werift", "node-datachannel"],
    ["node-datachannel", "werift"],
  ] as const)(
    "R8.3 go on from a peer over %s to one over %s, where one of them carries tracks",
    async (first, second) => {
      const [one, other] = [await serve(vp8, first), await serve(vp8, second)];
      await start(vp8, `at "${one}"\n else "${other}"`);
      await call("camera");
      expect(await call("play", "show")).toEqual(["video"]);
      await look();
      expect((await tracks()).length > 0).toBe(first === "werift");
      await meshes[0]?.close();
      await expect.poll(async () => (await tracks()).length > 0).toBe(second === "werift");
      const { frames = 0 } = await look();
      await expect.poll(async () => (await look())["frames"]).toBeGreaterThan(frames + 20);
    },
  );

  it("are refused in a format that no page can make or show", async () => {
    const picture = "video<mjpeg, 640x480, 30fps>";
    await start(picture, `at "${await serve(picture, "node-datachannel")}"`);
    expect(await call("refused", "camera", "video")).toBe(
      "A page can neither make nor show the pictures of `camera`: video<mjpeg, 640x480, 30fps>.",
    );
  });
});
