import { Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import { openSync, writeSync } from "node:fs";
import { defineNode } from "../../runtime/interface/node.ts";
import { launchPlan } from "../../runtime/mesh/launch.ts";
import { nodejsPlatform } from "../../runtime/platform/nodejs.ts";
import { nodejsTransport } from "../../runtime/platform/running.nodejs.ts";
import type { EngineName } from "../../runtime/transports/webrtc/engines/choose.nodejs.ts";
import { peerOf, planOfPeers, stepOf } from "../runtime/mesh/fixtures/plans.ts";

/**
 * A peer of `bench -- failover`, in a process of its own: marks what it gets with its name and sends it back, by `Far` at the first
 * address that it prints, by a stream of gRPC as one would write it by hand at the second. What it gets it first writes to a file,
 * which outlives it. Ends when its input ends.
 */
export const streaming = {
  path: "/bench.Failover/Stream",
  requestStream: true,
  responseStream: true,
  requestSerialize: (value: string) => Buffer.from(value),
  requestDeserialize: (bytes: Buffer) => bytes.toString(),
  responseSerialize: (value: string) => Buffer.from(value),
  responseDeserialize: (bytes: Buffer) => bytes.toString(),
} as const;

const [, , name = "", engine = "auto", file] = process.argv;
if (file !== undefined) await serve(openSync(file, "a"));

async function serve(log: number): Promise<void> {
  const mark = (payload: string): string => {
    writeSync(log, `${payload}\n`);
    return `${payload} ${name}`;
  };
  const silent = (): void => undefined;
  const transports = [nodejsTransport({ engine: engine as EngineName }, silent)];
  const registry = () =>
    defineNode({
      sync: true,
      open: (_, { emit }) => ({ process: ({ payload }) => void emit("out", mark(String(payload))) }),
    });
  const plan = planOfPeers([stepOf("Far")], [peerOf("far", "Far")]);
  const mesh = await launchPlan(plan, nodejsPlatform({ transports }), { registry });
  const server = new Server();
  server.addService(
    { Stream: streaming },
    {
      Stream(call: ServerDuplexStream<string, string>) {
        call.on("data", (payload: string) => call.write(mark(payload)));
        call.on("end", () => call.end());
        call.on("error", silent);
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  console.log(`${mesh.peers[0]?.addresses[0]} ${port}`);
  process.stdin.resume();
  process.stdin.on("end", () => process.exit(0));
}
