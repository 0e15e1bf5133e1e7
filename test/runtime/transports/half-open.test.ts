import { describe, expect, test } from "vitest";
import type { OutgoingCall } from "../../../runtime/interface/signaling.ts";
import type { Connection } from "../../../runtime/interface/transport.ts";
import { servePipelines } from "../../../runtime/remote/host.ts";
import { directSignaling } from "../../../runtime/signaling/direct.ts";
import type { WebrtcEngine } from "../../../runtime/transports/webrtc/engines/engine.ts";
import { webrtcTransport } from "../../../runtime/transports/webrtc/transport.ts";
import { descriptionOf, RecordedWorld } from "../remote/support/recorded-engine.ts";
import { virtualClock } from "../remote/support/virtual-clock.ts";

const { signal } = new AbortController();
const at = { host: "host.example", port: 7443, pipeline: "P", signal };

/** A listener on an engine that counts what is open, and calls to it by hand, after which no path is ever found. */
async function listening() {
  const clock = virtualClock();
  const world = new RecordedWorld(() => clock.nowMs);
  const real = world.engine("host");
  let open = 0;
  const engine: WebrtcEngine = {
    ...real,
    createPeerConnection(sameMachine) {
      open += 1;
      return real.createPeerConnection(sameMachine);
    },
    async close(peer) {
      open -= 1;
      await real.close(peer);
    },
  };
  const signaling = directSignaling({ clock, ...world.sockets() });
  const accepted: Connection[] = [];
  const listener = await webrtcTransport({ clock, engine, signaling }).listen("webrtc://host.example:7443", (one) =>
    accepted.push(one),
  );
  let count = 0;
  const call = async (): Promise<OutgoingCall> => {
    const one = await signaling.call(at);
    await one.offer(descriptionOf(`stranger${(count += 1)}`, "actpass"));
    return one;
  };
  return { clock, world, signaling, listener, accepted, call, openCount: () => open };
}

describe("a connection that is never finished", () => {
  test("is closed 4 s after the answer, when no path is found", async () => {
    const { clock, call, openCount, accepted } = await listening();
    const one = await clock.until(call());
    expect(openCount()).toBe(1);
    await clock.run(3_900);
    expect(openCount()).toBe(1);
    await clock.run(200);
    expect(openCount()).toBe(0);
    expect(await clock.until(one.ended)).toBeInstanceOf(Error);
    expect(accepted).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test("is closed so too when its caller says that it is there, and no channel opens", async () => {
    const { clock, call, openCount } = await listening();
    (await clock.until(call())).bye();
    await clock.run(3_900);
    expect(openCount()).toBe(1);
    await clock.run(200);
    expect(openCount()).toBe(0);
    expect(clock.pending).toBe(0);
  });

  test("has another 4 s from the word of its caller on: what the caller had sent before may have to be sent again", async () => {
    const { clock, call, openCount } = await listening();
    const one = await clock.until(call());
    await clock.run(3_000);
    one.bye();
    await clock.run(3_900);
    expect(openCount()).toBe(1);
    await clock.run(200);
    expect(openCount()).toBe(0);
    expect(await clock.until(one.hungUp)).toMatchObject({
      code: "peer-lost",
      message: "host.example:7443 has given the connection up: No channel to the caller was open within 4000 ms.",
    });
    expect(clock.pending).toBe(0);
  });

  test("is closed at once when its caller hangs up", async () => {
    const { clock, call, openCount } = await listening();
    (await clock.until(call())).abandon();
    await clock.settle();
    expect(openCount()).toBe(0);
    expect(clock.pending).toBe(0);
  });

  test("is one of 64 at most: more are refused, and taken again when those are gone", async () => {
    const { clock, call, openCount } = await listening();
    for (let count = 0; count < 64; count += 1) (await clock.until(call())).bye();
    expect(openCount()).toBe(64);
    await expect(clock.until(call())).rejects.toMatchObject({ code: "resource-exhausted" });
    expect(openCount()).toBe(64);
    await clock.run(5_000);
    expect(openCount()).toBe(0);
    await clock.until(call());
    expect(openCount()).toBe(1);
    await clock.run(5_000);
    expect(clock.pending).toBe(0);
  });

  test("costs no connection at all before its offer, and its call ends after 30 s", async () => {
    const { clock, signaling, openCount } = await listening();
    const one = await clock.until(signaling.call(at));
    await clock.run(29_000);
    expect(openCount()).toBe(0);
    await clock.run(2_000);
    expect(await clock.until(one.ended)).toMatchObject({ code: "peer-lost" });
    expect(clock.pending).toBe(0);
  });

  test.for([true, false])("is closed after 10 s without a word, shared or not: %s", async (share) => {
    const clock = virtualClock();
    const world = new RecordedWorld(() => clock.nowMs);
    const peer = (name: string) =>
      webrtcTransport({
        clock,
        engine: world.engine(name),
        signaling: directSignaling({ clock, ...sockets }),
        share,
      });
    const sockets = world.sockets();
    const host = servePipelines({ find: () => undefined, names: () => [], clock });
    await peer("host").listen("webrtc://host.example:7443", host.accept);
    const connection = await clock.until(peer("caller").dial("webrtc://host.example:7443/P", { signal }));
    // It is there, and answers heartbeats, but says no hello.
    connection.control.onMessage((message) => {
      const text = new TextDecoder().decode(message.subarray(1));
      if (text.includes('"ping"'))
        connection.control.send(Uint8Array.of(0, ...new TextEncoder().encode(text.replace("ping", "pong"))));
    });
    await clock.run(9_900);
    expect(connection.describe().state).toBe("connected");
    await clock.run(500);
    expect((await clock.until(connection.closed)).error).toMatchObject({ code: "deadline-exceeded" });
    await clock.run(2_000);
    expect(clock.pending).toBe(0);
  });
});
