import { parseMeshUri } from "../../interface/uri.ts";
import { isLoopback } from "../loopback.ts";
import type { Match } from "../registry/match.ts";

/** The JSON of a match without the addresses that only programs on the peer's own machine reach, for whoever asks from another. */
export function toldOf(match: Match, remoteHost: string | undefined): string {
  const addresses = reachable(match.addresses, remoteHost);
  return addresses === match.addresses ? match.json : match.jsonWith(addresses);
}

/** The same list where none is left out. */
function reachable(addresses: readonly string[], remoteHost: string | undefined): readonly string[] {
  if (remoteHost === undefined || isLoopback(remoteHost)) return addresses;
  const others = addresses.filter((address) => !isLoopback(hostOf(address)));
  return others.length === addresses.length ? addresses : others;
}

function hostOf(address: string): string {
  try {
    return parseMeshUri(address).host;
  } catch {
    return "";
  }
}
