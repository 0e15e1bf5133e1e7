import * as grpc from "@grpc/grpc-js";
import type { PipelineCalls } from "../../interface/calls.ts";
import type { Clock } from "../../interface/clock.ts";
import { MeshError } from "../../interface/errors.ts";
import type { Connection, Listener } from "../../interface/transport.ts";
import { formatHostPort, formatMeshUri, parsePeerUri, type MeshUri } from "../../interface/uri.ts";
import { GrpcConnection, type CallStream } from "./connection.ts";
import { pingNoMore } from "./corrections.nodejs.ts";
import { grpcLimits } from "./limits.ts";
import { contextIn, decoded, messageBytesIn, sayMessageBytes, statusOf, textIn } from "./metadata.nodejs.ts";
import { pipelineKey } from "./method.ts";
import { addReflection, Health, pipelineService, servedExecute, unaryHandlers } from "./services.nodejs.ts";
import { widenWindows } from "./windows.nodejs.ts";
import { decodeStreamMessage, encodeStreamMessage, type StreamMessage } from "./stream-message.ts";

type Call = grpc.ServerDuplexStream<StreamMessage, StreamMessage>;

export interface GrpcListenInit {
  readonly clock: Clock;
  /** The pipelines that may be called, asked at each call; left out, those of `calls`, and without them every name is let through to `accept`. */
  readonly pipelines?: (() => readonly string[]) | undefined;
  readonly accept: (connection: Connection, pipeline: string) => void;
  /** Answers `Describe` and `Execute`; left out, those are not implemented here. */
  readonly calls?: PipelineCalls | undefined;
}

const options: grpc.ServerOptions = {
  "grpc.max_receive_message_length": grpcLimits.requestBytes,
  "grpc.max_send_message_length": grpcLimits.responseBytes,
  "grpc.keepalive_time_ms": grpcLimits.keepaliveMs,
  "grpc.keepalive_timeout_ms": grpcLimits.keepaliveTimeoutMs,
  "grpc.enable_channelz": 0,
  "grpc.max_concurrent_streams": 1_024,
  // A second server at the same port would get half of the calls, in silence.
  "grpc.so_reuseport": 0,
};

/** @throws {MeshError} `address-in-use` */
export async function listen(init: GrpcListenInit, text: string): Promise<Listener> {
  const uri = parsePeerUri(text, "grpc");
  const server = new grpc.Server(options);
  widenWindows(server, grpcLimits.flowControlBytes);
  const open = new Set<Connection>();
  let address = uri;
  const service = pipelineService();
  const stream = {
    ...service["Stream"],
    requestDeserialize: decodeStreamMessage,
    responseSerialize: encodeStreamMessage,
  };
  const execute = servedExecute(service["Execute"] as (typeof service)[string]);
  server.addService({ ...service, Stream: stream, Execute: execute } as grpc.ServiceDefinition, {
    ...(init.calls !== undefined && unaryHandlers(init.calls)),
    Stream: (call: Call) => answer(init, call, address, open),
  });
  const health = new Health(init.calls?.names() ?? init.pipelines?.() ?? []);
  health.addTo(server);
  addReflection(server);
  const port = await bind(server, uri);
  address = { ...uri, port };
  let draining = false;
  let isOver: () => void = () => undefined;
  const over = new Promise<void>((resolve) => (isOver = resolve));
  const drain = (): void => {
    if (draining) return;
    draining = true;
    health.drain();
    pingNoMore(server);
    // GOAWAY to all connections (RFC 9113, section 6.8): calls that were taken go on, others are made elsewhere.
    server.tryShutdown(() => isOver());
  };
  return {
    address: formatMeshUri({ ...address, pipeline: undefined }),
    drain,
    async close() {
      drain();
      // Connections go on, and the address is free once this turn is over.
      if (open.size > 0) {
        await new Promise((resolve) => setImmediate(resolve));
        return;
      }
      // Answers have to leave; but whoever watches the health of this peer would stay for ever.
      const cutOff = setTimeout(() => {
        server.forceShutdown();
        isOver();
      }, grpcLimits.farewellMs);
      await over;
      clearTimeout(cutOff);
    },
  };
}

function bind(server: grpc.Server, uri: MeshUri): Promise<number> {
  return new Promise((resolve, reject) => {
    // The library would also write to stderr that it could not.
    grpc.setLogVerbosity(grpc.logVerbosity.NONE);
    server.bindAsync(formatHostPort(uri), grpc.ServerCredentials.createInsecure(), (error, port) => {
      grpc.setLogVerbosity(grpc.logVerbosity.ERROR);
      if (error === null) resolve(port);
      else reject(cannotListen(uri, error));
    });
  });
}

function cannotListen(uri: MeshUri, error: Error): MeshError {
  const where = formatHostPort(uri);
  const isTaken = error.message.includes("EADDRINUSE");
  return new MeshError(
    "address-in-use",
    isTaken ? `${where} is taken.` : `Nothing can listen at ${where}: ${error.message}`,
    {
      cause: error,
      hint: isTaken
        ? "Another program listens there; take another port, or 0 for a free one."
        : "Take another address.",
    },
  );
}

function answer(init: GrpcListenInit, call: Call, uri: MeshUri, open: Set<Connection>): void {
  const stream = serverStream(call);
  try {
    const pipeline = pipelineOf(call, init.pipelines?.() ?? init.calls?.names());
    // The first answer: from now on it is a connection.
    call.sendMetadata(sayMessageBytes(new grpc.Metadata()));
    const connection = new GrpcConnection({
      clock: init.clock,
      stream,
      address: formatMeshUri({ ...uri, pipeline }),
      role: "answerer",
      messageBytes: messageBytesIn(call.metadata),
      context: contextIn(call.metadata),
    });
    open.add(connection);
    void connection.closed.then(() => open.delete(connection));
    try {
      init.accept(connection, pipeline);
    } catch (error) {
      void connection.close(MeshError.from(error));
    }
  } catch (error) {
    stream.end(MeshError.from(error));
  }
}

/** @throws {MeshError} `invalid-argument`, `pipeline-not-found` */
function pipelineOf(call: Call, known: readonly string[] | undefined): string {
  const name = decoded(textIn(call.metadata, pipelineKey));
  if (name === undefined) {
    throw new MeshError("invalid-argument", `The call has no metadata \`${pipelineKey}\` that names a pipeline.`);
  }
  if (known === undefined || known.includes(name)) return name;
  const names = known.slice(0, 20).join(", ") || "none";
  throw new MeshError("pipeline-not-found", `There is no pipeline "${name}" here; this peer runs: ${names}.`);
}

function serverStream(call: Call): CallStream {
  let onEnd: ((error: MeshError | undefined) => void) | undefined;
  let over: { readonly error: MeshError | undefined } | undefined;
  const finish = (error: MeshError | undefined): void => {
    if (over !== undefined) return;
    over = { error };
    onEnd?.(error);
  };
  call.once("end", () => finish(undefined));
  call.once("cancelled", () => finish(new MeshError("peer-lost", "The caller has given the call up.")));
  call.once("error", (error) => finish(MeshError.from(error, "protocol-violation")));
  return {
    write: (message, sent) => void call.write(message, () => sent()),
    end(error) {
      // An error of the stream is how grpc-js is told a status.
      if (error === undefined) call.end();
      else call.emit("error", statusOf(error));
    },
    cancel: () => call.destroy(),
    onMessage: (listener) => void call.on("data", listener),
    onEnd(listener) {
      onEnd = listener;
      if (over !== undefined) listener(over.error);
    },
  };
}
