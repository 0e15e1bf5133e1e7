import type { FlowType, Schemas } from "../../interface/caps.ts";
import { cborEncoding, gainsByCbor } from "./choose.ts";
import { CborWriter } from "./writer.ts";

/**
 * What writes the records of a stream, or of a port.
 * @param encodings that their reader takes
 * @returns undefined where they go as JSON
 */
export function recordWriter(
  encodings: readonly string[] | undefined,
  type: FlowType,
  schemas: Schemas,
): CborWriter | undefined {
  return encodings?.includes(cborEncoding) === true && gainsByCbor(type, schemas) ? new CborWriter() : undefined;
}
