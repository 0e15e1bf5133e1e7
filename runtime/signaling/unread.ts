import { closeCodes, signalLimits } from "./limits.ts";
import type { RefusalReason } from "./refusals.ts";
import type { SignalSocket } from "./socket.ts";

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
  bound(socket: SignalSocket): SignalSocket {
    let over = false;
    const end = (): void => {
      over = true;
      this.#behind.delete(socket);
    };
    return {
      get unreadBytes() {
        return socket.unreadBytes ?? 0;
      },
      remoteHost: socket.remoteHost,
      send: (text) => {
        if (over) return;
        socket.send(text);
        if (!this.#isTooMuch(socket)) return;
        end();
        this.#refused("unread");
        socket.close(closeCodes.policyViolation, "it does not read what it is sent");
      },
      close: (code, reason) => {
        end();
        socket.close(code, reason);
      },
      onMessage: (listener) =>
        socket.onMessage((text) => {
          if (!over) listener(text);
        }),
      onClose: (listener) =>
        socket.onClose((code, reason) => {
          end();
          listener(code, reason);
        }),
    };
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
