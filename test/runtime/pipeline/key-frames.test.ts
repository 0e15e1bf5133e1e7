import { describe, expect, it } from "vitest";
import { FrameFlag, type Frame } from "../../../runtime/interface/frame.ts";
import type { KeyFrameListener } from "../../../runtime/interface/link.ts";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import type { SessionRequest } from "../../../runtime/interface/session.ts";
import { collected, meshRun, type Collected } from "../../support/mesh-run.ts";

const video = "video<vp8, 320x240, 30fps>";
const type = { kind: "video", dims: { codec: ["vp8"], width: [320], height: [240], fps: [30] } } as const;

const program = `
node Filter { in ${video}
 out ${video}
 from "./x.ts" }
node Encode { in ${video}
 out ${video}
 from "./x.ts" }
node Slow { in ${video}
 out text
 from "./x.ts" }
interface Seen { out seen: ${video} }
interface Fed { in scene: ${video} }
interface Show { in scene: ${video}
 out seen: ${video} }
pipeline Made { in scene: ${video}
 out seen: ${video}
 scene -> Encode() -> Filter() -> seen }
pipeline Passed: Show { in scene: ${video}
 out seen: ${video}
 scene -> Filter() -> seen }
pipeline Watched { in scene: ${video}
 out said: text
 let encode = Encode()
 let slow = Slow()
 scene -> encode
 encode -> slow with { delivery: live, buffer: 2 }
 slow -> said }
pipeline Guest { in scene: ${video}
 out seen: ${video}
 remote far: Show { at wall.Passed }
 scene -> far.scene
 far.seen -> seen }
peer wall { runs Passed
 runs Made
 listens "webrtc://127.0.0.1:1" }
peer hall { runs Passed shared
 listens "webrtc://127.0.0.1:2" }
pipeline Viewer { out seen: ${video}
 remote far: Seen { at hall.Passed }
 far.seen -> seen }
pipeline Camera { in scene: ${video}
 remote far: Fed { at hall.Passed }
 scene -> far.scene }
`;

const filter: NodeDefinition = defineNode({ sync: true, open: () => ({ map: (payload) => payload }) });

/** Notes when it is asked for a key frame, at which output. */
function encoder() {
  const asked: string[] = [];
  const node: NodeDefinition = defineNode({
    sync: true,
    open: () => ({ map: (payload) => payload, requestKeyFrame: (port) => void asked.push(port) }),
  });
  return { asked, node };
}

/** Does not come to an end with its first picture before it is told. */
function slow() {
  let go: () => void = () => undefined;
  const done = new Promise<void>((resolve) => (go = resolve));
  return { go, node: defineNode({ open: () => ({ process: async () => done }) }) };
}

const picture = (seq: number, isKey = false): Frame => ({
  seq,
  timestampUs: seq * 33_000,
  epoch: 0,
  flags: isKey ? FrameFlag.keyFrame : 0,
  payload: Uint8Array.of(isKey ? 0x10 : 0x11, seq),
});

/** An end that can ask. */
function viewer(): Collected & { request: KeyFrameListener } {
  const end = { ...collected(), request: () => false };
  return Object.assign(end, { onKeyFrameRequest: (listener: KeyFrameListener) => void (end.request = listener) });
}

const taking = (link: Collected): Partial<SessionRequest> => ({ outputs: { seen: { type, link } } });

describe("a request for a key frame", () => {
  it("goes to the node that makes the pictures, past those that cannot, and no more than four times a second", async () => {
    const { asked, node } = encoder();
    const run = await meshRun(program, { Encode: node, Filter: filter });
    const end = viewer();
    await run.open("Made", taking(end));
    expect(end.request()).toBe(true);
    expect(asked).toEqual(["out"]);
    expect(end.request()).toBe(true);
    expect(asked).toHaveLength(1);
    await run.clock.run(250);
    expect(end.request()).toBe(true);
    expect(asked).toHaveLength(2);
  });

  it("goes to who writes the input where no node can, and is answered with no where nobody is", async () => {
    const run = await meshRun(program, { Filter: filter });
    const end = viewer();
    const { session } = await run.open("Passed", taking(end));
    expect(end.request()).toBe(false);
    let asked = 0;
    session.inputs["scene"]?.onKeyFrameRequest?.(() => {
      asked += 1;
      return true;
    });
    expect(end.request()).toBe(true);
    expect(asked).toBe(1);
    session.inputs["scene"]?.end();
    await run.clock.run(1_000);
    expect(end.request()).toBe(false);
  });

  it("ends the session where the code of the node fails at it, with the name of the node", async () => {
    const broken = defineNode({
      sync: true,
      open: () => ({
        map: (payload) => payload,
        requestKeyFrame() {
          throw new Error("no encoder");
        },
      }),
    });
    const run = await meshRun(program, { Encode: broken, Filter: filter });
    const end = viewer();
    const { session } = await run.open("Made", taking(end));
    end.request();
    const { error } = await run.clock.until(session.closed);
    expect(error).toMatchObject({ code: "node-failed", message: expect.stringContaining("no encoder") });
  });

  it("R4.3 is made by a queue that has dropped a picture, as what follows builds on it", async () => {
    const { asked, node } = encoder();
    const { go, node: held } = slow();
    const run = await meshRun(program, { Encode: node, Slow: held });
    const { session } = await run.open("Watched");
    for (let seq = 0; seq < 12; seq += 1) {
      session.inputs["scene"]?.send(picture(seq, seq === 0));
      await run.clock.run(33);
    }
    expect(asked.length).toBeGreaterThanOrEqual(1);
    expect(asked.length).toBeLessThanOrEqual(3);
    go();
  });
});

describe("a request for a key frame between peers", () => {
  it("R4.3 crosses to the pipeline of the other peer and back to who writes its input", async () => {
    const run = await meshRun(program, { Filter: filter });
    const end = viewer();
    const { session } = await run.open("Guest", taking(end));
    let asked = 0;
    session.inputs["scene"]?.onKeyFrameRequest?.(() => {
      asked += 1;
      return true;
    });
    expect(end.request()).toBe(true);
    await run.clock.run(100);
    expect(asked).toBe(1);
  });

  it("R4.3 is made for who comes late to a shared pipeline, of those who feed it", async () => {
    const run = await meshRun(program, { Filter: filter });
    const camera = await run.open("Camera");
    let asked = 0;
    camera.session.inputs["scene"]?.onKeyFrameRequest?.(() => {
      asked += 1;
      return true;
    });
    await camera.send("scene", Uint8Array.of(0x10), Uint8Array.of(0x11));
    await run.clock.run(1_000);
    expect(asked).toBe(0);
    const end = viewer();
    await run.open("Viewer", taking(end));
    await run.clock.run(100);
    expect(asked).toBe(1);
    await run.clock.run(1_000);
    expect(end.request()).toBe(true);
    await run.clock.run(100);
    expect(asked).toBe(2);
  });
});
