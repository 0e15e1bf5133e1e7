import * as grpc from "@grpc/grpc-js";
import { fromJSON, type ServiceDefinition } from "@grpc/proto-loader";
import { fileURLToPath } from "node:url";
import { delay } from "../../runtime/interface/clock.ts";
import { defineNode } from "../../runtime/interface/node.ts";
import type { Plan } from "../../runtime/interface/plan.ts";
import { launchPlan } from "../../runtime/mesh/launch.ts";
import { servePeer } from "../../runtime/mesh/serving.ts";
import * as calls from "../../runtime/remote/calls.ts";
import { grpcTransport } from "../../runtime/transports/grpc/transport.nodejs.ts";
import { PipelineBuilder, planWith } from "../support/pipeline-plan-builder.ts";
import { realClock as clock } from "../support/real-clock.ts";
import { bytes, lastMark, random } from "./border-peer.ts";

/**
 * The answering side of `bench -- grpc`, in a process of its own: pipelines, or with `by-hand` a service as one would write it with the
 * library alone. Tells its parent where it listens, and ends with it.
 */
const service = (): ServiceDefinition => {
  const loaded = fromJSON(
    {
      nested: {
        bench: {
          nested: {
            Bench: {
              methods: {
                Echo: { requestType: "Data", responseType: "Data" },
                Count: { requestType: "Data", requestStream: true, responseType: "Data" },
              },
            },
            Data: { fields: { payload: { type: "bytes", id: 1 } } },
          },
        },
      },
    } as unknown as Parameters<typeof fromJSON>[0],
    { keepCase: true, defaults: true },
  );
  return loaded["bench.Bench"] as ServiceDefinition;
};
export const benchService: ServiceDefinition = service();

export interface Data {
  readonly payload: Uint8Array;
}

/** What the parent of a process may ask for. */
export interface Job {
  readonly kind: "one by one" | "many" | "stream" | "slow" | "cpu";
  readonly size: number;
  readonly count: number;
}

const limit = 32 * 1024 * 1024;
export const sizes = { "grpc.max_receive_message_length": limit, "grpc.max_send_message_length": limit } as const;

function plan(): Plan {
  const mirror = new PipelineBuilder("Mirror", { data: bytes }, { same: bytes })
    .node("Echo", { in: bytes }, { out: bytes })
    .link("data", "Echo.in")
    .link("Echo.out", "same")
    .with({ batch: true });
  const count = new PipelineBuilder("Count", { bulk: bytes }, { done: bytes })
    .node("Last", { in: bytes }, { out: bytes })
    .link("bulk", "Last.in")
    .link("Last.out", "done");
  const slow = new PipelineBuilder("Slow", { bulk: bytes }, { done: bytes })
    .node("Wait", { in: bytes }, { out: bytes })
    .link("bulk", "Wait.in")
    .link("Wait.out", "done");
  const { pipelines, ...rest } = planWith(mirror, count, slow);
  const location = { file: "main.mesh", line: 1, column: 1 };
  const runs = Object.keys(pipelines).map((name) => ({ pipeline: name, as: name, params: {} }));
  const server = { name: "server", runs, listens: [{ literal: "grpc://127.0.0.1:0" }], registers: [], location };
  return { ...rest, pipelines, peers: { server } };
}

const nodes = {
  Echo: defineNode({ sync: true, open: (_, { emit }) => ({ process: ({ payload }) => void emit("out", payload) }) }),
  Last: defineNode({
    sync: true,
    open: (_, { emit }) => ({
      process: ({ payload }) => {
        if ((payload as Uint8Array)[0] === lastMark) void emit("out", payload);
      },
    }),
  }),
  Wait: defineNode({
    open: (_, { emit }) => ({
      async process({ payload }) {
        await delay(clock, 20);
        await emit("out", (payload as Uint8Array).slice(0, 1));
      },
    }),
  }),
};

async function servePipelines(): Promise<string> {
  const registry = ({ node }: { readonly node: string }): (typeof nodes)["Echo"] => nodes[node as "Echo"];
  const mesh = await launchPlan(
    plan(),
    {
      clock,
      random,
      log: () => undefined,
      env: () => undefined,
      transports: [grpcTransport({ clock })],
      calls: () => Promise.resolve(calls),
      serve: servePeer,
    },
    { registry },
  );
  return mesh.peers[0]?.addresses[0] ?? "";
}

async function serveByHand(): Promise<string> {
  const server = new grpc.Server(sizes);
  server.addService(benchService as grpc.ServiceDefinition, {
    Echo: (call: grpc.ServerUnaryCall<Data, Data>, done: grpc.sendUnaryData<Data>) => done(null, call.request),
    Count: (call: grpc.ServerReadableStream<Data, Data>, done: grpc.sendUnaryData<Data>) => {
      call.on("data", () => undefined);
      call.on("end", () => done(null, { payload: new Uint8Array(1) }));
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return `127.0.0.1:${port}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const address = process.argv[2] === "by-hand" ? await serveByHand() : await servePipelines();
  // The one thing that it is asked for: how much processor time it has taken.
  process.on("message", () => {
    const { user, system } = process.cpuUsage();
    process.send?.([user + system]);
  });
  process.once("disconnect", () => process.exit(0));
  process.send?.(address);
}
