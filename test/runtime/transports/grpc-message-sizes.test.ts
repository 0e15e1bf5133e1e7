import * as grpc from "@grpc/grpc-js";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Connection } from "../../../runtime/interface/transport.ts";
import { grpcLimits } from "../../../runtime/transports/grpc/limits.ts";
import { MessageSizes } from "../../../runtime/transports/grpc/message-sizes.ts";
import { messageBytesKey, pipelineKey, streamPath } from "../../../runtime/transports/grpc/method.ts";
import { decodeStreamMessage, encodeStreamMessage } from "../../../runtime/transports/grpc/stream-message.ts";
import { grpcTransport } from "../../../runtime/transports/grpc/transport.nodejs.ts";
import { realClock } from "../../conformance/real-clock.ts";

const { messageBytes: least, largeMessageBytes: most } = grpcLimits;
const { signal } = new AbortController();

/** Sizes on a way that takes so many bytes a millisecond, until it is said otherwise. */
function onWay(usual: number) {
  let nowUs = 1e6;
  const sizes = new MessageSizes({ nowUs: () => nowUs, wallMs: () => 0, schedule: () => () => undefined });
  return {
    sizes,
    wait: (ms: number) => void (nowUs += ms * 1_000),
    send(bytes: number, count: number, bytesPerMs = usual): void {
      for (let left = count; left > 0; left -= 1) {
        const atUs = nowUs;
        nowUs += (bytes / bytesPerMs) * 1_000;
        sizes.sent(bytes, atUs);
      }
    },
  };
}

describe("how large messages of a call are", () => {
  it.each([
    ["a way of which nothing is known", 0, least],
    ["10 Mbit/s", 1_250, least],
    ["100 Mbit/s", 12_500, 250_000],
    ["the same machine", 200_000, most],
  ])("on %s: what leaves in 20 ms", (_, bytesPerMs, bytes) => {
    const { sizes, send } = onWay(bytesPerMs);
    if (bytesPerMs > 0) send(least, 30);
    const now = sizes.now(most);
    expect(now).toBeLessThanOrEqual(bytes);
    expect(now).toBeGreaterThan(bytes * 0.98);
  });

  it("no more than the other side takes", () => {
    const { sizes, send } = onWay(200_000);
    send(least, 30);
    expect(sizes.now(100_000)).toBe(100_000);
    expect(sizes.now(least)).toBe(least);
  });

  it("small ones while several channels are in use, and for 250 ms after", () => {
    const { sizes, send, wait } = onWay(200_000);
    const [sound, bulk] = [{}, {}];
    send(least, 30);
    sizes.used(bulk);
    expect(sizes.now(most)).toBe(most);
    sizes.used(sound);
    sizes.used(bulk);
    expect(sizes.now(most)).toBe(least);
    wait(249);
    expect(sizes.now(most)).toBe(least);
    wait(1);
    expect(sizes.now(most)).toBe(most);
  });

  it("smaller again where the way has become slow, whatever small messages say", () => {
    const { sizes, send } = onWay(200_000);
    send(least, 30);
    for (let left = 20; left > 0; left -= 1) {
      send(least, 1, 1_250);
      send(100, 1);
    }
    expect(sizes.now(most)).toBeLessThan(200_000);
  });
});

async function connected(): Promise<{ readonly near: Connection; readonly far: Connection }> {
  const transport = grpcTransport({ clock: realClock(), pipelines: () => ["Any"] });
  let take: (connection: Connection) => void = () => undefined;
  const taken = new Promise<Connection>((resolve) => (take = resolve));
  const listener = await transport.listen?.("grpc://127.0.0.1:0", take);
  const near = await transport.dial(`${listener?.address}/Any`, { signal });
  const far = await taken;
  onTestFinished(async () => {
    await near.close();
    await listener?.close();
  });
  return { near, far };
}

/** A server as another implementation may be, that says what it is told in its metadata. */
async function otherServer(says: string | undefined): Promise<string> {
  const server = new grpc.Server();
  const method = {
    path: streamPath,
    requestStream: true,
    responseStream: true,
    requestDeserialize: decodeStreamMessage,
    responseDeserialize: decodeStreamMessage,
    requestSerialize: encodeStreamMessage,
    responseSerialize: encodeStreamMessage,
  };
  server.addService({ Stream: method } as unknown as grpc.ServiceDefinition, {
    Stream(call: grpc.ServerDuplexStream<object, object>) {
      const metadata = new grpc.Metadata();
      if (says !== undefined) metadata.set(messageBytesKey, says);
      call.sendMetadata(metadata);
      call.on("data", () => undefined);
      call.on("end", () => call.end());
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure();
    server.bindAsync("127.0.0.1:0", credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  onTestFinished(() => server.forceShutdown());
  return `grpc://127.0.0.1:${port}/Any`;
}

describe("the largest message of a channel over gRPC", () => {
  it("is a frame of 1 MiB between two peers, both ways, and arrives whole", async () => {
    const { near, far } = await connected();
    const channels = [near.channel(1, "one"), far.channel(1, "one")] as const;
    for (const [from, to] of [channels, [channels[1], channels[0]] as const]) {
      expect(from.maxMessageBytes).toBe(most);
      const message = new Uint8Array(most).map((_, index) => index % 251);
      const arrived = new Promise<Uint8Array>((resolve) => to.onMessage(resolve));
      await from.ready();
      from.send(message);
      expect(Buffer.compare(await arrived, message)).toBe(0);
    }
    expect(near.control.maxMessageBytes).toBe(least);
  });

  it.each([
    [undefined, least],
    ["many", least],
    ["-5", least],
    ["100", least],
    ["100000", 100_000],
    ["9999999999", most],
  ])("is what the other side says: %s", async (says, bytes) => {
    const connection = await grpcTransport({ clock: realClock() }).dial(await otherServer(says), { signal });
    expect(connection.channel(1, "one").maxMessageBytes).toBe(bytes);
    await connection.close();
  });

  it.each([
    [0, least + 1],
    [1, most + 1],
  ])("ends the call where it is exceeded: channel %i, %i bytes", async (channel, bytes) => {
    const transport = grpcTransport({ clock: realClock(), pipelines: () => ["Any"] });
    let take: (connection: Connection) => void = () => undefined;
    const taken = new Promise<Connection>((resolve) => (take = resolve));
    const listener = await transport.listen?.("grpc://127.0.0.1:0", take);
    const client = new grpc.Client(String(listener?.address).replace("grpc://", ""), grpc.credentials.createInsecure());
    onTestFinished(async () => {
      client.close();
      await listener?.close();
    });
    const metadata = new grpc.Metadata();
    metadata.set(pipelineKey, "Any");
    const call = client.makeBidiStreamRequest(streamPath, encodeStreamMessage, decodeStreamMessage, metadata);
    call.on("error", () => undefined);
    const ended = new Promise<grpc.StatusObject>((resolve) => call.on("status", resolve));
    call.on("data", () => undefined);
    const connection = await taken;
    connection.channel(1, "one");
    call.write({ channel, message: new Uint8Array(bytes), close: undefined });
    expect(await connection.closed).toMatchObject({ error: { code: "protocol-violation" } });
    expect((await ended).metadata.get("mesh-code")).toEqual(["protocol-violation"]);
  });
});
