import { lookup } from "node:dns/promises";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { MeshError } from "../../../runtime/interface/errors.ts";
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
  };
  return new MeshError("peer-unreachable", why[code] ?? `${where} cannot be connected to: ${message}.`);
}

function whenRefused({ code }: NodeJS.ErrnoException, where: string): string {
  return code === "ECONNREFUSED"
    ? `Start the peer, or correct the port: it has to listen at ${where}, and at 0.0.0.0 where others are to reach it.`
    : "Check the address and the routes of this machine.";
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
    const { code = "", message } = error as NodeJS.ErrnoException;
    const [why, hint] = whyNotEncrypted(code, host);
    const known = error instanceof MeshError ? error.code : "peer-unreachable";
    return failed("encryption", new MeshError(known, `${why ?? `There is no TLS: ${message}`} (${code}).`), hint);
  }
}

function whyNotEncrypted(code: string, host: string): readonly [string | undefined, string] {
  if (code === "CERT_HAS_EXPIRED")
    return ["The certificate has expired", "Renew it there; check the clock of this machine as well."];
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return [
      `The certificate is not one of ${host}`,
      "Call it by a name that stands in the certificate, or have one issued for this name.",
    ];
  }
  if (/SELF_SIGNED|UNABLE_TO|CERT_/.test(code)) {
    return [
      "The certificate is not signed by an authority that is trusted here",
      "Set NODE_EXTRA_CA_CERTS to the certificate of the authority.",
    ];
  }
  return [
    undefined,
    "The port does not speak TLS: leave the encryption out of the scheme (`webrtc://`, `ws://`, `http://`), or have the peer encrypt.",
  ];
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
function opened<T extends Socket>(socket: T, event: string, signal: AbortSignal, ms = reachMs): Promise<T> {
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
