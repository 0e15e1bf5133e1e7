import { parseMeshUri } from "../../interface/uri.ts";
import { isLoopback } from "../loopback.ts";
import type { FoundPipeline } from "../methods.ts";

/** Leaves out the addresses that only programs on the peer's own machine reach, for whoever asks from another. */
export function reachable(found: FoundPipeline, remoteHost: string | undefined): FoundPipeline {
  if (remoteHost === undefined || isLoopback(remoteHost)) return found;
  const addresses = found.addresses.filter((address) => !isLoopback(hostOf(address)));
  return addresses.length === found.addresses.length ? found : { ...found, addresses };
}

function hostOf(address: string): string {
  try {
    return parseMeshUri(address).host;
  } catch {
    return "";
  }
}
