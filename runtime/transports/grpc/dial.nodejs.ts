import type { ClientDuplexStream, Metadata, StatusObject } from "@grpc/grpc-js";
import type { Clock } from "../../interface/clock.ts";
import { withDeadline } from "../../interface/deadline.ts";
import { MeshError } from "../../interface/errors.ts";
import type { Connection, DialOptions } from "../../interface/transport.ts";
import { formatHostPort, formatMeshUri, parseTargetUri, type MeshUri } from "../../interface/uri.ts";
import { uncompressed } from "./call.nodejs.ts";
import type { Clients } from "./clients.nodejs.ts";
import { GrpcConnection, type CallStream } from "./connection.ts";
import { grpcLimits } from "./limits.ts";
import { errorOf, messageBytesIn, metadataFor, sayMessageBytes } from "./metadata.nodejs.ts";
import { pipelineKey, streamPath } from "./method.ts";
import { decodeStreamMessage, encodeStreamMessage, type StreamMessage } from "./stream-message.ts";

type Call = ClientDuplexStream<StreamMessage, StreamMessage>;

export interface GrpcDialDeps {
  readonly clock: Clock;
  readonly clients: Clients;
  /** Milliseconds to the first answer of the peer. */
  readonly connectMs?: number;
}

/** Opens the stream of a call and waits until the peer has taken it. */
export async function dial(deps: GrpcDialDeps, text: string, { signal, context }: DialOptions): Promise<Connection> {
  const uri = parseTargetUri(text, "grpc");
  signal.throwIfAborted();
  const { connectMs = grpcLimits.connectMs } = deps;
  const { client, release } = deps.clients.take(uri);
  const metadata = sayMessageBytes(metadataFor(context));
  metadata.set(pipelineKey, encodeURIComponent(uri.pipeline));
  const call: Call = client.makeBidiStreamRequest(streamPath, encodeStreamMessage, decodeStreamMessage, metadata);
  const stream = clientStream(call, uri, release);
  const late = (): MeshError => tooLate(uri, connectMs);
  const { clock } = deps;
  try {
    const said = await withDeadline({ clock, afterMs: connectMs, signal, error: late }, () => stream.accepted);
    const messageBytes = messageBytesIn(said);
    return new GrpcConnection({ clock, stream, address: formatMeshUri(uri), role: "offerer", messageBytes });
  } catch (error) {
    call.cancel();
    throw error;
  }
}

/** A call that never ran has nobody to tell; one that ran has lost its peer. */
export function callError(status: StatusObject, uri: MeshUri, wasAccepted: boolean): MeshError {
  const error = errorOf(status);
  // Whatever else has no connection may have arrived, and may have been worked on.
  const never =
    status.code === 14 &&
    /^(No connection established|Name resolution failed|Stream refused by server)/.test(status.details);
  if (wasAccepted || !never) return error;
  const where = formatHostPort(uri);
  const why = /ECONNREFUSED/.test(status.details)
    ? `Nothing listens at ${where}.`
    : `No peer answers at ${where}: ${reasonIn(status.details)}.`;
  return new MeshError("peer-unreachable", why, { hint: `Is the peer running? It has to listen at grpc://${where}.` });
}

/** Without what grpc-js adds for those who look after it: when it was, and a note that is mostly empty. */
function reasonIn(details: string): string {
  const short = /^No connection established\. Last error: ([^]*?)(?: \(\d{4}-\d\d-[^)]*\))?\. Resolution note:/.exec(
    details,
  );
  return (short?.[1] ?? details).replace(/\.$/, "");
}

export function tooLate(uri: MeshUri, afterMs: number): MeshError {
  return new MeshError("deadline-exceeded", `${formatHostPort(uri)} did not answer within ${afterMs} ms.`);
}

function clientStream(
  call: Call,
  uri: MeshUri,
  release: () => void,
): CallStream & { readonly accepted: Promise<Metadata> } {
  let onEnd: ((error: MeshError | undefined) => void) | undefined;
  let over: { readonly error: MeshError | undefined } | undefined;
  let hasAnswered = false;
  const accepted = new Promise<Metadata>((resolve, reject) => {
    call.once("metadata", (said: Metadata) => {
      hasAnswered = true;
      resolve(said);
    });
    call.once("status", (status: StatusObject) => {
      release();
      const error = status.code === 0 ? undefined : callError(status, uri, hasAnswered);
      reject(error ?? new MeshError("peer-lost", `${formatHostPort(uri)} ended the call before it took it.`));
      over = { error };
      onEnd?.(error);
    });
  });
  // Seen by whoever waits for it, or by `onEnd`.
  accepted.catch(() => undefined);
  // The status says it all; without a listener the process would end.
  call.on("error", () => undefined);
  return {
    accepted,
    // Frames of media are compressed already, and a stream should not wait. grpc-js takes the flags in the place of an encoding.
    write: (message, sent) => void call.write(message, String(uncompressed) as BufferEncoding, () => sent()),
    end(error) {
      if (error !== undefined)
        call.write(
          { channel: 0, message: new Uint8Array(0), close: error.code },
          String(uncompressed) as BufferEncoding,
        );
      call.end();
    },
    cancel: () => call.cancel(),
    onMessage: (listener) => void call.on("data", listener),
    onEnd(listener) {
      onEnd = listener;
      if (over !== undefined) listener(over.error);
    },
  };
}
