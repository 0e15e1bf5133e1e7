import type { ConnectionState } from "../interface/connection.ts";

/** Who is at the other end of a connection, to begin a sentence with: its address is that of whom was called. */
export function otherSide({ address, role, selectedPair }: ConnectionState): string {
  if (role === "offerer") return `The peer at ${address}`;
  const end = selectedPair?.remote;
  if (end === undefined) return `The caller of ${address}`;
  const host = end.address.includes(":") ? `[${end.address}]` : end.address;
  return `The caller of ${address} (${host}:${end.port})`;
}
