import type { HttpService } from "../http/message.ts";
import type { RefusalReason } from "./refusals.ts";

/** What a WebSocket is to those who are told what comes in by somebody else. */
export interface SocketOutlet {
  /** Bytes that were sent and that the other side has not taken yet; left out where that is not known. */
  readonly unreadBytes?: number;
  /** The address of the machine at the other end; left out where there is no such. */
  readonly remoteHost?: string | undefined;
  /** After the end it does nothing. */
  send(text: string): void;
  /** @param code 1000 or 3000 to 4999 in browsers @param reason at most 123 bytes of UTF-8 (RFC 6455 section 5.5) */
  close(code: number, reason: string): void;
}

/** One WebSocket, whichever library is behind it. Text messages only; a binary one closes it with 1003. */
export interface SignalSocket extends SocketOutlet {
  /** Set once, synchronously with getting the socket. */
  onMessage(listener: (text: string) => void): void;
  /**
   * Set once, synchronously with getting the socket. Called once, also after `close`.
   * @param listener `broke` is told where this side has closed, for what the other side did
   */
  onClose(listener: (code: number, reason: string, broke?: string) => void): void;
}

/** Where an endpoint is reached; `secure`: by `wss`, with a certificate for the host. */
export interface SignalAddress {
  readonly host: string;
  readonly port: number;
  readonly secure?: boolean | undefined;
}

/**
 * Opens a socket to a signaling endpoint with the subprotocol of this version.
 * @throws {MeshError} `peer-unreachable` when nothing or something else answers; or the signal's reason
 */
export type SignalConnect = (at: SignalAddress, signal: AbortSignal) => Promise<SignalSocket>;

export interface SignalServerHandle {
  readonly host: string;
  readonly port: number;
  /** Ends the open sockets too. */
  close(): Promise<void>;
}

/** Where to listen; port 0 takes a free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** By TLS; left out where the listener itself decides. */
  readonly secure?: boolean | undefined;
  /** Told of each connection that is refused or broken off before its messages are read. */
  readonly refused?: ((reason: RefusalReason) => void) | undefined;
}

/**
 * Waits for sockets.
 * @param http answers requests that are no sockets; left out, they are told what this endpoint is
 * @throws {MeshError} `address-in-use`
 */
export type SignalServerFactory = (
  at: ListenAddress,
  onSocket: (socket: SignalSocket) => void,
  http?: HttpService,
) => Promise<SignalServerHandle>;
