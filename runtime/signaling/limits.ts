/** Bounds of everything a stranger can send to a signaling endpoint; printed in `docs/protocol.md`. */
export const signalLimits = {
  /** UTF-8 bytes of one message. */
  messageBytes: 64 * 1024,
  /** Nested arrays and objects in one message. */
  jsonDepth: 16,
  /** Messages a connection may send in any one second. */
  messagesPerSecond: 100,
  /** Time from the connection to `hello`, in milliseconds. */
  helloMs: 10_000,
  /** Time from the connection to its end, in milliseconds. */
  callMs: 30_000,
  /** Connections that are open at the same time. */
  pendingCalls: 64,
  /** Names that a `pipeline-not-found` lists. */
  listedPipelines: 20,
  /** Candidates of one side of a call, in the SDP and after it. */
  candidates: 64,
  /** UTF-16 code units of one SDP. */
  sdpLength: 48 * 1024,
} as const;

/** The WebSocket subprotocol (RFC 6455 section 1.9). */
export const signalSubprotocol = "mesh.v1+json";

/** The signaling versions this code speaks, best first. */
export const signalVersions: readonly number[] = [1];

/** WebSocket close codes (RFC 6455 section 7.4.1 and its registry). */
export const closeCodes = {
  normal: 1000,
  goingAway: 1001,
  unsupportedData: 1003,
  policyViolation: 1008,
  tooBig: 1009,
  tryAgainLater: 1013,
} as const;
