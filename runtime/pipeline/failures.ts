import { formatLocation, MeshError, type Location } from "../interface/errors.ts";

/** The node or remote that something happened at. */
export interface Place {
  readonly id: string;
  readonly pipeline: string;
  readonly location: Location;
}

/** ``Node `stt` of pipeline `Hearing` (main.mesh:12:3)`` */
export function placeName(place: Place, what: "Node" | "Remote" = "Node"): string {
  return `${what} \`${place.id}\` of pipeline \`${place.pipeline}\` (${formatLocation(place.location)})`;
}

/** Says where an error happened. A `MeshError` keeps its code and hint; any other becomes `node-failed`. */
export function failureAt(place: Place, error: unknown): MeshError {
  const known = error instanceof MeshError ? error : undefined;
  const reason = known?.message ?? (error instanceof Error ? error.message || error.name : String(error));
  return new MeshError(known?.code ?? "node-failed", `${placeName(place)} failed: ${reason}`, {
    cause: error,
    node: place.id,
    location: place.location,
    hint: known?.hint,
  });
}
