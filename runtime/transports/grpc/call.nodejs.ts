import { Metadata, status, type Client, type Deadline, type MethodDefinition, type StatusObject } from "@grpc/grpc-js";
import { whenAborted } from "../../interface/abort.ts";
import type { CallSignal } from "../../interface/call-signal.ts";
import { grpcLimits } from "./limits.ts";

/** A flag of a message: it goes as it is, also where the client compresses (`WriteFlags.NoCompress`). */
export const uncompressed = 2;

/** What a caller needs of a method. */
export type UnaryMethod<Request, Response> = Pick<
  MethodDefinition<Request, Response>,
  "path" | "requestSerialize" | "responseDeserialize"
>;

/** One question of gRPC, and its answer. */
export interface UnaryCall<Request, Response> {
  readonly client: Client;
  readonly method: UnaryMethod<Request, Response>;
  readonly request: Request;
  readonly signal: CallSignal;
  readonly deadline?: Deadline | undefined;
  readonly metadata?: Metadata | undefined;
}

/** How a call has failed, as grpc-js tells it: an error that has the status. */
export type FailedCall = Error & StatusObject;

/**
 * Calls straight over the channel: `makeUnaryRequest` also makes an emitter, runs interceptors and takes down where it was called from,
 * which is a tenth of what a small call costs the process that makes it, or more.
 * @throws {FailedCall}
 */
export function callUnary<Request, Response>(call: UnaryCall<Request, Response>): Promise<Response> {
  const { client, method, request, signal, deadline = Infinity, metadata = new Metadata() } = call;
  return new Promise((resolve, reject) => {
    const message = method.requestSerialize(request);
    const stream = client.getChannel().createCall(method.path, deadline, null, null, null);
    const unlisten = whenAborted(signal, () =>
      stream.cancelWithStatus(status.CANCELLED, "The caller waits no longer."),
    );
    let response: { readonly message: Response } | undefined;
    let broken: StatusObject | undefined;
    const isBroken = (code: status, details: string): void => {
      broken = { code, details, metadata: new Metadata() };
      stream.cancelWithStatus(code, details);
    };
    stream.start(metadata, {
      onReceiveMetadata: () => undefined,
      onReceiveMessage(received: Buffer) {
        if (response !== undefined) {
          isBroken(status.UNIMPLEMENTED, "The answer has more than one message.");
          return;
        }
        try {
          response = { message: method.responseDeserialize(received) };
        } catch (error) {
          isBroken(status.INTERNAL, `The answer cannot be read: ${error instanceof Error ? error.message : "?"}`);
        }
      },
      onReceiveStatus(end) {
        unlisten();
        if (broken === undefined && end.code === status.OK && response !== undefined) {
          resolve(response.message);
          return;
        }
        const nothing = { ...end, code: status.UNIMPLEMENTED, details: "The answer has no message." };
        const { code, details, metadata } = broken ?? (end.code === status.OK ? nothing : end);
        reject(Object.assign(new Error(details), { code, details, metadata }));
      },
    });
    stream.startRead();
    // Of a client that compresses nothing the flag means nothing.
    const flags = message.length < grpcLimits.compressedBytes ? uncompressed : 0;
    stream.sendMessageWithContext({ flags }, message);
    stream.halfClose();
  });
}
