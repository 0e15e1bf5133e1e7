import type { CandidatePair, PathEnd } from "../../interface/transport.ts";

/** What was found and tried before a connection was given up. */
export interface PathSearch {
  /** Lines of SDP (RFC 8839 section 5.1). */
  readonly local: readonly string[];
  readonly remote: readonly string[];
  readonly pairs: readonly CandidatePair[];
  /** Only addresses of a TURN server were wanted. */
  readonly relayOnly: boolean;
}

/** Lists in messages stay short enough to be read. */
const shownEntries = 6;

/** One end of a path by its line of SDP; undefined for a line that is none. */
export function pathEndOf(candidate: string): PathEnd | undefined {
  const found = /^(?:a=)?candidate:\S+ \d+ (\S+) \d+ (\S+) (\d+) typ (\S+)/.exec(candidate);
  if (found === null) return undefined;
  const [, protocol = "", address = "", port = "", type = ""] = found;
  return { address, port: Number(port), type, protocol: protocol.toLowerCase() };
}

/** `host 10.0.0.2:50412/udp` */
export function formatPathEnd({ address, port, type, protocol }: PathEnd): string {
  const host = address.includes(":") ? `[${address}]` : address;
  return `${type} ${host}:${port}/${protocol}`;
}

/** Why no connection came about, in lines for people, and what to try. */
export function whyNoPath(search: PathSearch): { readonly reason: string; readonly hint: string } {
  const local = ends(search.local);
  const remote = ends(search.remote);
  const found = search.pairs.find(({ state }) => state === "succeeded");
  const tried = search.pairs.map(
    ({ local, remote, state }) => `${formatPathEnd(local)} to ${formatPathEnd(remote)}: ${state}`,
  );
  // An engine that keeps its pairs to itself has tried some where both sides have told of addresses.
  const isUntold = tried.length === 0 && local.length > 0 && remote.length > 0;
  const reason = [
    `found here: ${listed(local.map(formatPathEnd))}`,
    `found there: ${listed(remote.map(formatPathEnd))}`,
    ...(isUntold ? [] : [`tried: ${listed(tried)}`]),
  ].join("\n  ");
  return { reason, hint: hintFor(search, local, remote, found !== undefined) };
}

function hintFor(
  { relayOnly }: PathSearch,
  local: readonly PathEnd[],
  remote: readonly PathEnd[],
  isFound: boolean,
): string {
  if (isFound) {
    const why =
      "the other side is overloaded or has just gone, or its engine and this one do not understand each other";
    return `A path was found, but no channel opened over it in time (DTLS, SCTP): ${why}. \`--engine\` takes another one.`;
  }
  if (relayOnly && local.length === 0) {
    return "The TURN server gave no address: check that it runs, its port, and the name and password.";
  }
  if (local.length === 0) return "This machine has no address to offer: check its network.";
  if (remote.length === 0) return "The other side told of no address: check its network, or its TURN server.";
  if (remote.every(({ address }) => address.endsWith(".local"))) {
    return "The other side only tells names of multicast DNS, which leave no network: name a STUN or TURN server in both.";
  }
  const isLocal = ({ type }: PathEnd): boolean => type === "host";
  if (local.every(isLocal) && remote.every(isLocal)) {
    return "Check that UDP passes between the two. Between networks of their own a STUN or TURN server helps: `--ice-server`.";
  }
  return "Check that UDP passes between the two; where it does not, a TURN server over TCP does: `turn:…?transport=tcp`.";
}

/** Once each, in order; what is no candidate is left out. */
function ends(candidates: readonly string[]): PathEnd[] {
  const found = new Map<string, PathEnd>();
  for (const one of candidates) {
    const end = pathEndOf(one);
    if (end !== undefined) found.set(formatPathEnd(end), end);
  }
  return [...found.values()];
}

function listed(entries: readonly string[]): string {
  if (entries.length === 0) return "nothing";
  const more = entries.length - shownEntries;
  return entries.slice(0, shownEntries).join(", ") + (more > 0 ? `, and ${more} more` : "");
}
