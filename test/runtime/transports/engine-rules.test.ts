import { availableParallelism } from "node:os";
import * as library from "node-datachannel";
import { PictureLossIndication, RTCPeerConnection, RtcpPayloadSpecificFeedback } from "werift";
import { afterEach, describe, expect, test } from "vitest";
import type { Connection } from "../../../runtime/interface/transport.ts";
import type { EngineChannel, EnginePeer, WebrtcEngine } from "../../../runtime/transports/webrtc/engines/engine.ts";
import { nodeDatachannelEngine } from "../../../runtime/transports/webrtc/engines/node-datachannel.nodejs.ts";
import { weriftEngine } from "../../../runtime/transports/webrtc/engines/werift.nodejs.ts";
import { weriftTransport } from "../../conformance/nodejs-transport.ts";

/** What an engine was asked for. */
interface Witness {
  readonly engine: WebrtcEngine;
  /** Names of the methods of its peer connection, in order. */
  readonly calls: string[];
  readonly channels: { readonly label: string; readonly init: object }[];
  readonly sent: unknown[];
  readonly peers: EnginePeer[];
}

const watched = [
  "createDataChannel",
  "createOffer",
  "createAnswer",
  "setLocalDescription",
  "setRemoteDescription",
] as const;

function witness(engine: WebrtcEngine): Witness {
  const seen: Omit<Witness, "engine"> = { calls: [], channels: [], sent: [], peers: [] };
  return {
    ...seen,
    engine: {
      ...engine,
      createPeerConnection(sameMachine) {
        const peer = engine.createPeerConnection(sameMachine);
        seen.peers.push(peer);
        for (const name of watched) watch(peer, name, seen);
        return peer;
      },
      prepareChannel(channel: EngineChannel) {
        engine.prepareChannel(channel);
        const send = channel.send.bind(channel);
        channel.send = (message) => {
          seen.sent.push(message);
          send(message);
        };
      },
    },
  };
}

function watch(peer: EnginePeer, name: (typeof watched)[number], seen: Omit<Witness, "engine">): void {
  const method = peer[name].bind(peer) as (...args: unknown[]) => unknown;
  Object.assign(peer, {
    [name]: (...args: unknown[]) => {
      seen.calls.push(name);
      if (name === "createDataChannel") seen.channels.push({ label: args[0] as string, init: args[1] as object });
      return method(...args);
    },
  });
}

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

/** A connection that was used for a while, with what the engines of both sides were asked for. */
async function used(make: () => WebrtcEngine) {
  const [caller, callee] = [witness(make()), witness(make())];
  let accept: (connection: Connection) => void = () => undefined;
  const accepted = new Promise<Connection>((resolve) => (accept = resolve));
  const listener = await weriftTransport({ engine: callee.engine, share: false }).listen(
    "webrtc://127.0.0.1:0",
    accept,
  );
  const { signal } = new AbortController();
  const here = await weriftTransport({ engine: caller.engine, share: false }).dial(`${listener.address}/Any`, {
    signal,
  });
  const there = await accepted;
  cleanUps.push(
    () => here.close(),
    () => there.close(),
    () => listener.close(),
  );
  const [out, back] = [here.channel(5, "größer\n"), there.channel(5, "größer\n")];
  const came = new Promise((resolve) => back.onMessage(resolve));
  out.send(Buffer.from("text"));
  await came;
  return { caller, callee, here, there };
}

// The defects are told of in docs/upstream/; an engine that has none of them loses nothing by the rules.
describe.each([
  ["werift", () => weriftEngine()],
  ["node-datachannel", () => nodeDatachannelEngine({ library })],
] as const)("what the transport asks of %s", (_, make) => {
  test("is what every engine gets right", async () => {
    const { caller, callee } = await used(make);
    // 02, 03: reliable and ordered channels with agreed numbers; 09: labels of ASCII.
    for (const { channels } of [caller, callee]) {
      expect(channels).toEqual([
        { label: "control", init: { negotiated: true, id: 0 } },
        { label: "gr__er_", init: { negotiated: true, id: 5 } },
      ]);
    }
    // 06: the first channel is there before the offer and the answer; 08: the caller makes the one offer.
    expect(caller.calls).toEqual([
      "createDataChannel",
      "createOffer",
      "setLocalDescription",
      "setRemoteDescription",
      "createDataChannel",
    ]);
    expect(callee.calls).toEqual([
      "createDataChannel",
      "setRemoteDescription",
      "createAnswer",
      "setLocalDescription",
      "createDataChannel",
    ]);
    // 04: never empty; 09: never a Buffer, whose memory werift would keep.
    for (const message of [...caller.sent, ...callee.sent]) {
      expect((message as Uint8Array).constructor).toBe(Uint8Array);
      expect((message as Uint8Array).length).toBeGreaterThan(0);
    }
    expect(caller.sent).toContainEqual(Uint8Array.from(Buffer.from("text")));
  });

  test("takes and drops what comes over channels that the other side opens by itself, and ends all the same", async () => {
    // node-datachannel 03: more of them than it has threads, each with more than it holds.
    const { caller, here, there } = await used(make);
    const peer = caller.peers[0] as unknown as { createDataChannel(label: string, init: object): EngineChannel };
    const unasked = Array.from({ length: 2 * availableParallelism() }, () => peer.createDataChannel("mine", {}));
    for (const channel of unasked) {
      channel.addEventListener("open", () => {
        for (let count = 0; count < 1_200; count += 1) channel.send(new Uint8Array(100));
      });
    }
    const isSent = ({ readyState, bufferedAmount }: EngineChannel): boolean =>
      readyState === "open" && bufferedAmount === 0;
    await expect.poll(() => unasked.every(isSent), { timeout: 10_000 }).toBe(true);
    const [out, back] = [here.channel(6, "later"), there.channel(6, "later")];
    const came = new Promise((resolve) => back.onMessage(resolve));
    out.send(Uint8Array.of(1));
    await came;
    await there.close();
    expect((await here.closed).error).toBeUndefined();
  });

  test("lets the other side notice when it is all that ends the connection", async () => {
    // 07: nothing of the transport is said before.
    const { caller, there, here } = await used(make);
    await caller.engine.close(caller.peers[0] as EnginePeer);
    expect((await there.closed).error).toMatchObject({ code: "peer-lost" });
    await here.close();
  });
});

test("a request for a key frame is for the sender that it names, whoever werift takes it to", async () => {
  // 23: its router looks for who asks, and finds the receiver of what that one sends.
  const { tracks } = weriftEngine();
  const peer = new RTCPeerConnection();
  const asked: string[] = [];
  const add = (direction: "sendonly" | "recvonly"): number => {
    const added = tracks?.addTransceiver(peer as unknown as EnginePeer, { direction, codec: "vp8" });
    added?.onKeyFrameRequest(() => asked.push(direction));
    return added?.ssrc ?? 0;
  };
  const mediaSsrc = add("sendonly");
  add("recvonly");
  const [, camera] = peer.getTransceivers();
  const feedback = new PictureLossIndication({ senderSsrc: 7, mediaSsrc });
  camera?.receiver.handleRtcpPacket(new RtcpPayloadSpecificFeedback({ feedback }));
  expect(asked).toEqual(["sendonly"]);
  await peer.close();
});
