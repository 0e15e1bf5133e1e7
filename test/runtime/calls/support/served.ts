import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { whenAborted } from "../../../../runtime/interface/abort.ts";
import type { NodeDefinition } from "../../../../runtime/interface/node.ts";
import { launchPlan, type LaunchOptions, type Mesh } from "../../../../runtime/mesh/launch.ts";
import { servePeer } from "../../../../runtime/mesh/serving.ts";
import * as calls from "../../../../runtime/remote/calls.ts";
import { grpcTransport } from "../../../../runtime/transports/grpc/transport.nodejs.ts";
import { weriftTransport } from "../../../conformance/nodejs-transport.ts";
import { depsOf, planOf } from "../../../support/pipeline-run.ts";
import { realClock, seededRandom } from "../../../support/real-clock.ts";

/** The service as its users read it: from the file that is published. */
const protoFile = fileURLToPath(new URL("../../../../runtime/transports/grpc/mesh/v1/mesh.proto", import.meta.url));
const loaded = loadSync(protoFile, { keepCase: true, defaults: true, oneofs: true, longs: Number });

/** Runs the peers of a program at real ports, until the test ends. */
export async function served(
  source: string,
  nodes: Readonly<Record<string, NodeDefinition>>,
  options: Omit<LaunchOptions, "registry"> = {},
): Promise<Mesh> {
  const mesh = await launched(source, nodes, options);
  onTestFinished(() => mesh.close());
  return mesh;
}

/** The same for tests that share them; whoever asks closes them. */
export function launched(
  source: string,
  nodes: Readonly<Record<string, NodeDefinition>>,
  options: Omit<LaunchOptions, "registry"> = {},
): Promise<Mesh> {
  return launchPlan(
    planOf(source),
    {
      clock: realClock,
      random: seededRandom(5),
      log: () => undefined,
      env: () => undefined,
      transports: [grpcTransport({ clock: realClock }), weriftTransport()],
      calls: () => Promise.resolve(calls),
      serve: servePeer,
    },
    { registry: depsOf(nodes).registry, ...options },
  );
}

/** `127.0.0.1:40123`, of the first address of the first peer. */
export function addressOf(mesh: Mesh): string {
  return (mesh.peers[0]?.addresses[0] ?? "").replace(/^\w+:\/\//, "");
}

export interface CallOptions {
  readonly metadata?: grpc.Metadata;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/** A client of plain grpc-js. */
export class Stub {
  readonly client: grpc.Client;
  readonly #service = (loaded["mesh.v1.Pipeline"] ?? {}) as grpc.ServiceDefinition;

  constructor(address: string, options: grpc.ClientOptions = {}) {
    this.client = new grpc.Client(address, grpc.credentials.createInsecure(), options);
    onTestFinished(() => this.client.close());
  }

  /** @throws {grpc.ServiceError} */
  call(method: "Describe" | "Execute", request: object, options: CallOptions = {}): Promise<Record<string, unknown>> {
    const { path, requestSerialize, responseDeserialize } = this.#service[method] as grpc.MethodDefinition<
      object,
      Record<string, unknown>
    >;
    const { metadata = new grpc.Metadata(), deadlineMs, signal } = options;
    const callOptions = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    return new Promise((resolve, reject) => {
      const call = this.client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        callOptions,
        (error, response) => (response === undefined || error !== null ? reject(error) : resolve(response)),
      );
      whenAborted(signal, () => call.cancel());
    });
  }

  stream(metadata: grpc.Metadata): grpc.ClientDuplexStream<object, Record<string, unknown>> {
    const { path, requestSerialize, responseDeserialize } = this.#service["Stream"] as grpc.MethodDefinition<
      object,
      Record<string, unknown>
    >;
    return this.client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata);
  }
}

/** What a call failed with. */
export async function statusOfCall(call: Promise<unknown>): Promise<{
  readonly code: number;
  readonly details: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}> {
  const error = await call.then(
    () => {
      throw new Error("the call has succeeded");
    },
    (reason: unknown) => reason as grpc.ServiceError,
  );
  return { code: error.code, details: error.details, metadata: error.metadata.getMap() };
}
