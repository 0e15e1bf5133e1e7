import type { MethodDefinition } from "@grpc/grpc-js";
import type { PipelineDescription } from "../../interface/description.ts";
import { MeshError } from "../../interface/errors.ts";
import type { UnaryCalls } from "../../interface/transport.ts";
import { parseTargetUri, type MeshUri } from "../../interface/uri.ts";
import { describedBy } from "../../remote/describe.ts";
import { checkJsonDepth } from "../../remote/json-depth.ts";
import { protocolVersion } from "../../remote/limits.ts";
import { parseControl } from "../../remote/messages.ts";
import { callUnary, type FailedCall, type UnaryCall } from "./call.nodejs.ts";
import type { Clients } from "./clients.nodejs.ts";
import { callError } from "./dial.nodejs.ts";
import { metadataFor } from "./metadata.nodejs.ts";
import { grpcLimits } from "./limits.ts";
import {
  fromPayloads,
  toParams,
  toPayloads,
  type DescribeResponseMessage,
  type ExecuteResponseMessage,
  type PortMessage,
} from "./messages.ts";
import { pipelineService } from "./services.nodejs.ts";

/** Calls of `Describe` and `Execute`. */
export function unaryCalls(clients: Clients): UnaryCalls {
  const service = pipelineService();
  const invoke = async <Response>(
    uri: MeshUri,
    name: "Describe" | "Execute",
    request: object,
    { signal, ...options }: Pick<UnaryCall<never, never>, "signal" | "deadline" | "metadata">,
  ): Promise<Response> => {
    signal.throwIfAborted();
    const { client, release } = clients.take(uri);
    try {
      const method = service[name] as MethodDefinition<object, unknown> as MethodDefinition<object, Response>;
      return await callUnary({ client, method, request, signal, ...options });
    } catch (error) {
      signal.throwIfAborted();
      throw callError(error as FailedCall, uri, false);
    } finally {
      release();
    }
  };
  return {
    async describe(text, signal) {
      const uri = parseTargetUri(text, "grpc");
      const deadline = Date.now() + grpcLimits.connectMs;
      const { pipeline } = uri;
      const response = await invoke<DescribeResponseMessage>(uri, "Describe", { pipeline }, { signal, deadline });
      return {
        description: toDescription(pipeline, response),
        maxRequestBytes: response.max_request_bytes || grpcLimits.requestBytes,
      };
    },
    async execute(text, { params, inputs, signal, context }) {
      const uri = parseTargetUri(text, "grpc");
      const request = { pipeline: uri.pipeline, inputs: toPayloads(inputs), params_json: toParams(params) };
      const { outputs } = await invoke<ExecuteResponseMessage>(uri, "Execute", request, {
        signal,
        metadata: metadataFor(context),
      });
      return fromPayloads(outputs);
    },
  };
}

/** @throws {MeshError} `protocol-violation` */
function toDescription(pipeline: string, response: DescribeResponseMessage): PipelineDescription {
  const side = (ports: readonly PortMessage[]): object[] =>
    ports.map(({ name, type_json, optional }) => ({ port: name, type: parsed(type_json), optional }));
  const { batch, idempotent, inputs, outputs, schemas_json } = response;
  // The same rules hold for what is told over a session, so the same reader judges it.
  const message = parseControl(
    JSON.stringify({
      type: "description",
      version: protocolVersion,
      batch,
      idempotent,
      inputs: side(inputs),
      outputs: side(outputs),
      schemas: parsed(schemas_json || "{}"),
    }),
  );
  if (message?.type === "description") return describedBy(pipeline, message);
  throw new MeshError(
    "protocol-violation",
    "The other peer has described its pipeline in a way that is not known here.",
  );
}

function parsed(json: string): unknown {
  checkJsonDepth(json);
  try {
    return JSON.parse(json);
  } catch {
    throw new MeshError(
      "protocol-violation",
      "The other peer has described its pipeline in something that is no JSON.",
    );
  }
}
