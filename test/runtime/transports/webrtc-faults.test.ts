import { createServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { IncomingCall, OutgoingCall, Signaling } from "../../../runtime/interface/signaling.ts";
import type { Connection, Listener } from "../../../runtime/interface/transport.ts";
import { directSignaling } from "../../../runtime/signaling/direct.ts";
import { connectNodejs } from "../../../runtime/signaling/sockets.nodejs.ts";
import { stopSctp } from "../../../runtime/transports/webrtc/engines/werift/corrections.nodejs.ts";
import { candidatesOf } from "../../../runtime/transports/webrtc/negotiation.ts";
import { nodejsSignaling, openResources, weriftTransport } from "../../conformance/nodejs-transport.ts";
import { realClock } from "../../conformance/real-clock.ts";
import { spawnPeer } from "./fixtures/spawn.ts";
import { spiedEngine } from "./spied-engine.ts";

const signal = new AbortController().signal;
const cleanUps: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

async function listening(init: Parameters<typeof weriftTransport>[0] = {}) {
  const accepted: Connection[] = [];
  const listener: Listener = await weriftTransport(init).listen("webrtc://127.0.0.1:0", (connection) => {
    accepted.push(connection);
  });
  cleanUps.push(
    () => listener.close(),
    () => Promise.all(accepted.map((connection) => connection.close())),
  );
  return { accepted, listener, target: `${listener.address}/Any` };
}

async function connected(engine = spiedEngine()) {
  const { accepted, target } = await listening();
  const caller = await weriftTransport({ engine }).dial(target, { signal });
  cleanUps.push(() => caller.close());
  await expect.poll(() => accepted.length).toBe(1);
  return { caller, callee: accepted[0] as Connection, engine };
}

/** Signaling whose calls are changed on their way. */
function changed(change: {
  call?: (call: OutgoingCall) => OutgoingCall;
  serve?: (call: IncomingCall) => IncomingCall;
}): Signaling {
  const real = nodejsSignaling();
  return {
    call: async (options) => (change.call ?? ((call) => call))(await real.call(options)),
    serve: (options) =>
      real.serve({ ...options, onCall: (call) => options.onCall((change.serve ?? ((same) => same))(call)) }),
  };
}

describe("a WebRTC connection in trouble", () => {
  test("is lost when the other engine ends it without a word", async () => {
    const { caller, callee, engine } = await connected();
    await stopSctp(engine.peers[0] as (typeof engine.peers)[0]);
    expect((await callee.closed).error).toMatchObject({ code: "peer-lost" });
    expect((await caller.closed).error).toMatchObject({ code: "peer-lost" });
  });

  test.for([
    ["a text", "text"],
    ["too much", new Uint8Array(16 * 1024 + 3)],
    ["a broken transport message", Uint8Array.of(0, 77)],
    ["a channel id out of range", Uint8Array.of(0, 1, 8, 0)],
  ] as const)("ends when the other side sends %s", async ([, message]) => {
    const { callee, caller, engine } = await connected();
    engine.channels[0]?.send(message as Uint8Array);
    expect((await callee.closed).error).toMatchObject({ code: "protocol-violation" });
    expect((await caller.closed).error).toMatchObject({ code: "protocol-violation" });
  });

  test("ends rather than hold without bound for a listener that never comes", async () => {
    const { caller, callee } = await connected();
    const [out] = [caller.channel(1, "data"), callee.channel(1, "data")];
    const flood = (async () => {
      for (;;) {
        await out.ready();
        out.send(new Uint8Array(out.maxMessageBytes));
      }
    })();
    await expect(flood).rejects.toMatchObject({ code: "resource-exhausted" });
    expect((await callee.closed).error).toMatchObject({ code: "resource-exhausted" });
  });

  test("connects when candidates only come after the descriptions", async () => {
    const bare: string[] = [];
    const strip = (sdp: string): string => {
      bare.push(sdp.replaceAll(/^a=(candidate:|end-of-candidates).*\r?\n/gm, ""));
      return bare.at(-1) as string;
    };
    const signaling = changed({
      call: (call) => ({
        ...bound(call),
        offer(sdp) {
          const answer = call.offer(strip(sdp));
          for (const candidate of candidatesOf(sdp)) call.candidate({ candidate, sdpMid: "0", sdpMLineIndex: 0 });
          return answer;
        },
      }),
      serve: (call) => ({
        ...call,
        answer(sdp) {
          call.answer(strip(sdp));
          for (const candidate of candidatesOf(sdp)) call.candidate({ candidate, sdpMid: "0", sdpMLineIndex: 0 });
        },
      }),
    });
    const { target } = await listening({ signaling });
    const connection = await weriftTransport({ signaling }).dial(target, { signal });
    expect(bare.map((sdp) => candidatesOf(sdp))).toEqual([[], []]);
    expect(connection.describe().remoteCandidates).not.toEqual([]);
    await connection.close();
  });
});

describe("a dial in trouble", () => {
  test("names the step that took too long: signaling", async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    cleanUps.push(() => silent.close());
    const { port } = silent.address() as { port: number };
    const signaling = directSignaling({ clock: realClock(), connect: connectNodejs, connectMs: 50 });
    const dialling = weriftTransport({ signaling }).dial(`webrtc://127.0.0.1:${port}/Any`, { signal });
    await expect(dialling).rejects.toMatchObject({
      code: "deadline-exceeded",
      message: `127.0.0.1:${port} took longer than 50 ms to open the signaling connection.`,
    });
  });

  test("takes no longer in all for a signaling that is slow, but in time at each step", async () => {
    const calls: AbortSignal[] = [];
    const signaling: ReturnType<typeof changed> = {
      ...changed({}),
      call: ({ signal: within }) => {
        calls.push(within);
        return new Promise(() => undefined);
      },
    };
    await expect(
      weriftTransport({ signaling, connectMs: 100 }).dial("webrtc://127.0.0.1:7443/Any", { signal }),
    ).rejects.toMatchObject({
      code: "deadline-exceeded",
      message: "127.0.0.1:7443: it took longer than 900 ms to reach it by signaling.",
    });
    expect(calls.map(({ aborted }) => aborted)).toEqual([true]);
  });

  test("names the step that took too long: the answer", async () => {
    const { target } = await listening({
      signaling: changed({ serve: (call) => ({ ...call, answer: () => undefined }) }),
    });
    const dialling = weriftTransport({ connectMs: 400 }).dial(target, { signal });
    await expect(dialling).rejects.toMatchObject({ code: "deadline-exceeded", message: /get its offer answered/ });
  });

  test("names the step that took too long: the path", async () => {
    const { target, accepted } = await listening({
      signaling: changed({
        serve: (call) => ({ ...call, offer: lost(call.offer), answer: (sdp) => call.answer(lost(sdp)) }),
      }),
    });
    const before = openResources().length;
    const dialling = weriftTransport({ connectMs: 600 }).dial(target, { signal });
    await expect(dialling).rejects.toMatchObject({ code: "deadline-exceeded", message: /ICE and DTLS/, hint: /UDP/ });
    expect(accepted).toEqual([]);
    await expect.poll(() => openResources().length).toBeLessThanOrEqual(before);
  });

  test("may be tried again when its engine cannot take the answer", async () => {
    const { target } = await listening();
    const engine = spiedEngine();
    const broken = {
      ...engine,
      createPeerConnection(sameMachine?: boolean) {
        const peer = engine.createPeerConnection(sameMachine);
        peer.setRemoteDescription = () => Promise.reject(new Error("Got a remote candidate without ICE transport"));
        return peer;
      },
    };
    const error = await weriftTransport({ engine: broken })
      .dial(target, { signal })
      .then(
        () => undefined,
        (reason: unknown) => reason,
      );
    expect(error).toMatchObject({ code: "peer-unreachable", retryable: true });
    expect(error).toMatchObject({ message: expect.stringContaining("without ICE transport") });
  });

  test("refuses descriptions that cannot lead to a channel, on both sides", async () => {
    const offering = changed({ call: (call) => ({ ...bound(call), offer: () => call.offer("hello") }) });
    const { target } = await listening();
    await expect(weriftTransport({ signaling: offering }).dial(target, { signal })).rejects.toMatchObject({
      code: "protocol-violation",
      message: /the offer is not an SDP for data channels/,
    });
    const nameless = changed({
      call: (call) => ({ ...bound(call), offer: (sdp) => call.offer(sdp.replace(/^a=mid:.*\r\n/m, "")) }),
    });
    await expect(weriftTransport({ signaling: nameless }).dial(target, { signal })).rejects.toMatchObject({
      code: "protocol-violation",
      message: /it has no line "a=mid:"/,
    });
    const answering = changed({
      serve: (call) => ({ ...call, answer: () => call.answer("v=0\r\nm=application 9 x y") }),
    });
    const { target: other } = await listening({ signaling: answering });
    await expect(weriftTransport().dial(other, { signal })).rejects.toMatchObject({ code: "protocol-violation" });
  });

  test("refuses an answer that leaves open who begins DTLS", async () => {
    const open = (sdp: string): string => sdp.replace(/a=setup:(active|passive)/, "a=setup:actpass");
    const { target } = await listening({
      signaling: changed({ serve: (call) => ({ ...call, answer: (sdp) => call.answer(open(sdp)) }) }),
    });
    await expect(weriftTransport().dial(target, { signal })).rejects.toMatchObject({
      code: "protocol-violation",
      message: 'the answer leaves open who begins the handshake of DTLS: it has a line "a=setup:actpass"',
    });
  });

  test.for([
    ["is empty, as pion has it", { sdpMid: "", sdpMLineIndex: 0 }],
    ["is null, beside the number of the section", { sdpMid: null, sdpMLineIndex: 0 }],
    ["is left out, as the number is", {}],
  ] as const)("uses candidates whose mid %s", async ([, section]) => {
    // No description has any, so there is no path but by these.
    const bare = (sdp: string): string => sdp.replaceAll(/^a=candidate:.*\r\n/gm, "");
    const tell = (call: { candidate: OutgoingCall["candidate"] }, sdp: string): void => {
      for (const candidate of candidatesOf(sdp)) call.candidate({ candidate, ...section });
    };
    const { target } = await listening({
      signaling: changed({
        serve(call) {
          const real = call.answer;
          return {
            ...call,
            answer(sdp) {
              real(bare(sdp));
              tell(call, sdp);
            },
          };
        },
      }),
    });
    const offering = changed({
      call: (call) => ({
        ...bound(call),
        offer(sdp) {
          const answered = call.offer(bare(sdp));
          tell(call, sdp);
          return answered;
        },
      }),
    });
    const connection = await weriftTransport({ signaling: offering }).dial(target, { signal });
    expect(connection.describe().state).toBe("connected");
    await connection.close();
  });

  test("bears candidates that lead nowhere or are none", async () => {
    const junk = ["255.255.255.255 1", "127.0.0.1 0", "127.0.0.1 99999", "224.0.0.1 5", "fe80::1 4", "x.invalid 4"];
    const { target } = await listening({
      signaling: changed({
        serve(call) {
          const real = call.answer;
          return {
            ...call,
            answer(sdp) {
              real(sdp);
              for (const where of junk)
                call.candidate({ candidate: `candidate:1 1 udp 99 ${where} typ host`, sdpMid: "0" });
              call.candidate({ candidate: "what?", sdpMid: "7" });
            },
          };
        },
      }),
    });
    const connection = await weriftTransport().dial(target, { signal });
    expect(connection.describe().state).toBe("connected");
    await connection.close();
  });

  test.for([1, 2, 3])("frees everything when it is given up at step %i", async (step) => {
    const { target, accepted } = await listening();
    const before = openResources().length;
    for (let round = 0; round < 3; round++) {
      const controller = new AbortController();
      const engine = spiedEngine((_, count) => count === step && controller.abort(new Error("given up")));
      const dialling = weriftTransport({ engine }).dial(target, { signal: controller.signal });
      await expect(dialling).rejects.toThrow("given up");
    }
    await expect.poll(() => openResources().length).toBeLessThanOrEqual(before);
    for (const connection of accepted) await connection.closed;
  });

  test("ends what is still connecting when the listener closes", async () => {
    const { listener, target } = await listening({
      signaling: changed({ serve: (call) => ({ ...call, answer: () => undefined }) }),
    });
    const before = openResources().length;
    const dialling = expect(weriftTransport().dial(target, { signal })).rejects.toMatchObject({
      code: "peer-unreachable",
    });
    await expect.poll(() => openResources().length).toBeGreaterThan(before + 2);
    await listener.close();
    await dialling;
    await expect.poll(() => openResources().length).toBeLessThan(before);
  });
});

