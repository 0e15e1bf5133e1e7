import { MeshError } from "./errors.ts";

/** The address of a peer, and of a pipeline on it when there is a path (spec R10.1). */
export interface MeshUri {
  /** In lower case: `webrtc`, `grpc`, `memory`; of a signaling service `ws`. */
  readonly scheme: string;
  /** Its signaling is encrypted: `webrtc+wss`, `wss`. Left out where it is not. */
  readonly secure?: true;
  /** The id of a peer that is called through the signaling service at the address; left out where there is none. */
  readonly peer?: string;
  /** A name, an IPv4 address, or an IPv6 address without its brackets. */
  readonly host: string;
  /** 0 to 65535; 0 only makes sense for listening. */
  readonly port: number;
  /** Percent-decoded; undefined when the address names only a peer. */
  readonly pipeline: string | undefined;
}

/** The port of a URI that names none. */
export const defaultPort = 7443;

/** The longest pipeline name, in UTF-16 code units. */
export const maxPipelineName = 128;

const bracketsWanted = "an IPv6 address goes in brackets, as in webrtc://[::1]:7443/Pipeline";
const shape =
  /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(?:([A-Za-z0-9][A-Za-z0-9._~-]{0,127})@)?(\[[^\]/?#]*\]|[^:/?#[\]@]*)(?::([^/?#@]*))?(\/[^?#]*)?$/;

/**
 * Reads `scheme://[peer@]host[:port][/pipeline]`; the syntax is a subset of RFC 3986 without passwords, query and fragment.
 * @throws {MeshError} `invalid-argument`, naming the part that is wrong
 */
export function parseMeshUri(text: string): MeshUri {
  const match = shape.exec(text);
  if (match === null) throw bad(text, whyShapeless(text));
  const [, rawScheme = "", peer, rawHost = "", rawPort, path] = match;
  const [scheme = "", signaling] = rawScheme.toLowerCase().split(/\+(?=wss?$)/);
  return {
    scheme: scheme === "wss" ? "ws" : scheme,
    ...((scheme === "wss" || signaling === "wss") && { secure: true }),
    ...(peer !== undefined && { peer }),
    host: parseHost(text, rawHost),
    port: rawPort === undefined ? defaultPort : parsePort(text, rawPort),
    pipeline: parsePath(text, path),
  };
}

/**
 * Reads an address that must have the scheme and name a pipeline.
 * @throws {MeshError} `invalid-argument`
 */
export function parseTargetUri(text: string, scheme: string): MeshUri & { readonly pipeline: string } {
  const uri = parsePeerUri(text, scheme);
  if (uri.pipeline === undefined) throw bad(text, `it names no pipeline; add one, as in ${formatMeshUri(uri)}/Name`);
  return { ...uri, pipeline: uri.pipeline };
}

/**
 * Reads an address that must have the scheme; a pipeline may be there.
 * @throws {MeshError} `invalid-argument`
 */
export function parsePeerUri(text: string, scheme: string): MeshUri {
  const uri = parseMeshUri(text);
  if (uri.scheme !== scheme) throw bad(text, `its scheme is "${uri.scheme}", "${scheme}" is wanted here`);
  return uri;
}

/** `127.0.0.1:7443`, `[::1]:7443` */
export function formatHostPort(at: { readonly host: string; readonly port: number }): string {
  return `${at.host.includes(":") ? `[${at.host}]` : at.host}:${at.port}`;
}

/** The text that `parseMeshUri` reads back to the same value. */
export function formatMeshUri(uri: MeshUri): string {
  const path = uri.pipeline === undefined ? "" : `/${encodeURIComponent(uri.pipeline)}`;
  const scheme = uri.secure !== true ? uri.scheme : uri.scheme === "ws" ? "wss" : `${uri.scheme}+wss`;
  return `${scheme}://${uri.peer === undefined ? "" : `${uri.peer}@`}${formatHostPort(uri)}${path}`;
}

function whyShapeless(text: string): string {
  if (!text.includes("://")) return "it has no scheme; write webrtc://host:port/Pipeline";
  if (/[?#]/.test(text)) return "a query or fragment has no meaning here";
  if (/^[^/]*:\/\/[^/]*@/.test(text))
    return "passwords are not taken from addresses, and before the @ stands the id of a peer";
  if ((/^[^/]*:\/\/([^/]*)/.exec(text)?.[1]?.split(":").length ?? 0) > 2) {
    return bracketsWanted;
  }
  return "write webrtc://host:port/Pipeline";
}

function parseHost(text: string, raw: string): string {
  if (raw === "" && text.includes("://::")) throw bad(text, bracketsWanted);
  if (raw === "") throw bad(text, "the host is missing");
  if (raw.startsWith("[")) {
    const address = raw.slice(1, -1);
    if (!isIpv6(address)) throw bad(text, `"${address}" is not an IPv6 address`);
    return address.toLowerCase();
  }
  const host = decode(text, raw, "host");
  if (host.length > 253 || !/^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?$/.test(host)) {
    throw bad(text, `"${host}" is not a host name or an IP address`);
  }
  return host.toLowerCase();
}

/** RFC 4291 section 2.2, with an IPv4 tail allowed; zone identifiers are not. */
function isIpv6(address: string): boolean {
  const halves = address.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  const last = groups.at(-1) ?? "";
  const tail = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(last);
  if (tail !== null && tail.slice(1).some((part) => Number(part) > 255)) return false;
  const plain = tail === null ? groups : groups.slice(0, -1);
  const count = plain.length + (tail === null ? 0 : 2);
  return plain.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group)) && (halves.length === 2 ? count < 8 : count === 8);
}

function parsePort(text: string, raw: string): number {
  const port = /^\d{1,5}$/.test(raw) ? Number(raw) : Number.NaN;
  if (!(port <= 65535)) throw bad(text, `"${raw}" is not a port; ports are 0 to 65535`);
  return port;
}

function parsePath(text: string, path: string | undefined): string | undefined {
  if (path === undefined || path === "/") return undefined;
  if (path.indexOf("/", 1) !== -1) throw bad(text, "the path is one pipeline name, without a further slash");
  const name = decode(text, path.slice(1), "pipeline name");
  if (name.length > maxPipelineName) throw bad(text, `the pipeline name is longer than ${maxPipelineName} characters`);
  // Control characters would let a name forge lines of a log.
  if (/\p{Cc}/u.test(name)) throw bad(text, "the pipeline name holds a control character");
  return name;
}

function decode(text: string, part: string, what: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw bad(text, `the ${what} has a broken percent escape`);
  }
}

function bad(text: string, why: string): MeshError {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return new MeshError("invalid-argument", `"${shown}" is not an address of a pipeline: ${why}.`);
}
