import { afterEach, describe, expect, test } from "vitest";
import type { Signaling } from "../../../runtime/interface/signaling.ts";
import type { EnginePeer } from "../../../runtime/transports/webrtc/engines/engine.ts";
import { weriftEngine, type WeriftEngineInit } from "../../../runtime/transports/webrtc/engines/werift.nodejs.ts";
import { nodejsSignaling, weriftTransport } from "../../conformance/nodejs-transport.ts";

/** The unpublished parts of werift that the corrections go by. */
interface IceConnection {
  stunServer: readonly [string, number] | undefined;
  schedulingChecks(): boolean;
}
const iceOf = (peer: EnginePeer): IceConnection =>
  (peer as unknown as { iceTransports: { connection: IceConnection }[] }).iceTransports[0]?.connection as IceConnection;

const signal = new AbortController().signal;
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

describe("the STUN servers that werift asks", () => {
  function stunServer(init: WeriftEngineInit): readonly [string, number] | undefined {
    const engine = weriftEngine(init);
    const peer = engine.createPeerConnection();
    peer.createDataChannel("control", { negotiated: true, id: 0 });
    engine.tune(peer);
    cleanUps.push(() => engine.close(peer));
    return iceOf(peer).stunServer;
  }

  test("are those that were named, and none where none was", () => {
    expect(stunServer({})).toBeUndefined();
    expect(stunServer({ ice: { servers: [] } })).toBeUndefined();
    expect(stunServer({ ice: { servers: [{ urls: "stun:stun.example.org:3478" }] } })).toEqual([
      "stun.example.org",
      3478,
    ]);
  });

  test("are, by itself, one of Google's for an empty list too", () => {
    expect(stunServer({ tuning: false, ice: { servers: [] } })).toEqual(["stun.l.google.com", 19302]);
  });
});

describe("a caller none of whose candidates can be reached from here", () => {
  /** Says that there are no candidates and no more will come; the answer goes out when it is let go. */
  function withoutCandidates(letGo: Promise<void>): Signaling {
    const real = nodejsSignaling();
    return {
      serve: (options) => real.serve(options),
      async call(options) {
        const call = await real.call(options);
        return {
          shared: call.shared,
          ended: call.ended,
          hungUp: call.hungUp,
          offer: async (sdp) => {
            const bare = sdp.replaceAll(/^a=(candidate:|end-of-candidates).*\r?\n/gm, "");
            const answered = call.offer(`${bare}a=end-of-candidates\r\n`);
            call.candidate(null);
            const answer = await answered;
            await Promise.race([letGo, call.ended]);
            return answer;
          },
          candidate: () => undefined,
          onCandidate: (listener) => call.onCandidate(listener),
          bye: () => call.bye(),
          abandon: () => call.abandon(),
        };
      },
    };
  }

  async function dial(tuning: WeriftEngineInit, afterLooks: number): Promise<string> {
    let letGo: () => void = () => undefined;
    const engine = weriftEngine(tuning);
    const callee = {
      ...engine,
      tune(peer: EnginePeer) {
        engine.tune(peer);
        const ice = iceOf(peer);
        if (Object.hasOwn(ice, "schedulingChecks")) return;
        const look = ice.schedulingChecks.bind(ice);
        let looks = 0;
        ice.schedulingChecks = () => {
          if (++looks === afterLooks) letGo();
          return look();
        };
      },
    };
    const listener = await weriftTransport({ engine: callee }).listen("webrtc://127.0.0.1:0", (connection) => {
      cleanUps.push(() => connection.close());
    });
    cleanUps.push(() => listener.close());
    const signaling = withoutCandidates(new Promise((resolve) => (letGo = resolve)));
    return weriftTransport({ signaling })
      .dial(`${listener.address}/Any`, { signal })
      .then(
        async (connection) => {
          await connection.close();
          return "connected";
        },
        (error: { code: string }) => error.code,
      );
  }

  test("is waited for, as its own checks will come", async () => {
    // It has looked in vain three times before the caller even knows where to send its checks.
    expect(await dial({}, 3)).toBe("connected");
  });

  test("is given up at once by werift as it is published", async () => {
    expect(await dial({ tuning: false }, Infinity)).toBe("peer-unreachable");
  });
});