describe("two processes", () => {
  // The time is that of a machine that has some to spare; a busy one gets another try.
  test("talk, and the survivor of a kill goes on and can close", { retry: 2 }, async () => {
    const { child, address } = await spawnPeer("echo-peer.ts");
    cleanUps.push(() => child.kill("SIGKILL"));
    const connection = await weriftTransport().dial(`${address}/Echo`, { signal });
    const channel = connection.channel(1, "echo");
    const echoed = new Promise((resolve) => channel.onMessage(resolve));
    channel.send(new Uint8Array(1920).fill(5));
    expect(await echoed).toEqual(new Uint8Array(1920).fill(5));
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
    // Nothing tells this side; it fills its bounds and waits.
    for (let count = 0; count < 200 && channel.writable; count++) {
      channel.send(new Uint8Array(8 * 1024));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(connection.describe().state).toBe("connected");
    const start = performance.now();
    await connection.close();
    expect(performance.now() - start).toBeLessThan(1500);
    await expect(weriftTransport().dial(`${address}/Echo`, { signal })).rejects.toMatchObject({
      code: "peer-unreachable",
    });
  });
});

/** Points every candidate to where nobody is (RFC 5737). */
function lost(sdp: string): string {
  return sdp.replaceAll(/(a=candidate:\S+ 1 udp \d+) \S+ \d+ /g, "$1 192.0.2.77 9 ");
}

/** The methods of a class instance do not spread. */
function bound(call: OutgoingCall): OutgoingCall {
  return {
    shared: call.shared,
    ended: call.ended,
    hungUp: call.hungUp,
    offer: (sdp) => call.offer(sdp),
    candidate: (candidate) => call.candidate(candidate),
    onCandidate: (listener) => call.onCandidate(listener),
    bye: () => call.bye(),
    abandon: () => call.abandon(),
  };
}
