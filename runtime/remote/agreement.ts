import {
  accepts,
  fixedValue,
  formatType,
  isMedia,
  mediaDimensions,
  meetTypes,
  type FlowType,
  type MediaType,
} from "../interface/caps.ts";
import { MeshError } from "../interface/errors.ts";
import { named } from "../interface/named.ts";
import type { PipelineSession, SessionRequest } from "../interface/session.ts";
import { protocolVersion } from "./limits.ts";
import type { Accept } from "./messages.ts";

/**
 * The formats of a session as the caller understands them. What the other side has settled on must be among what was
 * asked for; data keeps the type that the caller's own program gives it, for that is what it relies on.
 * @throws {MeshError} `protocol-violation` that names the port; `version-mismatch`
 */
export function agreedFormats(accept: Accept, request: SessionRequest): PipelineSession["formats"] {
  checkVersion(accept.version);
  const inputs = named<FlowType>();
  const outputs = named<FlowType>();
  for (const [port, own] of Object.entries(request.inputs)) {
    const theirs = accept.inputs.find((one) => one.port === port)?.type;
    const scopes = { producer: request.schemas, consumer: accept.schemas };
    inputs[port] = agreed(port, own, theirs, (type) => !("mismatch" in meetTypes(own, type, scopes)));
  }
  for (const [port, { type: own }] of Object.entries(request.outputs)) {
    const theirs = accept.outputs.find((one) => one.port === port)?.type;
    const scopes = { producer: accept.schemas, consumer: request.schemas };
    outputs[port] = agreed(port, own, theirs, (type) => accepts(own, type, scopes));
  }
  return { inputs, outputs };
}

/** @throws {MeshError} `version-mismatch` for one that this peer has not offered */
export function checkVersion(version: number): void {
  if (version === protocolVersion) return;
  throw new MeshError("version-mismatch", `The other peer chose version ${version}, which was not offered.`);
}

function agreed(
  port: string,
  own: FlowType,
  theirs: FlowType | undefined,
  fits: (type: FlowType) => boolean,
): FlowType {
  if (theirs === undefined) throw violation(port, own, "nothing");
  if (!isMedia(own)) {
    if (isMedia(theirs) || !fits(theirs)) throw violation(port, own, formatType(theirs));
    return own;
  }
  const isOne = isMedia(theirs) && isFixed(theirs) && accepts(own, theirs, { producer: {}, consumer: {} });
  if (!isOne) throw violation(port, own, formatType(theirs));
  return theirs;
}

/** The shape of a tensor may stay open. */
function isFixed(type: MediaType): boolean {
  return mediaDimensions[type.kind].every((name) => name === "shape" || fixedValue(type, name) !== undefined);
}

function violation(port: string, own: FlowType, theirs: string): MeshError {
  return new MeshError(
    "protocol-violation",
    `The other peer settled \`${port}\` on ${theirs}, which is no format of ${formatType(own)}.`,
  );
}
