/** Run-time errors as gRPC statuses, both ways: one table, `errorCodes`. */
import { errorCodes, MeshError, type ErrorCode } from "../../interface/errors.ts";

/** Names the code exactly, where a status stands for several. In the trailing metadata. */
export const codeKey = "mesh-code";
/** The hint of an error, percent-encoded as `grpc-message` is. */
export const hintKey = "mesh-hint";
/** When another attempt may help, in milliseconds; negative for never (gRPC proposal A6). */
export const pushbackKey = "grpc-retry-pushback-ms";

export interface Status {
  readonly code: number;
  readonly details: string;
}

export function toStatus(error: MeshError): Status {
  return { code: errorCodes[error.code].grpc, details: error.message };
}

/** What a status means that does not say so itself: that of a server which is none of ours, or of gRPC itself. */
const meanings: Readonly<Record<number, ErrorCode>> = {
  1: "cancelled",
  2: "internal",
  3: "invalid-argument",
  4: "deadline-exceeded",
  5: "pipeline-not-found",
  6: "internal",
  7: "access-denied",
  8: "resource-exhausted",
  9: "format-mismatch",
  10: "channel-closed",
  11: "invalid-argument",
  12: "version-mismatch",
  13: "internal",
  14: "peer-lost",
  15: "internal",
  16: "access-denied",
};

/** What the trailing metadata says beside the status. */
export interface Said {
  readonly code?: string | undefined;
  readonly hint?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

export function fromStatus(status: Status, { code, hint, retryAfterMs }: Said = {}): MeshError {
  const known = code !== undefined && MeshError.isCode(code) ? code : (meanings[status.code] ?? "internal");
  return new MeshError(known, status.details || `The call ended with status ${status.code}.`, { hint, retryAfterMs });
}
