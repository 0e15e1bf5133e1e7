import { lookup } from "node:dns/promises";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { MeshError, type ErrorCode } from "../../../runtime/interface/errors.ts";
import { formatHostPort } from "../../../runtime/interface/uri.ts";
import { failed, fine, skipped, type Finding } from "./finding.ts";

/** Where a host and a port are, and whether what is there is to be encrypted. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
}

/** For the name, and for the port: what takes longer is a network that drops packets. */
const reachMs = 3_000;

export async function findName({ host }: Place): Promise<Finding> {
  if (isIP(host) !== 0) return skipped("name", `${host} is an address`);
  try {
    const found = await within(lookup(host, { all: true }), reachMs);
    if (found === undefined) {
      const why = `The name ${host} was not resolved within ${reachMs} ms.`;
      return failed("name", new MeshError("deadline-exceeded", why), "Check the name servers of this machine.");
    }
    return fine("name", `${host} is ${found.map(({ address }) => address).join(", ")}`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "EAI_AGAIN" ? "could not be looked up" : "is not known";
    const hint =
      "Check how it is written, and the name servers of this machine; an address such as 192.0.2.7 does as well.";
    return failed("name", new MeshError("peer-unreachable", `The host ${host} ${why} (${code}).`), hint);
  }
}

export async function findPort(place: Place, signal: AbortSignal): Promise<Finding> {
  const where = formatHostPort(place);
  const startMs = performance.now();
  try {
    const socket = await opened(connectTcp({ host: place.host, port: place.port }), "connect", signal);
    const { remoteAddress = place.host } = socket;
    socket.destroy();
    return fine(
      "port",
      `${formatHostPort({ host: remoteAddress, port: place.port })} takes connections, after ${since(startMs)}`,
    );
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof MeshError) {
      const hint = `Check the address, and that firewalls let TCP through to port ${place.port}.`;
      return failed("port", new MeshError(error.code, `${where} did not answer within ${reachMs} ms.`), hint);
    }
    return failed(
      "port",
      refusal(where, error as NodeJS.ErrnoException),
      whenRefused(error as NodeJS.ErrnoException, where),
    );
  }
}

function refusal(where: string, { code = "", message }: NodeJS.ErrnoException): MeshError {
  const why: Readonly<Record<string, string>> = {
    ECONNREFUSED: `Nothing listens at ${where}.`,
    EHOSTUNREACH: `There is no way to the host of ${where}.`,
    ENETUNREACH: `There is no way to the network of ${where}.`,
    ECONNRESET: `${where} ends each connection at once.`,
  };
  return new MeshError("peer-unreachable", why[code] ?? `${where} cannot be connected to: ${message}.`);
}

function whenRefused({ code }: NodeJS.ErrnoException, where: string): string {
  if (code === "ECONNREFUSED") {
    return `Start the peer, or correct the port: it has to listen at ${where}, and at 0.0.0.0 where others are to reach it.`;
  }
  if (code === "ECONNRESET") return "Check the port, and what stands in front of the peer: a firewall, or a proxy.";
  return "Check the address and the routes of this machine.";
}

/** Whether the port speaks TLS with a certificate that is good for the host. */
export async function findEncryption(place: Place, signal: AbortSignal): Promise<Finding> {
  const { host } = place;
  try {
    const socket = await handshake(place, true, signal);
    const { subject, valid_to: until } = socket.getPeerCertificate();
    const found = `${socket.getProtocol() ?? "TLS"}, certificate of ${[subject?.CN ?? host].flat().join(", ")} until ${until}`;
    socket.destroy();
    return fine("encryption", found);
  } catch (error) {
    signal.throwIfAborted();
    const { code, why, hint } = whyNotEncrypted((error as NodeJS.ErrnoException).code ?? "closed", place);
    return failed("encryption", new MeshError(code, why), hint);
  }
}

interface NotEncrypted {
  /** As a call has it. */
  readonly code: ErrorCode;
  readonly why: string;
  readonly hint: string;
}

/** @param code of the system or of OpenSSL */
function whyNotEncrypted(code: string, place: Place): NotEncrypted {
  const where = formatHostPort(place);
  const inPlain = "leave the encryption out of the scheme (`webrtc://`, `ws://`, `http://`)";
  if (code === "deadline-exceeded") {
    const hint = `It does not speak TLS: ${inPlain}; or the program there stands still: look at it.`;
    return { code, why: `${where} takes connections, and does not answer by TLS within ${reachMs} ms.`, hint };
  }
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") {
    const hint = "Renew it there; check the clock of this machine as well.";
    const why = code === "CERT_HAS_EXPIRED" ? "has expired" : "is not valid yet";
    return { code: "access-denied", why: `The certificate of ${where} ${why} (${code}).`, hint };
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    const hint = "Call it by a name that stands in the certificate, or have one issued for this name.";
    return { code: "access-denied", why: `The certificate is not one of ${place.host} (${code}).`, hint };
  }
  if (/SELF_SIGNED|UNABLE_TO|CERT_/.test(code)) {
    const hint = "Set NODE_EXTRA_CA_CERTS to the certificate of the authority, a file in PEM.";
    const why = `The certificate of ${where} is not signed by an authority that is trusted here (${code}).`;
    return { code: "access-denied", why, hint };
  }
  if (/ALERT|UNSUPPORTED_PROTOCOL|NO_SHARED/.test(code)) {
    const hint = "TLS 1.2 or 1.3 is spoken here: have it speak one of them, with ciphers that are still in use.";
    return { code: "peer-unreachable", why: `${where} speaks TLS, but not as it is spoken here (${code}).`, hint };
  }
  const hint = `The port does not speak TLS: ${inPlain}, or have the peer encrypt.`;
  return { code: "peer-unreachable", why: `${where} does not answer by TLS (${code}).`, hint };
}

/** True where something at the port answers a TLS handshake, whatever its certificate. */
export async function speaksTls(place: Place, signal: AbortSignal): Promise<boolean> {
  try {
    (await handshake(place, false, signal, 1_000)).destroy();
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

function handshake(place: Place, verified: boolean, signal: AbortSignal, ms = reachMs): Promise<TLSSocket> {
  const { host, port } = place;
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const socket = connectTls({ host, port, rejectUnauthorized: verified, ...servername });
  return opened(socket, "secureConnect", signal, ms);
}

/** @throws {MeshError} `deadline-exceeded`; what the system says; the signal's reason */
export function opened<T extends Socket>(socket: T, event: string, signal: AbortSignal, ms = reachMs): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      done();
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(new MeshError("deadline-exceeded", `There was no answer in ${ms} ms`)), ms);
    const onAbort = (): void => fail(signal.reason as Error);
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    // Stays on: a socket without a listener for `error` takes the process down.
    socket.on("error", fail);
    socket.once("close", () => fail(new Error("the connection was closed")));
    socket.once(event, () => {
      done();
      resolve(socket);
    });
  });
}

/** @returns undefined when it takes longer */
async function within<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), ms)));
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** `3 ms` */
export function since(startMs: number): string {
  return `${Math.max(1, Math.round(performance.now() - startMs))} ms`;
}
