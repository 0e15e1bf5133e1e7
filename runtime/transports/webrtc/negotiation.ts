import { MeshError } from "../../interface/errors.ts";
import type { SignalingCandidate } from "../../interface/signaling.ts";
import type { EnginePeer } from "./engines/engine.ts";

/** The lines of an SDP that hold candidates (RFC 8839 section 5.1), without `a=`. */
export function candidatesOf(sdp: string | undefined): readonly string[] {
  return sdp?.match(/^a=candidate:.*$/gm)?.map((line) => line.slice(2).trimEnd()) ?? [];
}

/** Each candidate once: engines add extensions to one that they tell beside a description. */
export function uniqueCandidates(candidates: readonly string[]): readonly string[] {
  // Foundation, component, transport, priority, address, port, "typ" and type: RFC 8839, section 5.1.
  const keyOf = (candidate: string): string => candidate.split(" ", 8).join(" ");
  return [...new Map(candidates.toReversed().map((one) => [keyOf(one), one])).values()].toReversed();
}

/**
 * Sees that a description of the other side can lead to a data channel at all; engines take ones that cannot, and then
 * nothing happens until the deadline.
 * @throws {MeshError} `protocol-violation`
 */
export function checkDescription(sdp: string, what: "offer" | "answer"): void {
  for (const line of ["m=application ", "a=mid:", "a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:", "a=sctp-port:"]) {
    if (sdp.startsWith(line) || sdp.includes(`\n${line}`)) continue;
    throw new MeshError(
      "protocol-violation",
      `the ${what} is not an SDP for data channels: it has no line "${line.trim()}"`,
    );
  }
  // RFC 8842 section 5.3: who answers decides it.
  if (what === "answer" && /^a=setup:actpass\s*$/m.test(sdp)) {
    const why = 'the answer leaves open who begins the handshake of DTLS: it has a line "a=setup:actpass"';
    throw new MeshError("protocol-violation", why);
  }
}

/** Exchanges candidates for one peer connection, in both directions and at any time relative to the descriptions. */
export class Candidates {
  readonly #peer: EnginePeer;
  /** Found before there was anybody to tell. */
  readonly #found: (SignalingCandidate | null)[] = [];
  readonly #sent: string[] = [];
  readonly #received: string[] = [];
  readonly #early: (SignalingCandidate | null)[] = [];
  #send: ((candidate: SignalingCandidate | null) => void) | undefined;
  #canAdd = false;

  constructor(peer: EnginePeer) {
    this.#peer = peer;
    peer.addEventListener("icecandidate", ({ candidate }) => this.#onFound(candidate ?? null));
  }

  /** Those sent and received beside the descriptions. */
  get sent(): readonly string[] {
    return this.#sent;
  }

  get received(): readonly string[] {
    return this.#received;
  }

  /** From now on candidates go out; those that the description has told already are left out. */
  sendTo(send: (candidate: SignalingCandidate | null) => void): void {
    this.#send = send;
    const told = this.#peer.localDescription?.sdp ?? "";
    const complete = this.#peer.iceGatheringState === "complete";
    for (const candidate of this.#found.splice(0)) {
      if (!complete && (candidate === null || !told.includes(candidate.candidate))) this.#emit(candidate);
    }
  }

  /** Takes one of the other side; before its description it is kept. */
  add(candidate: SignalingCandidate | null): void {
    if (!this.#canAdd) {
      this.#early.push(candidate);
      return;
    }
    if (candidate !== null) this.#received.push(candidate.candidate);
    // One candidate that cannot be read is one way less to connect, not an error.
    this.#peer.addIceCandidate(candidate && placed(candidate)).catch(() => undefined);
  }

  /** The description of the other side is set. */
  remoteIsSet(): void {
    this.#canAdd = true;
    for (const candidate of this.#early.splice(0)) this.add(candidate);
  }

  #onFound(found: SignalingCandidate | null): void {
    // An empty candidate ends a generation in some engines, null in others.
    const candidate = found === null || found.candidate === "" ? null : plain(found);
    if (this.#send === undefined) this.#found.push(candidate);
    else this.#emit(candidate);
  }

  #emit(candidate: SignalingCandidate | null): void {
    if (candidate !== null) this.#sent.push(candidate.candidate);
    this.#send?.(candidate);
  }
}

/**
 * Everything goes over one path, so a candidate of no section is for the first; some engines, such as pion, say that with an empty
 * `sdpMid`, which others take for the name of a section that is not there.
 */
function placed({ candidate, sdpMid, sdpMLineIndex }: SignalingCandidate): SignalingCandidate {
  const isNamed = sdpMid !== undefined && sdpMid !== null && sdpMid !== "";
  return isNamed
    ? { candidate, sdpMid, sdpMLineIndex: sdpMLineIndex ?? null }
    : { candidate, sdpMid: null, sdpMLineIndex: sdpMLineIndex ?? 0 };
}

/** Engines give objects with more in them than belongs on the wire. */
function plain(candidate: SignalingCandidate): SignalingCandidate {
  return {
    candidate: candidate.candidate,
    sdpMid: candidate.sdpMid ?? null,
    sdpMLineIndex: candidate.sdpMLineIndex ?? null,
  };
}
