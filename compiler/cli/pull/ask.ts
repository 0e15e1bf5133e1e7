import { createHash } from "node:crypto";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { formatMeshUri, parseMeshUri, parseTargetUri } from "../../../runtime/interface/uri.ts";
import { describePipelineAt } from "../../../runtime/mesh/connect.ts";
import { nodejsPlatform } from "../../../runtime/platform/nodejs.ts";
import { interfaceText, UnwritableError } from "../../pull/interface-text.ts";
import { environmentError, usageError } from "../exit-code.ts";

export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** An address as it is written in a lock. @throws {CommandError} that says what is wrong with it */
export function checkedUri(given: string): string {
  try {
    const { scheme } = parseMeshUri(given);
    return formatMeshUri(parseTargetUri(given, scheme === "grpc" ? scheme : "webrtc"));
  } catch (error) {
    const why = error instanceof MeshError ? error.message : `\`${given}\` is not the address of a pipeline.`;
    throw usageError(why, "Write it as in webrtc://gpu.example.com:7443/Hearing.");
  }
}

/**
 * Asks a pipeline that runs somewhere for its interface.
 * @returns it as a program
 * @throws {CommandError} when nobody answers, or no program can say what is answered; the reason of the signal
 */
export async function askInterface(uri: string, as: string | undefined, signal: AbortSignal): Promise<string> {
  const quiet = nodejsPlatform({ log: () => undefined });
  const live = await describePipelineAt(quiet, uri, signal);
  try {
    return interfaceText(live, as);
  } catch (error) {
    if (error instanceof UnwritableError) throw environmentError(error.message);
    throw error;
  }
}
