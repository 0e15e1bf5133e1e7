/** Bounds of what HTTP users may ask; `docs/http.md` gives them. */
export const httpLimits = {
  /** The body of a request, and one line of a body that is read while it comes, in bytes; as for gRPC. */
  bodyBytes: 4 * 1024 * 1024,
  /** For how long a body may take to come as a whole, in milliseconds; one that is read while it comes may take its time. */
  bodyMs: 60_000,
  /** Requests that are answered at the same time, those whose answers are streams included. */
  requests: 256,
  /** A stream that has nothing to say shows so often that it is there, in milliseconds. */
  keepAliveMs: 15_000,
  /** Frames of a stream that wait for the client, and their bytes; then the pipeline waits too. */
  waitingFrames: 64,
  waitingBytes: 1024 * 1024,
  /** For how long the rest of a body is taken in that nobody reads any more, so that the client sees its answer; in milliseconds. */
  lingerMs: 1_000,
  /** For how long answers may still leave when the peer stops, in milliseconds. */
  farewellMs: 250,
} as const;
