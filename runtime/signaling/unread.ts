import { closeCodes, signalLimits } from "./limits.ts";
import type { RefusalReason } from "./refusals.ts";
import type { SignalSocket, SocketOutlet } from "./socket.ts";

/**
 * What the readers of an endpoint have not taken yet. Each may be behind by so much; and all together, since they are many. Who is behind
 * when it is too much is closed.
 */
export class Unread {
  readonly #refused: (reason: RefusalReason) => void;
  /** Of whom more waits than is usual. */
  readonly #behind = new Set<SignalSocket>();

  constructor(refused: (reason: RefusalReason) => void) {
    this.#refused = refused;
  }

  /** The same socket, within the bounds: what is sent beyond them closes it, and from then on it says nothing. */
  bound(socket: SignalSocket): BoundedSocket {
    return new BoundedSocket(socket, this);
  }

  /** After something was sent. @returns whether it was too much */
  check(socket: SignalSocket): boolean {
    if (!this.#isTooMuch(socket)) return false;
    this.#refused("unread");
    return true;
  }

  ended(socket: SignalSocket): void {
    this.#behind.delete(socket);
  }

  #isTooMuch(socket: SignalSocket): boolean {
    const { behindBytes, unreadBytes, allUnreadBytes } = signalLimits;
    const own = socket.unreadBytes ?? 0;
    if (own <= behindBytes) return false;
    if (own > unreadBytes) return true;
    this.#behind.add(socket);
    let all = 0;
    for (const one of this.#behind) {
      const bytes = one.unreadBytes ?? 0;
      if (bytes > behindBytes) all += bytes;
      else this.#behind.delete(one);
    }
    return all > allUnreadBytes;
  }
}

/** Who is told what comes in at a socket. */
export interface SocketListener {
  message(text: string): void;
  closed(code: number, reason: string): void;
}

/** There are many of them, and most say nothing for long, so little is kept for one. */
export class BoundedSocket implements SocketOutlet {
  readonly #socket: SignalSocket;
  readonly #unread: Unread;
  #over = false;

  constructor(socket: SignalSocket, unread: Unread) {
    this.#socket = socket;
    this.#unread = unread;
  }

  get unreadBytes(): number {
    return this.#socket.unreadBytes ?? 0;
  }

  get remoteHost(): string | undefined {
    return this.#socket.remoteHost;
  }

  send(text: string): void {
    if (this.#over) return;
    this.#socket.send(text);
    if (this.#unread.check(this.#socket)) this.close(closeCodes.policyViolation, "it does not read what it is sent");
  }

  close(code: number, reason: string): void {
    this.#end();
    this.#socket.close(code, reason);
  }

  /** Set once, synchronously with getting the socket. */
  listen(listener: SocketListener): void {
    this.#socket.onMessage((text) => {
      if (!this.#over) listener.message(text);
    });
    this.#socket.onClose((code, reason) => {
      this.#end();
      listener.closed(code, reason);
    });
  }

  #end(): void {
    this.#over = true;
    this.#unread.ended(this.#socket);
  }
}
