import { MeshError, type ErrorCode } from "../interface/errors.ts";

/** What may be wrong with an address, or with who answers there. */
const ofAddress: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "peer-unreachable",
  "deadline-exceeded",
  "pipeline-not-found",
  "version-mismatch",
  "format-mismatch",
  "protocol-violation",
]);

/**
 * Names in the hint of a failure the command that looks into it.
 * @param uri of the pipeline that is called
 * @throws what `work` throws, with that hint
 */
export async function pointingToDoctor<T>(uri: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof MeshError) || !ofAddress.has(error.code) || error.hint?.includes("meshc doctor") === true) {
      throw error;
    }
    const { code, message, cause, node, location, retryAfterMs } = error;
    const more = `\`meshc doctor ${uri}\` tells what is found there.`;
    const hint = error.hint === undefined ? more : `${error.hint} ${more}`;
    throw new MeshError(code, message, { cause: cause ?? error, node, location, hint, retryAfterMs });
  }
}
