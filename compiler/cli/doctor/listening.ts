import { connect } from "node:net";
import { formatHostPort, formatMeshUri, type MeshUri } from "../../../runtime/interface/uri.ts";
import type { MeshError } from "../../../runtime/interface/errors.ts";
import { opened, speaksTls, type Place } from "./reach.ts";

/** What a port answers to who does not know what listens there; `nothing` within a second, `another` what is none of these. */
export type Spoken = "tls" | "http/2" | "http/1.1" | "another" | "nothing";

const answerMs = 1_000;

/** The preface of a client and its empty SETTINGS (RFC 9113, section 3.4). To HTTP/1.1 it is a request that it refuses. */
const preface = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);

/** Finds out what listens, after a call has failed that took it for something. */
export async function whatListens(place: Place, signal: AbortSignal): Promise<Spoken> {
  const [isTls, spoken] = await Promise.all([speaksTls(place, signal), inPlain(place, signal)]);
  signal.throwIfAborted();
  return isTls ? "tls" : spoken;
}

async function inPlain({ host, port }: Place, signal: AbortSignal): Promise<Spoken> {
  try {
    const socket = await opened(connect({ host, port }), "connect", signal, answerMs);
    const first = new Promise<Buffer | undefined>((resolve) => {
      socket.once("data", resolve);
      socket.once("close", () => resolve(Buffer.alloc(0)));
      socket.setTimeout(answerMs, () => resolve(undefined));
    });
    socket.write(preface);
    const said = await first;
    socket.destroy();
    return said === undefined ? "nothing" : spokenBy(said);
  } catch {
    signal.throwIfAborted();
    return "another";
  }
}

function spokenBy(said: Buffer): Spoken {
  if (said.subarray(0, 7).toString("latin1") === "HTTP/1.") return "http/1.1";
  // The first frame of a server is SETTINGS, of six octets each, for the connection as a whole (RFC 9113, section 6.5).
  const isSettings = said.length >= 9 && said[3] === 4 && said.readUIntBE(0, 3) % 6 === 0 && said.readUInt32BE(5) === 0;
  return isSettings ? "http/2" : "another";
}

/** The way out where a port answers otherwise than a peer at `uri` would, or not at all. */
export async function whyForeign(
  error: MeshError,
  uri: MeshUri,
  place: Place,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (error.code === "version-mismatch") return "Update the older of the two.";
  if (error.code === "resource-exhausted") return later(error);
  const spoken = place.secure ? "another" : await whatListens(place, signal);
  const isGrpc = uri.scheme === "grpc";
  if (spoken === "tls") {
    return isGrpc
      ? "The port speaks TLS, which `grpc://` does not: let it listen in plain."
      : `The port speaks TLS: write ${formatMeshUri({ ...uri, secure: true })}`;
  }
  const { pipeline, host, port } = uri;
  if (spoken === "http/2" && !isGrpc) {
    return `The port speaks HTTP/2, as a peer by gRPC does: write ${formatMeshUri({ scheme: "grpc", host, port, pipeline })}`;
  }
  if (spoken === "http/1.1" && isGrpc) {
    return `The port speaks HTTP/1.1, as a peer by WebRTC does: write ${formatMeshUri({ ...uri, scheme: "webrtc" })}`;
  }
  if (spoken === "nothing" || error.code === "deadline-exceeded") return standsStill(formatHostPort(place));
  const proxy = spoken === "http/1.1" ? ", and that a proxy in front of it passes WebSockets on" : "";
  return `Another program listens at ${formatHostPort(place)}: check the port${proxy}.`;
}

/** The system takes connections for a program, whether that goes on or not. */
export function standsStill(where: string): string {
  return `The program at ${where} takes connections and does not answer: it stands still or is overloaded, so look at it or start it anew; or it is no peer of a mesh: check the port.`;
}

/** Who answers is there, and takes no more at present. */
export function later({ hint = "Try again later." }: MeshError): string {
  return `${hint} A proxy says so as well when what it stands for is not there.`;
}
