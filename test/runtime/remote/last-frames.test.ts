import { describe, expect, it } from "vitest";
import { askedEndpoint } from "../../../runtime/calls/asked-session.ts";
import type { Clock } from "../../../runtime/interface/clock.ts";
import type { Link } from "../../../runtime/interface/link.ts";
import { defineNode } from "../../../runtime/interface/node.ts";
import type { Channel, Transport } from "../../../runtime/interface/transport.ts";
import { remotePipeline } from "../../../runtime/remote/caller.ts";
import { encodeFrames } from "../../../runtime/remote/frame-codec.ts";
import { encodePayload } from "../../../runtime/remote/payload-codec.ts";
import { seededRandom } from "../../support/real-clock.ts";
import { helloOf } from "./support/raw-peer.ts";
import { call, frameOf, rawCaller, rawHost, scene, serve, testLink, text } from "./support/scene.ts";

const failure = { type: "bye", code: "node-failed", message: "Node `n` failed." };

function record(payload: string, seq: number): Uint8Array {
  const { encoding, body } = encodePayload(payload);
  return encodeFrames([{ flags: 0, epoch: 0, seq, timestampUs: 0, encoding, body, gap: 0 }]);
}

async function withRawHost() {
  const stage = scene();
  const { peers } = await rawHost(stage);
  const { opening, b } = call(stage);
  await stage.clock.settle();
  const [host] = peers;
  if (host === undefined) throw new Error("nobody dialled");
  const out = host.channel(2);
  host.say({
    type: "accept",
    version: 1,
    schemas: {},
    inputs: [{ port: "a", type: text, window: { frames: 64, bytes: 1_048_576 } }],
    outputs: [{ port: "b", type: text }],
  });
  const session = await stage.clock.until(opening);
  const ends: (string | undefined)[] = [];
  void session.closed.then(({ error }) => ends.push(error?.code));
  return { ...stage, host, out, session, b, ends, input: session.inputs["a"] as Link };
}

/** A transport whose channels of streams are slower than its control channel, on the side that dials. */
function late(transport: Transport, clock: Clock, ms: number): Transport {
  const slow = (channel: Channel): Channel =>
    Object.create(channel, {
      send: { value: channel.send.bind(channel) },
      ready: { value: channel.ready.bind(channel) },
      writable: { get: () => channel.writable },
      onMessage: {
        value: (listener: (message: Uint8Array) => void) =>
          channel.onMessage((message) => void clock.schedule(ms, () => listener(message))),
      },
    }) as Channel;
  return {
    scheme: transport.scheme,
    listen: transport.listen.bind(transport),
    async dial(uri, init) {
      const connection = await transport.dial(uri, init);
      const channel = connection.channel.bind(connection);
      return Object.assign(connection, { channel: (id: number, label: string) => slow(channel(id, label)) });
    },
  };
}

describe("frames that come behind the last word of their host", () => {
  it("are delivered before the session ends with the failure, and nothing is written meanwhile", async () => {
    const { host, out, b, ends, clock, input } = await withRawHost();
    out.send(record("one", 0));
    await clock.settle();
    host.say({ ...failure, sent: [{ channel: 2, frames: 3 }] });
    await clock.run(20);
    expect(ends).toEqual([]);
    expect(input.writable).toBe(false);
    out.send(record("two", 1));
    await clock.run(20);
    expect(ends).toEqual([]);
    out.send(record("three", 2));
    await clock.settle();
    expect(ends).toEqual(["node-failed"]);
    expect(b.payloads).toEqual(["one", "two", "three"]);
  });

  it("are waited for no longer than a quarter of a second", async () => {
    const { host, b, ends, clock } = await withRawHost();
    host.say({ ...failure, sent: [{ channel: 2, frames: 1 }] });
    await clock.run(240);
    expect(ends).toEqual([]);
    await clock.run(20);
    expect(ends).toEqual(["node-failed"]);
    expect(b.payloads).toEqual([]);
  });

  it("are not waited for beyond the end of the connection, which is not taken for the failure", async () => {
    const { host, ends, clock } = await withRawHost();
    host.say({ ...failure, sent: [{ channel: 2, frames: 1 }] });
    await clock.run(20);
    await clock.until(host.connection.close());
    await clock.settle();
    expect(ends).toEqual(["node-failed"]);
  });

  it("are waited for by no one who hangs up", async () => {
    const { host, session, ends, clock } = await withRawHost();
    host.say({ ...failure, sent: [{ channel: 2, frames: 1 }] });
    await clock.run(20);
    const closed = session.close();
    await clock.settle();
    expect(ends).toEqual(["cancelled"]);
    await clock.until(closed);
  });

  it.each([
    ["that have all come", [{ channel: 2, frames: 1 }]],
    ["of a channel that is none", [{ channel: 7, frames: 1 }]],
    ["that a host of an earlier version does not count", undefined],
  ])("hold up no failure: %s", async (_, sent) => {
    const { host, out, b, ends, clock } = await withRawHost();
    out.send(record("one", 0));
    await clock.settle();
    host.say({ ...failure, ...(sent && { sent }) });
    await clock.settle();
    expect(ends).toEqual(["node-failed"]);
    expect(b.payloads).toEqual(["one"]);
  });
});

/** Answers all but `bad`. */
const careful = defineNode({
  open: (_, { emit }) => ({
    process: ({ payload }) => {
      if (payload === "bad") throw new Error("out of memory");
      return emit("out", `re ${String(payload)}`);
    },
  }),
});

describe("a host whose pipeline fails", () => {
  it("says how many frames it has sent", async () => {
    const stage = scene();
    await serve(stage, { nodes: { Echo: careful } });
    const caller = await rawCaller(stage);
    const [a] = [caller.channel(1), caller.channel(2)];
    caller.say(helloOf("P"));
    await stage.clock.run(20);
    a?.send(record("one", 0));
    a?.send(record("two", 1));
    await stage.clock.run(1);
    a?.send(record("bad", 2));
    await stage.clock.run(20);
    expect(caller.of("bye")).toMatchObject([{ code: "node-failed", sent: [{ channel: 2, frames: 2 }] }]);
  });

  it("R11.2 answers the question before, though the failure of the next comes first", async () => {
    const stage = scene();
    const { clock, network } = stage;
    await serve(stage, { nodes: { Echo: careful } });
    const uri = "memory://server/P";
    const transport = late(network.transport("caller"), clock, 30);
    const endpoint = askedEndpoint({
      endpoint: remotePipeline({ transport, uri, clock, random: seededRandom(2) }),
      uri,
      clock,
      callTimeoutMs: undefined,
      idempotent: false,
    });
    const b = testLink();
    const { signal } = new AbortController();
    const opening = endpoint.open({
      params: {},
      inputs: { a: text },
      outputs: { b: { type: text, link: b } },
      schemas: {},
      signal,
    });
    const session = await clock.until(opening);
    for (const [seq, question] of ["one", "two", "bad"].entries()) {
      session.inputs["a"]?.send(frameOf(question, seq));
      await clock.run(1);
    }
    expect(b.payloads).toEqual([]);
    const { error, final } = await clock.until(session.closed);
    expect(error).toMatchObject({ code: "node-failed" });
    expect(b.payloads).toEqual(["re one", "re two"]);
    // The one that has failed must not be asked again.
    expect(final).toBe(true);
  });
});
