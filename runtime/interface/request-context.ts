/**
 * For whom something is done. It goes along from peer to peer with what is asked of them, so that what happens on several can be
 * told to belong together; it decides nothing.
 */
export interface RequestContext {
  /** Id of the session in which it began, the same at all peers that have a part in it: 8 to 64 visible characters of ASCII. */
  readonly origin?: string | undefined;
  /** `traceparent` of W3C Trace Context (https://www.w3.org/TR/trace-context/), version 00; passed on as it came. */
  readonly traceParent?: string | undefined;
  /** `tracestate` beside it, at most 512 characters. */
  readonly traceState?: string | undefined;
}

/** The names of the fields in the headers of HTTP and in the metadata of gRPC. */
export const contextKeys = { origin: "mesh-session", traceParent: "traceparent", traceState: "tracestate" } as const;

/** Bytes of a trace parent in binary: version, trace id (16), parent id (8), flags. */
export const traceParentBytes = 26;

const originPattern = /^[!-~]{8,64}$/;
const parentPattern = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const statePattern = /^[ -~]{1,512}$/;

/**
 * What a caller has said, in texts of any kind. A field that is not as it should be is left out, for nobody is refused for how he is traced;
 * of a trace parent of a later version the part is taken that is known (section 3.2.4 of the recommendation).
 */
export function readContext(said: RequestContext): RequestContext {
  const { origin, traceState } = said;
  const traceParent = readTraceParent(said.traceParent);
  return {
    ...(origin !== undefined && originPattern.test(origin) && { origin }),
    ...(traceParent !== undefined && { traceParent }),
    ...(traceParent !== undefined && traceState !== undefined && statePattern.test(traceState) && { traceState }),
  };
}

function readTraceParent(text: string | undefined): string | undefined {
  if (text === undefined || text.length > 512) return undefined;
  const match = parentPattern.exec(text);
  if (match === null || (text.startsWith("00") && text.length !== 55)) return undefined;
  return `00-${match[1]}-${match[2]}-${match[3]}`;
}

/** By the names of headers. */
export function contextFields(context: RequestContext): [string, string][] {
  return (["origin", "traceParent", "traceState"] as const).flatMap((field): [string, string][] => {
    const value = context[field];
    return value === undefined ? [] : [[contextKeys[field], value]];
  });
}

/** What none stands for: a trace id of zeros is that of no trace. */
const noParent = `00-${"0".repeat(32)}-${"0".repeat(16)}-00`;

/** @param text of version 00; undefined for none */
export function traceParentToBytes(text: string | undefined): Uint8Array {
  const digits = (text ?? noParent).replaceAll("-", "");
  return Uint8Array.from({ length: traceParentBytes }, (_, index) =>
    Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16),
  );
}

/** @returns undefined for what stands for none, and for what is no trace parent */
export function traceParentFromBytes(bytes: Uint8Array): string | undefined {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return readTraceParent(`${digits.slice(0, 2)}-${digits.slice(2, 34)}-${digits.slice(34, 50)}-${digits.slice(50)}`);
}
