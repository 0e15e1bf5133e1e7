import type { PipelineDescription } from "../../interface/description.ts";
import { MeshError } from "../../interface/errors.ts";
import type { UnaryCalls } from "../../interface/transport.ts";
import { parseTargetUri, type MeshUri } from "../../interface/uri.ts";
import { cborEncoding } from "../../remote/cbor/choose.ts";
import { CborReader } from "../../remote/cbor/reader.ts";
import { CborWriter } from "../../remote/cbor/writer.ts";
import { describedBy } from "../../remote/describe.ts";
import { checkJsonDepth } from "../../remote/json-depth.ts";
import { protocolVersion } from "../../remote/limits.ts";
import { parseControl } from "../../remote/messages.ts";
import { callUnary, type FailedCall, type UnaryCall, type UnaryMethod } from "./call.nodejs.ts";
import type { Clients } from "./clients.nodejs.ts";
import { callError } from "./dial.nodejs.ts";
import { decodeExecuteResponse, encodeExecuteRequest } from "./execute-message.ts";
import { metadataFor } from "./metadata.nodejs.ts";
import { grpcLimits } from "./limits.ts";
import { fromPayloads, toParams, type DescribeResponseMessage, type PortMessage } from "./messages.ts";
import { pipelineService } from "./services.nodejs.ts";

/** A request is written before it is clear whether a call can carry it. */
const executeMethod: UnaryMethod<Buffer, ReturnType<typeof decodeExecuteResponse>> = {
  path: "/mesh.v1.Pipeline/Execute",
  requestSerialize: (written) => written,
  responseDeserialize: decodeExecuteResponse,
};

/** Calls of `Describe` and `Execute`. */
export function unaryCalls(clients: Clients): UnaryCalls {
  const describeMethod = pipelineService()["Describe"] as UnaryMethod<object, object> as UnaryMethod<
    { readonly pipeline: string },
    DescribeResponseMessage
  >;
  const invoke = async <Request, Response>(
    uri: MeshUri,
    call: Omit<UnaryCall<Request, Response>, "client">,
  ): Promise<Response> => {
    const { signal } = call;
    signal.throwIfAborted();
    const { client, release } = clients.take(uri);
    try {
      return await callUnary({ ...call, client });
    } catch (error) {
      signal.throwIfAborted();
      throw callError(error as FailedCall, uri, false);
    } finally {
      release();
    }
  };
  const targets = new LatestTarget();
  const cbor = { reader: new CborReader(), writer: new CborWriter() };
  return {
    async describe(text, signal) {
      const uri = parseTargetUri(text, "grpc");
      const deadline = Date.now() + grpcLimits.connectMs;
      const request = { pipeline: uri.pipeline };
      const response = await invoke(uri, { method: describeMethod, request, signal, deadline });
      return {
        description: toDescription(uri.pipeline, response),
        maxRequestBytes: response.max_request_bytes || grpcLimits.requestBytes,
        encodings: response.encodings,
      };
    },
    async execute(text, { params, inputs, signal, context, inCbor, maxRequestBytes = Infinity }) {
      const uri = targets.parse(text);
      const request = encodeExecuteRequest(
        { pipeline: uri.pipeline, inputs, params: toParams(params), encodings: [cborEncoding] },
        (port) => (inCbor?.has(port) === true ? cbor.writer : undefined),
      );
      if (request.length > maxRequestBytes) return undefined;
      const metadata = metadataFor(context);
      return fromPayloads(await invoke(uri, { method: executeMethod, request, signal, metadata }), cbor.reader);
    },
  };
}

/** Mostly the same pipeline is asked again. */
class LatestTarget {
  #text = "";
  #uri: ReturnType<typeof parseTargetUri> | undefined;

  parse(text: string): ReturnType<typeof parseTargetUri> {
    if (this.#uri !== undefined && text === this.#text) return this.#uri;
    const uri = parseTargetUri(text, "grpc");
    this.#text = text;
    this.#uri = uri;
    return uri;
  }
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
