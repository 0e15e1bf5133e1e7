import type { ErrorCode } from "../interface/errors.ts";

/**
 * Why something of a stranger was refused or broken off: a code of the run-time errors, or what stood in the way before there was a
 * message to be answered with one. docs/signaling.md says what each means.
 */
export type RefusalReason =
  | ErrorCode
  /** Of a TCP connection, before it is a WebSocket. */
  | "connections"
  | "address-connections"
  | "address-rate"
  | "handshake"
  | "origin"
  | "subprotocol"
  /** Of a WebSocket. */
  | "binary"
  | "frame"
  | "message-bytes"
  | "utf8"
  /** Of a connection that has not said hello. */
  | "half-open"
  | "hello-timeout"
  /** Of one that has. */
  | "call-timeout"
  | "idle"
  | "message-rate"
  | "byte-rate"
  | "unread"
  /** Of a message, by the names of JSON-RPC 2.0. */
  | "parse-error"
  | "invalid-request"
  | "method-not-found"
  | "invalid-params"
  /** Of a relayed message: for a call that is not, or no longer, one of the sender. */
  | "unknown-call";

/** How often, by reason. */
export type RefusalFigures = Readonly<Partial<Record<RefusalReason, number>>>;

/** Counts what an endpoint refuses. The reasons are a closed list, so that strangers cannot make it grow. */
export class Refusals {
  readonly #counts = new Map<RefusalReason, number>();

  count(reason: RefusalReason): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
  }

  /** Only reasons that there have been. */
  get figures(): RefusalFigures {
    return Object.fromEntries(this.#counts) as RefusalFigures;
  }
}
