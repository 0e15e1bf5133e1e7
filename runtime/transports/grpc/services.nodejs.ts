/** The services beside the streams: descriptions and calls, health, reflection. */
import {
  type handleUnaryCall as HandleUnary,
  type Server,
  type ServerUnaryCall,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { fromJSON, type ServiceDefinition } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";
import { HealthImplementation, service as healthService } from "grpc-health-check";
import { CallCancellation, type CallSignal } from "../../interface/call-signal.ts";
import type { ExecuteRequest, ExecuteResponse, PipelineCalls } from "../../interface/calls.ts";
import { MeshError } from "../../interface/errors.ts";
import { cborEncoding, gainsByCbor } from "../../remote/cbor/choose.ts";
import { CborReader } from "../../remote/cbor/reader.ts";
import { CborWriter } from "../../remote/cbor/writer.ts";
import { decodeExecuteRequest, encodeExecuteResponse, type RecordWriters } from "./execute-message.ts";
import { meshV1, meshV1Descriptor } from "./mesh-v1.ts";
import {
  fromParams,
  fromPayloads,
  toDescription,
  toFailureMessage,
  toPayloads,
  type DescribeResponseMessage,
  type ExecuteRequestMessage,
  type ItemResultsMessage,
} from "./messages.ts";
import { contextIn, statusOf } from "./metadata.nodejs.ts";

/** `mesh.v1.Pipeline` as grpc-js wants it. */
export function pipelineService(): ServiceDefinition {
  const loaded = fromJSON(meshV1 as unknown as Parameters<typeof fromJSON>[0], {
    keepCase: true,
    longs: Number,
    defaults: true,
    oneofs: true,
  });
  return loaded["mesh.v1.Pipeline"] as ServiceDefinition;
}

/** What an `Execute` is answered with. */
type ExecuteAnswer = { readonly outputs: ExecuteResponse; readonly writers: RecordWriters } | ItemResultsMessage;

/** `Execute` for a server: requests and answers without items are read and written by hand, those with them by the library. */
export function servedExecute(method: ServiceDefinition[string]): ServiceDefinition[string] {
  const { requestDeserialize, responseSerialize } = method;
  const serialize = (answer: ExecuteAnswer): Buffer =>
    "items" in answer ? responseSerialize(answer) : encodeExecuteResponse(answer.outputs, answer.writers);
  return {
    ...method,
    requestDeserialize: (bytes) => decodeExecuteRequest(bytes) ?? requestDeserialize(bytes),
    responseSerialize: (answer) => serialize(answer as ExecuteAnswer),
  };
}

export function unaryHandlers(calls: PipelineCalls): UntypedServiceImplementation {
  const cbor = { reader: new CborReader(), writer: new CborWriter() };
  return {
    Describe: unary<{ readonly pipeline: string }, DescribeResponseMessage>(async ({ request }) =>
      toDescription(calls.describe(request.pipeline)),
    ),
    Execute: unary<ExecuteRequestMessage, ExecuteAnswer>(async ({ request, metadata }, signal) => {
      const { pipeline } = request;
      const context = contextIn(metadata);
      const params = fromParams(request.params_json);
      const shared = { pipeline, params, signal, context };
      if (request.items.length > 0) return executeList(calls, request, shared, cbor);
      const inputs = fromPayloads(request.inputs, cbor.reader);
      return { outputs: await calls.execute({ ...shared, inputs }), writers: writersOf(calls, request, cbor.writer) };
    }),
  };
}

/** Whoever asks may read CBOR; where that is of use, answers go in it. */
function writersOf(
  calls: PipelineCalls,
  { pipeline, encodings }: ExecuteRequestMessage,
  writer: CborWriter,
): RecordWriters {
  if (!encodings.includes(cborEncoding)) return () => undefined;
  const { outputs, schemas } = calls.describe(pipeline);
  return (port) => {
    const type = outputs[port]?.type;
    return type !== undefined && gainsByCbor(type, schemas) ? writer : undefined;
  };
}

/** @throws {MeshError} what holds for all items */
async function executeList(
  calls: PipelineCalls,
  request: ExecuteRequestMessage,
  shared: Omit<ExecuteRequest, "inputs">,
  cbor: { readonly reader: CborReader; readonly writer: CborWriter },
): Promise<ItemResultsMessage> {
  const { inputs, items } = request;
  if (Object.keys(inputs).length > 0) {
    throw new MeshError("invalid-argument", "A request has `inputs` or `items`, not both.");
  }
  const { executeItems } = await import("../../calls/items.ts");
  const asked = items.map((item) => () => fromPayloads(item.inputs, cbor.reader));
  const results = await executeItems(calls, { ...shared, items: asked });
  const writers = writersOf(calls, request, cbor.writer);
  return {
    items: results.map((one) =>
      "error" in one ? { failure: toFailureMessage(one.error) } : { outputs: toPayloads(one.outputs, writers) },
    ),
  };
}

/** @param work its signal is aborted when the caller has gone or its deadline has passed */
function unary<Request, Response>(
  work: (call: ServerUnaryCall<Request, Response>, signal: CallSignal) => Promise<Response>,
): HandleUnary<Request, Response> {
  return (call, callback) => {
    const gone = new CallCancellation();
    let isAnswered = false;
    // grpc-js cancels a call at its deadline as well, and says so of one that has been answered.
    call.on("cancelled", () => {
      if (!isAnswered) gone.abort(new MeshError("cancelled", "The caller waits no longer."));
    });
    work(call, gone).then(
      (response) => {
        isAnswered = true;
        callback(null, response);
      },
      (error: unknown) => callback(statusOf(MeshError.from(error))),
    );
  };
}

/** Health as gRPC has it: of the server by the empty name, of a pipeline by its own, and of the service. */
export class Health {
  readonly #health: HealthImplementation;
  readonly #names: readonly string[];

  constructor(pipelines: readonly string[]) {
    this.#names = ["", "mesh.v1.Pipeline", ...pipelines];
    this.#health = new HealthImplementation(Object.fromEntries(this.#names.map((name) => [name, "SERVING"])));
  }

  addTo(server: Server): void {
    this.#health.addToServer(server);
  }

  /** New callers should go elsewhere. */
  drain(): void {
    for (const name of this.#names) this.#health.setStatus(name, "NOT_SERVING");
  }
}

/** Tells clients such as grpcurl what services there are. */
export function addReflection(server: Server): void {
  const health = healthService as unknown as ServiceDefinition;
  const check = health["Check"] as { readonly requestType: { readonly fileDescriptorProtos: Buffer[] } };
  const files = [Buffer.from(meshV1Descriptor, "base64"), ...check.requestType.fileDescriptorProtos];
  // Of a package the service reads nothing but the files.
  const described = { files: { fileDescriptorProtos: files } } as unknown as ConstructorParameters<
    typeof ReflectionService
  >[0];
  new ReflectionService(described).addToServer(server);
}
