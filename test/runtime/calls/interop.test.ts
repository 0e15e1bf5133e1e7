import * as grpc from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import { addressOf, served, statusOfCall, Stub } from "./support/served.ts";

/**
 * The cases that implementations of gRPC test each other with, as far as the service has what they need:
 * https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md
 */
const program = `
batch node Echo {
  in data: bytes
  out same: bytes
  from "./x.ts"
}
batch node Fail {
  in why: text
  out never: text
  from "./x.ts"
}
batch node Sleep {
  in text
  out text
  from "./x.ts"
}
batch node Answer {
  in pulse: signal
  out text: text
  from "./x.ts"
}
batch pipeline Mirror {
  in data: bytes
  out same: bytes
  data -> Echo() -> same
}
batch pipeline Failing {
  in why: text
  out never: text
  why -> Fail() -> never
}
batch pipeline Sleeping {
  in line: text
  out line2: text
  line -> Sleep() -> line2
}
batch pipeline Empty {
  in pulse: signal
  out text: text
  pulse -> Answer() -> text
}
peer server {
  runs Mirror
  runs Failing
  runs Sleeping
  runs Empty
  listens "grpc://127.0.0.1:0"
}
`;

function nodes(sleeping: (gone: AbortSignal) => void = () => undefined): Record<string, NodeDefinition> {
  return {
    Echo: defineNode({ open: (_, { emit }) => ({ process: ({ payload }) => emit("same", payload) }) }),
    Fail: defineNode({
      open: () => ({
        process: ({ payload }) => {
          throw new MeshError("access-denied", String(payload));
        },
      }),
    }),
    Sleep: defineNode({
      open: (_, { signal }) => ({
        process: () => {
          sleeping(signal);
          return new Promise<void>((_resolve, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
          });
        },
      }),
    }),
    Answer: defineNode({ open: (_, { emit }) => ({ process: () => emit("text", "") }) }),
  };
}

const bytes = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, index) => index % 251);
const mirror = (data: Uint8Array): object => ({ pipeline: "Mirror", inputs: { data: { bytes: data } } });

/** What a call of `Stream` ends with. */
function statusOf(call: grpc.ClientDuplexStream<object, object>): Promise<grpc.StatusObject> {
  return new Promise((resolve) => {
    call.on("status", resolve);
    call.on("error", () => undefined);
  });
}

function streamTo(stub: Stub, pipeline: string): grpc.ClientDuplexStream<object, Record<string, unknown>> {
  const metadata = new grpc.Metadata();
  metadata.set("mesh-pipeline", pipeline);
  metadata.set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  return stub.stream(metadata);
}

const control = (message: object): object => ({
  channel: 0,
  message: Buffer.concat([Buffer.from([0]), Buffer.from(JSON.stringify(message))]),
});

