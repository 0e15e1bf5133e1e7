import { MeshError, type ErrorCode } from "../interface/errors.ts";
import { signalLimits } from "./limits.ts";
import { rpcCodes, type RpcError } from "./protocol.ts";

/** The error member for a refusal; the cause and stack of an error never leave the process. */
export function toRpcError(error: MeshError, pipelines?: readonly string[]): RpcError {
  const listed = pipelines?.slice(0, signalLimits.listedPipelines);
  const { code, hint, retryAfterMs } = error;
  return {
    code: rpcCodes.mesh,
    message: error.message.slice(0, 1024).replace(/\.$/, ""),
    data: {
      code,
      ...(listed !== undefined && { pipelines: [...listed] }),
      ...(hint !== undefined && { hint: hint.slice(0, 1024) }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    },
  };
}

const byRpcCode: Readonly<Record<number, ErrorCode>> = {
  [rpcCodes.parseError]: "protocol-violation",
  [rpcCodes.invalidRequest]: "protocol-violation",
  [rpcCodes.methodNotFound]: "version-mismatch",
  [rpcCodes.invalidParams]: "protocol-violation",
};

/**
 * What a caller throws for a refusal from `where`.
 * @param what is refused
 */
export function fromRpcError(error: RpcError, where: string, what = "the call"): MeshError {
  const { code, hint, retryAfterMs } = error.data ?? {};
  const known = code !== undefined && MeshError.isCode(code) ? code : (byRpcCode[error.code] ?? "internal");
  return new MeshError(known, `${where} refuses ${what}: ${error.message.replace(/\.$/, "")}.`, { hint, retryAfterMs });
}

/** The longest that a close frame can say, in bytes (RFC 6455, section 5.5). */
const closeReasonBytes = 123;

/** Why a call has ended, as far as a close frame can say it. */
export function closeReason(error: MeshError | undefined): string {
  if (error === undefined) return "";
  const { read } = new TextEncoder().encodeInto(error.message, new Uint8Array(closeReasonBytes));
  return error.message.slice(0, read);
}

export function violation(where: string, why: string): MeshError {
  return new MeshError("protocol-violation", `${where} broke the signaling protocol: ${why}.`);
}

export function pipelineNotFound(pipeline: string, names: readonly string[]): MeshError {
  const known = names.slice(0, signalLimits.listedPipelines).join(", ");
  const more = names.length > signalLimits.listedPipelines ? ", …" : "";
  const rest = names.length === 0 ? "it runs none" : `it runs ${known}${more}`;
  return new MeshError("pipeline-not-found", `no pipeline "${pipeline}" runs here; ${rest}`);
}
