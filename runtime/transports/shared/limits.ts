/** Bounds of connections that several share; `docs/protocol.md` gives them to implementers. */
export const carrierLimits = {
  /** Connections that one carries at the same time. */
  connections: 256,
  /** Those that the other side may open in a second. */
  opensPerSecond: 200,
  /** Data channels that one side makes; where there are more channels of connections, they share them. */
  streams: 64,
  /** The highest number of a connection; one that has come so far takes no new ones. */
  highestNumber: 65_535,
  /** Messages that wait for channel 0; a side that lets them pile up has stopped reading. */
  queuedMessages: 4_096,
  /** Of those, how many may wait before a connection's control channel is not writable. */
  writableMessages: 8,
  /** How long an answer to `open` is waited for while nothing comes at all, in milliseconds; then another connection is made. */
  openMs: 1_000,
  /** How often the side that has dialled pings one that carries nothing. */
  pingMs: 1_000,
  /** How long such a one may be silent before the side that has dialled gives it up, and before the other one does. */
  silentMs: 3_000,
  abandonedMs: 10_000,
  /** How long a peer that could not be reached is left alone by those who only stand by. */
  aheadMs: 5_000,
  /** How long one that carries nothing is kept for the next. */
  idleMs: 5_000,
} as const;
