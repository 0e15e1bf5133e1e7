import { MeshError } from "../../../runtime/interface/errors.ts";
import { parsePeerUri, type MeshUri } from "../../../runtime/interface/uri.ts";
import { usageError } from "../exit-code.ts";

/** The address of a service as it is given to commands. @throws {CommandError} that says what is wrong with it */
export function serviceUri(given: string): MeshUri {
  try {
    const uri = parsePeerUri(given, "ws");
    if (uri.pipeline === undefined && uri.peer === undefined) return uri;
  } catch (error) {
    const why = error instanceof MeshError ? error.message : `\`${given}\` is no address.`;
    throw usageError(why.replace("of a pipeline", "of a signaling service"), "Write it as in ws://127.0.0.1:7440.");
  }
  throw usageError(`${given} is not the address of a signaling service alone.`, "Write it as in ws://127.0.0.1:7440.");
}

/**
 * The addresses of the nodes of a service, with commas between them.
 * @throws {CommandError} that says what is wrong with one
 */
export function serviceUris(given: string): [MeshUri, ...MeshUri[]] {
  const [first = given, ...others] = given.split(",").map((one) => one.trim());
  return [serviceUri(first), ...others.map(serviceUri)];
}
