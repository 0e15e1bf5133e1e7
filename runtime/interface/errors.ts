/**
 * The closed table of run-time failures. `retry`: another attempt at the same place may succeed. `grpc`: the status of the same meaning
 * (https://grpc.github.io/grpc/core/md_doc_statuscodes.html).
 */
export const errorCodes = {
  /** Ended on purpose by the caller. */
  cancelled: { retry: false, grpc: 1 },
  /** A bug of ours, or a foreign error nobody classified. */
  internal: { retry: false, grpc: 13 },
  /** An argument, parameter or file the user gave is not acceptable. */
  "invalid-argument": { retry: false, grpc: 3 },
  /** Nothing answers at the address. */
  "peer-unreachable": { retry: true, grpc: 14 },
  /** The peer was there and has gone silent or away. */
  "peer-lost": { retry: true, grpc: 14 },
  /** Something took longer than its limit. */
  "deadline-exceeded": { retry: true, grpc: 4 },
  /** The peer is there but runs no pipeline of that name. */
  "pipeline-not-found": { retry: false, grpc: 5 },
  /** No format in common for a stream. */
  "format-mismatch": { retry: false, grpc: 9 },
  /** The peers speak no common protocol version. */
  "version-mismatch": { retry: false, grpc: 12 },
  /** The peer sent what the protocol does not allow. */
  "protocol-violation": { retry: false, grpc: 3 },
  /** Identity missing or refused. */
  "access-denied": { retry: false, grpc: 7 },
  /** A limit of frames, bytes, sessions or depth was met. */
  "resource-exhausted": { retry: true, grpc: 8 },
  /** The reader or writer of a link has gone. */
  "channel-closed": { retry: false, grpc: 10 },
  /** `send` was called without room; the caller skipped `ready`. */
  "channel-full": { retry: false, grpc: 8 },
  /** Code of a node threw, rejected or broke its contract. */
  "node-failed": { retry: false, grpc: 13 },
  /** A package, library or model a node needs is not installed. */
  "dependency-missing": { retry: false, grpc: 9 },
  /**
   * Every target of a remote has been tried, as often as its policy says. Not to be tried again by whoever is told: in a
   * chain of remotes the attempts would multiply. Another target may help.
   */
  "targets-exhausted": { retry: false, grpc: 14 },
  /** An address to listen on is taken or not allowed. */
  "address-in-use": { retry: false, grpc: 14 },
} as const;

export type ErrorCode = keyof typeof errorCodes;

/**
 * The status of HTTP (RFC 9110) for each code. Apart from the table above, for a page has no use for it. 499 is no standard, and
 * seen by nobody: the client has gone.
 */
export const httpStatuses: Readonly<Record<ErrorCode, number>> = {
  cancelled: 499,
  internal: 500,
  "invalid-argument": 400,
  "peer-unreachable": 503,
  "peer-lost": 503,
  "deadline-exceeded": 504,
  "pipeline-not-found": 404,
  "format-mismatch": 400,
  "version-mismatch": 501,
  "protocol-violation": 400,
  "access-denied": 403,
  "resource-exhausted": 429,
  "channel-closed": 409,
  "channel-full": 429,
  "node-failed": 500,
  "dependency-missing": 500,
  "targets-exhausted": 503,
  "address-in-use": 503,
};

/** Where in the sources something stands; lines and columns count from 1. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface MeshErrorInit {
  readonly cause?: unknown;
  /** The node or remote that failed, as the program names it. */
  readonly node?: string | undefined;
  /** The place of that node in its `.mesh` file. */
  readonly location?: Location | undefined;
  /** What the reader can do about it, one sentence. */
  readonly hint?: string | undefined;
  /** When another attempt may help, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

/** A run-time failure with a code of the closed table. The message is complete without the cause. */
export class MeshError extends Error {
  override readonly name = "MeshError";
  readonly code: ErrorCode;
  readonly node: string | undefined;
  readonly location: Location | undefined;
  readonly hint: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, init: MeshErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = code;
    this.node = init.node;
    this.location = init.location;
    this.hint = init.hint;
    this.retryAfterMs = init.retryAfterMs;
  }

  get retryable(): boolean {
    return errorCodes[this.code].retry;
  }

  /** True when `code` is one of the table; for codes that came over the wire. */
  static isCode(code: string): code is ErrorCode {
    return Object.hasOwn(errorCodes, code);
  }

  /** Converts a foreign error once, at the border; a `MeshError` passes unchanged. */
  static from(error: unknown, code: ErrorCode = "internal", init: MeshErrorInit = {}): MeshError {
    if (error instanceof MeshError) return error;
    const message = error instanceof Error ? error.message : String(error);
    return new MeshError(code, message, { cause: error, ...init });
  }
}

/** `main.mesh:12:3` */
export function formatLocation(location: Location): string {
  return `${location.file}:${location.line}:${location.column}`;
}

/** Guards what our own code promises; a failure is a bug of the runtime, not of the user. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new MeshError("internal", `Broken invariant: ${message}`);
}
