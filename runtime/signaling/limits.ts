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
  /** UTF-8 bytes of all messages that a connection may send in any one second. */
  bytesPerSecond: 1024 * 1024,
  /** Connections that are open at the same time, and those of one address. */
  pendingCalls: 64,
  pendingCallsPerAddress: 32,
  /** Connections of one address to a listening peer, those of HTTP included, and WebSockets that it may open in any one second. */
  connectionsPerAddress: 256,
  socketsPerSecond: 50,
  /** Bytes that wait for a reader who does not read: of one connection, and of all that are behind together. */
  unreadBytes: 1024 * 1024,
  allUnreadBytes: 64 * 1024 * 1024,
  /** From so many unread bytes on a connection is behind. */
  behindBytes: 16 * 1024,
  /** Names that a `pipeline-not-found` lists. */
  listedPipelines: 20,
  /** Connections that a caller names in its `hello`. */
  bonds: 16,
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

/** Bounds of what a signaling service keeps for others; printed in `docs/protocol.md`. */
export const serviceLimits = {
  /** How long a registration stands without being renewed, in milliseconds: by itself, at least and at most. */
  leaseMs: 30_000,
  leaseMinMs: 5_000,
  leaseMaxMs: 120_000,
  /** How long it stands when its connection has broken, in milliseconds: time to come back. */
  graceMs: 5_000,
  /**
   * The highest epoch that who registers may bring with him; a higher one counts as this. What a stranger brings for an id is counted on from by
   * all who have it later, and there has to be room for them within the numbers that are exact.
   */
  broughtEpoch: 2 ** 52,
  /** Registered peers, and those of one address. */
  peers: 50_000,
  peersPerAddress: 4_096,
  /** UTF-16 code units of what all registrations say, what is the same in several counted once. */
  registeredLength: 128 * 1024 * 1024,
  /** Registrations of one connection. */
  registrations: 64,
  /** Pipelines of one page. */
  pageItems: 200,
  /** UTF-8 bytes of the pipelines of one page, and of what is told of one pipeline alone. */
  pageBytes: 56 * 1024,
  foundBytes: 62 * 1024,
  /** Watches of one connection, of one address, and in all: each is held against each change. */
  watches: 16,
  watchesPerAddress: 256,
  watchesInAll: 4_096,
  /**
   * Messages, and their UTF-8 bytes, that a connection with a registration may send in any one second: it answers many calls. For its
   * questions and registrations the limit of others holds.
   */
  messagesPerSecond: 2_000,
  bytesPerSecond: 8 * 1024 * 1024,
  /** Calls to one peer that are passed on at the same time. */
  relayedCalls: 64,
  /** Connections that have said hello, and are neither registered nor watch, end after so many milliseconds without a message. */
  idleMs: 60_000,
  /** Connections of a service: those that have not said hello yet, and all; in all and of one address. */
  halfOpen: 1_024,
  halfOpenPerAddress: 256,
  connections: 60_000,
  connectionsPerAddress: 4_096,
  /** WebSockets that one address may open in any one second. */
  socketsPerSecond: 200,
} as const;
