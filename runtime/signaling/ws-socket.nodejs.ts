/** A WebSocket of the package `ws` as the signaling sees it. A service has many thousands, so each is one object. */
import { WebSocket, type RawData } from "ws";
import { rateLimit, type RateLimit } from "../interface/rate.ts";
import { nodejsTime } from "./crowd.nodejs.ts";
import { closeCodes, signalLimits } from "./limits.ts";
import type { RefusalReason } from "./refusals.ts";
import type { SignalSocket } from "./socket.ts";

/**
 * What `ws` makes. What comes in at an endpoint goes to its owner without a listener for each event, whose table takes as much as
 * everything else that is kept for a connection here.
 */
export class OwnedWebSocket extends WebSocket {
  owner: WsSocket | undefined = undefined;

  override emit(event: string | symbol, ...told: readonly unknown[]): boolean {
    if (this.owner === undefined) return super.emit(event, ...told);
    this.owner.take(event, told);
    // An error that nobody listens for would take the process down.
    return event === "error" || super.emit(event, ...told);
  }
}

/** Where sockets come in. */
export interface Endpoint {
  readonly refused: (reason: RefusalReason) => void;
  /** All that are open. */
  readonly open: Set<OwnedWebSocket>;
}

/** What the other side has done, in words. */
const violations = {
  binary: "it sent a binary message",
  frame: "it sent what is no frame of a WebSocket",
  "message-bytes": `it sent a message of more than ${signalLimits.messageBytes} bytes`,
  utf8: "it sent a text that is no UTF-8",
} satisfies Partial<Record<RefusalReason, string>>;

/** Why `ws` has ended a connection; what is not here is no frame of RFC 6455. */
const frameReasons: Readonly<Record<string, keyof typeof violations>> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: "message-bytes",
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: "message-bytes",
  WS_ERR_TOO_MANY_BUFFERED_PARTS: "message-bytes",
  WS_ERR_INVALID_UTF8: "utf8",
};

export class WsSocket implements SignalSocket {
  readonly remoteHost: string | undefined;
  readonly #socket: OwnedWebSocket;
  readonly #endpoint: Endpoint | undefined;
  #onMessage: ((text: string) => void) | undefined;
  #onClose: ((code: number, reason: string, broke?: string) => void) | undefined;
  /** What the other side has done that this one closes for. */
  #violation: string | undefined;
  #controls: RateLimit | undefined;

  /** @param endpoint left out for one that was opened here */
  constructor(socket: OwnedWebSocket, endpoint?: Endpoint, remoteHost?: string) {
    this.#socket = socket;
    this.#endpoint = endpoint;
    this.remoteHost = remoteHost;
    socket.owner = this;
    endpoint?.open.add(socket);
  }

  get unreadBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(text: string): void {
    if (this.#isOpen) this.#socket.send(text);
  }

  close(code: number, reason: string): void {
    if (this.#isOpen) this.#socket.close(code, reason);
    else if (this.#socket.readyState === WebSocket.CONNECTING) this.#socket.terminate();
  }

  onMessage(listener: (text: string) => void): void {
    this.#onMessage = listener;
  }

  onClose(listener: (code: number, reason: string, broke?: string) => void): void {
    this.#onClose = listener;
  }

  /** An event of the socket (https://github.com/websockets/ws/blob/8.18.3/doc/ws.md). */
  take(event: string | symbol, [first, second]: readonly unknown[]): void {
    if (event === "message") this.#received(first as RawData, second as boolean);
    else if (event === "close") this.#closed(first as number, second as Buffer);
    else if (event === "error") this.#failed(first as NodeJS.ErrnoException);
    else if (this.#endpoint === undefined) return;
    else if (event === "ping" && this.#controlled(this.#endpoint)) this.#ponged(first as Buffer);
    else if (event === "pong") this.#controlled(this.#endpoint);
  }

  #received(data: RawData, isBinary: boolean): void {
    if (!isBinary) {
      this.#onMessage?.((data as Buffer).toString("utf8"));
      return;
    }
    if (this.#isOpen) this.#endpoint?.refused("binary");
    this.#violation ??= violations.binary;
    this.#socket.close(closeCodes.unsupportedData, "text messages only");
  }

  #closed(code: number, reason: Buffer): void {
    this.#endpoint?.open.delete(this.#socket);
    this.#onClose?.(code, reason.toString("utf8"), this.#violation);
  }

  #failed({ code = "" }: NodeJS.ErrnoException): void {
    if (!code.startsWith("WS_ERR")) return;
    const reason = frameReasons[code] ?? "frame";
    this.#violation ??= violations[reason];
    this.#endpoint?.refused(reason);
  }

  /** As `ws` does by itself, but not without end: who does not read is not written to. */
  #ponged(data: Buffer): void {
    if (this.#socket.bufferedAmount <= signalLimits.behindBytes) this.#socket.pong(data);
  }

  /** Control frames count as messages. @returns whether one more is within the limits */
  #controlled({ refused }: Endpoint): boolean {
    this.#controls ??= rateLimit(nodejsTime, signalLimits.messagesPerSecond);
    if (this.#controls.take()) return true;
    if (this.#isOpen) {
      refused("message-rate");
      const text = `more than ${signalLimits.messagesPerSecond} control frames in a second`;
      this.#socket.close(closeCodes.policyViolation, text);
    }
    return false;
  }

  get #isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }
}
