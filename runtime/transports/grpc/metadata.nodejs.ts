import { Metadata, type StatusObject } from "@grpc/grpc-js";
import type { MeshError } from "../../interface/errors.ts";
import { contextFields, contextKeys, readContext, type RequestContext } from "../../interface/request-context.ts";
import { grpcLimits } from "./limits.ts";
import { messageBytesKey } from "./method.ts";
import { codeKey, fromStatus, hintKey, pushbackKey, toStatus } from "./status.ts";

/** For whom a call is made, as its metadata says. */
export function contextIn(metadata: Metadata): RequestContext {
  const { origin, traceParent, traceState } = contextKeys;
  return readContext({
    origin: textIn(metadata, origin),
    traceParent: textIn(metadata, traceParent),
    traceState: textIn(metadata, traceState),
  });
}

/** Metadata that says for whom a call is made. */
export function metadataFor(context: RequestContext | undefined): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of contextFields(context ?? {})) metadata.set(key, value);
  return metadata;
}

/** Says how large a message of a channel may be. */
export function sayMessageBytes(metadata: Metadata): Metadata {
  metadata.set(messageBytesKey, String(grpcLimits.largeMessageBytes));
  return metadata;
}

/** How large a message may be that the sender of the metadata takes, in bytes; what is no such number is passed over. */
export function messageBytesIn(metadata: Metadata): number {
  const { messageBytes, largeMessageBytes } = grpcLimits;
  const said = textIn(metadata, messageBytesKey) ?? "";
  return /^\d{1,10}$/.test(said) ? Math.max(messageBytes, Math.min(Number(said), largeMessageBytes)) : messageBytes;
}

/** A status with the code and the hint of the error in its trailing metadata. */
export function statusOf(error: MeshError): StatusObject {
  const metadata = new Metadata();
  metadata.set(codeKey, error.code);
  if (error.hint !== undefined) metadata.set(hintKey, encodeURIComponent(error.hint));
  if (error.retryAfterMs !== undefined) metadata.set(pushbackKey, String(Math.ceil(error.retryAfterMs)));
  return { ...toStatus(error), metadata };
}

/** The failure behind the status of a call. */
export function errorOf(status: Pick<StatusObject, "code" | "details"> & { readonly metadata?: Metadata }): MeshError {
  const code = textIn(status.metadata, codeKey);
  const retryAfterMs = Number(textIn(status.metadata, pushbackKey));
  return fromStatus(status, {
    code,
    hint: decoded(textIn(status.metadata, hintKey)),
    ...(retryAfterMs > 0 && { retryAfterMs }),
  });
}

export function textIn(metadata: Metadata | undefined, key: string): string | undefined {
  const [value] = metadata?.get(key) ?? [];
  return typeof value === "string" ? value : undefined;
}

/** What does not decode is left out. */
export function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