describe("a case of gRPC's interoperability tests:", () => {
  it("empty_unary", async () => {
    const stub = new Stub(addressOf(await served(program, nodes())));
    const answer = await stub.call("Execute", { pipeline: "Empty", inputs: { pulse: { none: true } } });
    expect(answer).toMatchObject({ outputs: { text: { text: "" } } });
  });

  it("large_unary, with and without compression by the client", async () => {
    const address = addressOf(await served(program, nodes()));
    const data = bytes(3_000_000);
    for (const algorithm of [0, 2]) {
      // 2 is gzip.
      const stub = new Stub(address, { "grpc.default_compression_algorithm": algorithm });
      const { outputs } = (await stub.call("Execute", mirror(data))) as { outputs: { same: { bytes: Uint8Array } } };
      expect(Buffer.compare(outputs.same.bytes, data)).toBe(0);
    }
  });

  it("ping_pong: each message of a stream is answered before the next", async () => {
    const call = streamTo(new Stub(addressOf(await served(program, nodes()))), "Mirror");
    const said: { type: string; sentUs?: number }[] = [];
    const waiting: (() => void)[] = [];
    call.on("data", ({ channel, message }: { channel: number; message: Buffer }) => {
      if (channel !== 0 || message.length === 0) return;
      said.push(JSON.parse(message.subarray(1).toString()) as (typeof said)[number]);
      for (const wake of waiting.splice(0)) wake();
    });
    const ended = statusOf(call);
    const heard = async (fits: (one: (typeof said)[number]) => boolean): Promise<void> => {
      while (!said.some(fits)) await new Promise<void>((resolve) => waiting.push(resolve));
    };
    const types = { data: { kind: "scalar", name: "bytes" } };
    const hello = {
      type: "hello",
      versions: [1],
      session: "a-session-of-a-stub",
      pipeline: "Mirror",
      params: {},
      inputs: [{ port: "data", channel: 1, type: types.data }],
      outputs: [{ port: "same", channel: 2, type: types.data, window: { frames: 8, bytes: 65_536 } }],
      schemas: {},
    };
    for (const channel of [1, 2]) call.write({ channel });
    call.write(control(hello));
    await heard(({ type }) => type === "accept");
    for (const sentUs of [1, 2, 3, 4]) {
      call.write(control({ type: "ping", sentUs }));
      await heard((one) => one.type === "pong" && one.sentUs === sentUs);
    }
    call.end();
    expect((await ended).code).toBe(grpc.status.OK);
  });

  it("empty_stream: a caller that says nothing is let go in good order", async () => {
    const call = streamTo(new Stub(addressOf(await served(program, nodes()))), "Mirror");
    const ended = statusOf(call);
    call.on("data", () => undefined);
    call.end();
    expect((await ended).code).toBe(grpc.status.OK);
  });

  it("cancel_after_begin", async () => {
    const call = streamTo(new Stub(addressOf(await served(program, nodes()))), "Mirror");
    const ended = statusOf(call);
    call.cancel();
    expect((await ended).code).toBe(grpc.status.CANCELLED);
  });

  it("cancel_after_first_response", async () => {
    const call = streamTo(new Stub(addressOf(await served(program, nodes()))), "Mirror");
    const ended = statusOf(call);
    const first = new Promise((resolve) => call.once("data", resolve));
    call.on("data", () => undefined);
    call.write(control({ type: "describe", versions: [1], pipeline: "Mirror" }));
    await first;
    call.cancel();
    expect((await ended).code).toBe(grpc.status.CANCELLED);
  });

  it("timeout_on_sleeping_server: both sides give up", async () => {
    let begun: (gone: AbortSignal) => void = () => undefined;
    const isBegun = new Promise<AbortSignal>((resolve) => (begun = resolve));
    const stub = new Stub(addressOf(await served(program, nodes(begun))));
    const request = { pipeline: "Sleeping", inputs: { line: { text: "x" } } };
    const status = statusOfCall(stub.call("Execute", request, { deadlineMs: 500 }));
    const gone = await isBegun;
    if (!gone.aborted) await new Promise((resolve) => gone.addEventListener("abort", resolve, { once: true }));
    expect((await status).code).toBe(grpc.status.DEADLINE_EXCEEDED);
  });

  it.each([
    ["status_code_and_message", "test status message"],
    ["special_status_message", "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"],
  ])("%s", async (_, message) => {
    const stub = new Stub(addressOf(await served(program, nodes())));
    const { code, details } = await statusOfCall(
      stub.call("Execute", { pipeline: "Failing", inputs: { why: { text: message } } }),
    );
    expect(code).toBe(grpc.status.PERMISSION_DENIED);
    expect(details).toContain(message);
  });

  it.each([
    ["unimplemented_method", "/mesh.v1.Pipeline/Nothing"],
    ["unimplemented_service", "/mesh.v2.Pipeline/Execute"],
  ])("%s", async (_, path) => {
    const { client } = new Stub(addressOf(await served(program, nodes())));
    const same = (data: Buffer): Buffer => data;
    const called = new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, same, same, Buffer.alloc(0), (error, answer) =>
        error === null ? resolve(answer) : reject(error),
      );
    });
    expect((await statusOfCall(called)).code).toBe(grpc.status.UNIMPLEMENTED);
  });
});
