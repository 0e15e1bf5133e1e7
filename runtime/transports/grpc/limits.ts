/** Bounds of gRPC connections; `docs/grpc.md` gives them. */
export const grpcLimits = {
  /** The largest message of a channel, in bytes, that every peer takes, and that is sent while several channels are in use. */
  messageBytes: 64 * 1024,
  /** The largest that two peers may agree on, in bytes: a frame of 1 MiB with its header, so that no side has to put it together. */
  largeMessageBytes: 1088 * 1024,
  /** How long a message beyond `messageBytes` may take to leave, in milliseconds: so long may what is not yet known of wait for it. */
  largeMessageMs: 20,
  /** What the stream of a call may hold that has not left for the network; the control channel as much again. */
  outstandingMessages: 16,
  outstandingBytes: 256 * 1024,
  /** What may be on the way of a stream of HTTP/2, and of a connection, that its reader has not taken from the network, in bytes. */
  flowControlBytes: 1024 * 1024,
  /** Payload of a stream that its reader lets be under way, in bytes: some of the largest frames that one sends often. */
  windowBytes: 4 * 1024 * 1024,
  /** The largest request of `Execute`, in bytes: what gRPC takes unless told otherwise. */
  requestBytes: 4 * 1024 * 1024,
  /** The largest response that we take as a client: the largest payload of a frame, and some. */
  responseBytes: 17 * 1024 * 1024,
  /** Smaller requests are not compressed, in bytes: it would take longer than to send them. */
  compressedBytes: 1024,
  /** How long a dial waits for the HTTP/2 connection and the first answer, in milliseconds. */
  connectMs: 3_000,
  /** How long an end waits for the other side to see it. */
  farewellMs: 500,
  /** An idle connection is asked for a sign of life so often, and given up after so long without one; in milliseconds. */
  keepaliveMs: 2_000,
  keepaliveTimeoutMs: 1_000,
} as const;
