import { once } from "node:events";
import { connect } from "node:http2";
import { expect, onTestFinished, test } from "vitest";
import type { FlowType } from "../../../runtime/interface/caps.ts";
import { defineNode } from "../../../runtime/interface/node.ts";
import { remotePipeline } from "../../../runtime/remote/caller.ts";
import { grpcLimits } from "../../../runtime/transports/grpc/limits.ts";
import { grpcTransport } from "../../../runtime/transports/grpc/transport.nodejs.ts";
import { realClock, seededRandom } from "../../support/real-clock.ts";
import { addressOf, served } from "./support/served.ts";

const bytes: FlowType = { kind: "scalar", name: "bytes" };
const int: FlowType = { kind: "scalar", name: "int" };

const program = `
node Slow {
  in bytes
  out int
  from "./x.ts"
}
pipeline Drain {
  in bulk: bytes
  out sizes: int
  bulk -> Slow() -> sizes
}
peer server {
  runs Drain
  listens "grpc://127.0.0.1:0"
}
`;

/** A node that takes as many frames as it is let, and tells how large they were. */
class Valve {
  #may = 0;
  #more: () => void = () => undefined;

  readonly node = defineNode({
    open: (_, { emit }) => ({
      process: async ({ payload }) => {
        while (this.#may === 0) await new Promise<void>((resolve) => (this.#more = resolve));
        this.#may -= 1;
        await emit("out", (payload as Uint8Array).length);
      },
    }),
  });

  let(frames: number): void {
    this.#may += frames;
    this.#more();
  }
}

test("a server lets callers have more under way than HTTP/2 begins with, on a stream and on a connection", async () => {
  const mesh = await served(program, { Slow: new Valve().node });
  const session = connect(`http://${addressOf(mesh)}`);
  onTestFinished(() => session.destroy());
  await once(session, "remoteSettings");
  // The answer to a ping comes behind what the server has said before.
  await new Promise((resolve) => session.ping(resolve));
  expect(session.remoteSettings.initialWindowSize).toBe(grpcLimits.flowControlBytes);
  expect(session.state.remoteWindowSize).toBe(grpcLimits.flowControlBytes);
});

test("R4.1 R4.2 what a slow consumer has not taken is bounded in bytes at the producer, which waits and loses nothing", async () => {
  const valve = new Valve();
  const mesh = await served(program, { Slow: valve.node });
  const sizes: unknown[] = [];
  let isOver: () => void = () => undefined;
  const over = new Promise<void>((resolve) => (isOver = resolve));
  const session = await remotePipeline({
    transport: grpcTransport({ clock: realClock }),
    uri: `grpc://${addressOf(mesh)}/Drain`,
    clock: realClock,
    random: seededRandom(3),
  }).open({
    params: {},
    inputs: { bulk: bytes },
    outputs: {
      sizes: {
        type: int,
        link: {
          writable: true,
          ready: () => Promise.resolve(),
          send: ({ payload }) => void sizes.push(payload),
          end: () => isOver(),
          abort: () => undefined,
        },
      },
    },
    schemas: {},
    signal: new AbortController().signal,
  });
  const bulk = session.inputs["bulk"];
  if (bulk === undefined) throw new Error("The session has no input `bulk`.");

  const [frames, size] = [200, 100_000];
  const held = (): number => (session.describe().streams.find(({ name }) => name === "bulk")?.queued ?? 0) * size;
  let most = 0;
  let waits = 0;
  for (let seq = 0; seq < frames; seq += 1) {
    while (!bulk.writable) {
      // Not only the engine is busy: nothing goes on before the consumer does.
      if (held() >= grpcLimits.windowBytes) {
        waits += 1;
        valve.let(40);
      }
      await bulk.ready();
    }
    bulk.send({ timestampUs: seq, seq, epoch: 0, flags: 0, payload: new Uint8Array(size) });
    most = Math.max(most, held());
  }
  bulk.end();
  valve.let(frames);
  await over;

  expect(waits).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(grpcLimits.windowBytes + size);
  expect(sizes).toEqual(Array.from({ length: frames }, () => size));
  await session.close();
});
