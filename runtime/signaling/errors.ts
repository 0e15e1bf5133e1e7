import { MeshError, type ErrorCode } from "../interface/errors.ts";
import { signalLimits } from "./limits.ts";
import { rpcCodes, type RpcError } from "./protocol.ts";

/** The error member for a refusal; the cause and stack of an error never leave the process. */
export function toRpcError(error: MeshError, pipelines?: readonly string[]): RpcError {
  const listed = pipelines?.slice(0, signalLimits.listedPipelines);
  return {
    code: rpcCodes.mesh,
    message: error.message.slice(0, 1024).replace(/\.$/, ""),
    data: listed === undefined ? { code: error.code } : { code: error.code, pipelines: [...listed] },
  };
}

const byRpcCode: Readonly<Record<number, ErrorCode>> = {
  [rpcCodes.parseError]: "protocol-violation",
  [rpcCodes.invalidRequest]: "protocol-violation",
  [rpcCodes.methodNotFound]: "version-mismatch",
  [rpcCodes.invalidParams]: "protocol-violation",
};

/** What a caller throws for a refusal from `where`. */
export function fromRpcError(error: RpcError, where: string): MeshError {
  const code = error.data?.code;
  if (code !== undefined && MeshError.isCode(code)) {
    return new MeshError(code, `${where} refuses the call: ${error.message}.`);
  }
  return new MeshError(byRpcCode[error.code] ?? "internal", `${where} refuses the call: ${error.message}.`);
}

export function pipelineNotFound(pipeline: string, names: readonly string[]): MeshError {
  const known = names.slice(0, signalLimits.listedPipelines).join(", ");
  const more = names.length > signalLimits.listedPipelines ? ", …" : "";
  const rest = names.length === 0 ? "it runs none" : `it runs ${known}${more}`;
  return new MeshError("pipeline-not-found", `no pipeline "${pipeline}" runs here; ${rest}`);
}
