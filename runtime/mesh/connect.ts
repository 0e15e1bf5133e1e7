import type { PipelineDescription } from "../interface/description.ts";
import { MeshError } from "../interface/errors.ts";
import type { PipelineSession, SessionRequest } from "../interface/session.ts";
import type { Transport } from "../interface/transport.ts";
import { parseMeshUri } from "../interface/uri.ts";
import { pointingToDoctor } from "./doctor-hint.ts";
import type { MeshPlatform } from "./platform.ts";

/** @throws {MeshError} `invalid-argument` when nothing here speaks the scheme of the address */
export function transportFor(platform: Pick<MeshPlatform, "transports">, uri: string): Transport {
  const { scheme } = parseMeshUri(uri);
  const found = platform.transports.find((one) => one.scheme === scheme);
  if (found !== undefined) return found;
  const known = platform.transports.map((one) => one.scheme).join(", ") || "none";
  throw new MeshError("invalid-argument", `There is no transport for ${uri}; there are: ${known}.`);
}

/**
 * Opens a session with a pipeline on another peer, without a program of one's own.
 * @throws {MeshError} when there is none to be had; nothing is left open then
 */
export async function connectPipeline(
  platform: MeshPlatform,
  uri: string,
  request: SessionRequest,
): Promise<PipelineSession> {
  const { clock, random } = platform;
  const transport = transportFor(platform, uri);
  const [{ remotePipeline }] = await Promise.all([platform.calls(), transport.prepare?.()]);
  return pointingToDoctor(uri, () => remotePipeline({ transport, uri, clock, random }).open(request));
}

/**
 * Asks a peer what one of its pipelines takes and gives.
 * @throws {MeshError} `peer-unreachable`, `pipeline-not-found`, `deadline-exceeded`; the reason of the signal
 */
export async function describePipelineAt(
  platform: MeshPlatform,
  uri: string,
  signal?: AbortSignal,
): Promise<PipelineDescription> {
  const { clock } = platform;
  const transport = transportFor(platform, uri);
  const [{ describeRemote }] = await Promise.all([platform.calls(), transport.prepare?.()]);
  return pointingToDoctor(uri, () =>
    describeRemote({ transport, uri, clock, ...(signal !== undefined && { signal }) }),
  );
}
