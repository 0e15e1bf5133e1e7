import { connect, createServer, type IncomingHttpHeaders } from "node:http2";
import { gzipSync } from "node:zlib";
import type { AddressInfo } from "node:net";
import * as grpc from "@grpc/grpc-js";
import { describe, expect, it, onTestFinished } from "vitest";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import { grpcTransport } from "../../../runtime/transports/grpc/transport.nodejs.ts";
import { pipelineService } from "../../../runtime/transports/grpc/services.nodejs.ts";
import { realClock } from "../../support/real-clock.ts";
import { addressOf, served, statusOfCall, Stub } from "./support/served.ts";

const program = `
batch node Length {
  in text
  out int
  from "./x.ts"
}
batch pipeline Ask {
  in question: text
  out answer: int
  question -> Length() -> answer
}
peer server {
  runs Ask
  listens "grpc://127.0.0.1:0"
}
`;

const nodes: Record<string, NodeDefinition> = {
  Length: defineNode({ open: () => ({ process: ({ payload }) => String(payload).length }) }),
};

/** What a server of another make has been sent. */
interface Arrived {
  readonly encoding: string | undefined;
  readonly isCompressed: boolean;
  readonly bytes: number;
}

/**
 * A server of HTTP/2 that answers all calls with one message, compressed.
 * @param accepts what it says that it takes
 */
async function foreign(answer: Buffer, accepts = "identity,gzip"): Promise<{ uri: string; arrived: Arrived[] }> {
  const arrived: Arrived[] = [];
  const http = createServer();
  http.on("stream", (stream, headers: IncomingHttpHeaders) => {
    const parts: Buffer[] = [];
    stream.on("data", (part: Buffer) => parts.push(part));
    stream.on("end", () => {
      const message = Buffer.concat(parts);
      const encoding = headers["grpc-encoding"];
      arrived.push({ encoding: encoding as string, isCompressed: message[0] === 1, bytes: message.length });
      const common = { ":status": 200, "content-type": "application/grpc", "grpc-accept-encoding": accepts };
      stream.respond({ ...common, "grpc-encoding": "gzip" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      const packed = gzipSync(answer);
      const head = Buffer.alloc(5);
      head[0] = 1;
      head.writeUInt32BE(packed.length, 1);
      stream.end(Buffer.concat([head, packed]));
    });
    stream.on("error", () => undefined);
  });
  const sessions = new Set<{ destroy(): void }>();
  http.on("session", (session) => sessions.add(session));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    http.close();
  });
  return { uri: `grpc://127.0.0.1:${(http.address() as AddressInfo).port}/Ask`, arrived };
}

const calls = async (compression?: "gzip") => {
  const { unary, keepIdle } = grpcTransport({ clock: realClock, compression });
  const letGo = await keepIdle?.();
  onTestFinished(() => letGo?.());
  if (unary === undefined) throw new Error("gRPC has calls");
  return unary;
};

const question = (text: string) => ({
  params: {},
  inputs: { question: { payload: text, timestampUs: 0 } },
  signal: new AbortController().signal,
});

const encoded = (text: string): Buffer => {
  const { Execute } = pipelineService();
  const { responseSerialize } = Execute as grpc.MethodDefinition<object, object>;
  return responseSerialize({ outputs: { answer: { text } } });
};

const words = "all work and no play ".repeat(1_000);

describe("a client of ours that compresses", () => {
  it("sends large requests compressed and small ones as they are; without being told to, none", async () => {
    const { uri, arrived } = await foreign(encoded("done"));
    const packing = await calls("gzip");
    await packing.execute(uri, question(words));
    await packing.execute(uri, question("short"));
    await (await calls()).execute(uri, question(words));
    expect(arrived).toEqual([
      { encoding: "gzip", isCompressed: true, bytes: expect.any(Number) },
      { encoding: "gzip", isCompressed: false, bytes: expect.any(Number) },
      { encoding: undefined, isCompressed: false, bytes: expect.any(Number) },
    ]);
    const [packed, , plain] = arrived;
    expect((plain?.bytes ?? 0) / (packed?.bytes ?? 1)).toBeGreaterThan(20);
  });

  it("sends them as they are to a server that has said that it does not take gzip", async () => {
    const { uri, arrived } = await foreign(encoded("done"), "identity");
    const packing = await calls("gzip");
    await packing.execute(uri, question("short"));
    await packing.execute(uri, question(words));
    expect(arrived.map(({ isCompressed }) => isCompressed)).toEqual([false, false]);
  });

  it("is understood by a peer", async () => {
    const uri = `grpc://${addressOf(await served(program, nodes))}/Ask`;
    const answer = await (await calls("gzip")).execute(uri, question(words));
    expect(answer).toMatchObject({ answer: { payload: words.length } });
  });

  it("reads answers that are compressed, as far as their limit, and says so beyond it", async () => {
    const within = await foreign(encoded(words));
    expect(await (await calls()).execute(within.uri, question("q"))).toMatchObject({ answer: { payload: words } });
    const bomb = await foreign(Buffer.alloc(32 * 1024 * 1024));
    await expect((await calls()).execute(bomb.uri, question("q"))).rejects.toMatchObject({
      code: "resource-exhausted",
      message: expect.stringContaining("decompresses to a size larger than"),
    });
  });
});

describe("a peer", () => {
  it("refuses what inflates beyond its limit, whatever its size on the way, and goes on", async () => {
    const address = addressOf(await served(program, nodes));
    const stub = new Stub(address, { "grpc.default_compression_algorithm": 2, "grpc.max_send_message_length": -1 });
    const ask = (text: string) => stub.call("Execute", { pipeline: "Ask", inputs: { question: { text } } });
    expect(await statusOfCall(ask("0".repeat(8 * 1024 * 1024)))).toMatchObject({
      code: grpc.status.RESOURCE_EXHAUSTED,
      details: expect.stringContaining("4194304"),
    });
    expect(await ask(words)).toMatchObject({ outputs: { answer: { json: String(words.length) } } });
  });

  it("answers uncompressed, whatever a client accepts and a handler asks for, as long as grpc-js does", async () => {
    const server = new grpc.Server({ "grpc.default_compression_algorithm": 2 });
    onTestFinished(() => server.forceShutdown());
    server.addService(pipelineService(), {
      Execute: (call: grpc.ServerUnaryCall<object, object>, done: grpc.sendUnaryData<object>) => {
        const metadata = new grpc.Metadata();
        metadata.set("grpc-internal-encoding-request", "gzip");
        call.sendMetadata(metadata);
        done(null, { outputs: { answer: { text: words } } });
      },
    });
    const port = await new Promise<number>((resolve, reject) => {
      const credentials = grpc.ServerCredentials.createInsecure();
      server.bindAsync("127.0.0.1:0", credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
    });
    const client = connect(`http://127.0.0.1:${port}`);
    onTestFinished(() => client.destroy());
    const stream = client.request({
      ":method": "POST",
      ":path": "/mesh.v1.Pipeline/Execute",
      "content-type": "application/grpc",
      te: "trailers",
      "grpc-accept-encoding": "identity,gzip",
    });
    stream.end(Buffer.alloc(5));
    const headers = await new Promise<IncomingHttpHeaders>((resolve) => void stream.once("response", resolve));
    const parts: Buffer[] = [];
    for await (const part of stream) parts.push(part as Buffer);
    const message = Buffer.concat(parts);
    expect(headers["grpc-encoding"]).toBe("identity");
    expect(message[0]).toBe(0);
    expect(message.length).toBeGreaterThan(words.length);
  });
});
