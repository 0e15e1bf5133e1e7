import type { ServiceParams } from "./methods.ts";
import type { SignalServerFactory, SignalSocket } from "./socket.ts";

type Relay = ServiceParams<"relay">;

/** Calls that come in through a service, each as a socket of its own: to whoever answers calls they are like any others. */
export class RelayedSockets {
  /** For whoever listens; the address is that of the service, and taken as it is. */
  readonly listen: SignalServerFactory;
  readonly #sockets = new Map<number, RelayedSocket>();
  #onSocket: ((socket: SignalSocket) => void) | undefined;

  constructor() {
    this.listen = async (at, onSocket) => {
      this.#onSocket = onSocket;
      return { host: at.host, port: at.port, close: async () => this.#stop() };
    };
  }

  /**
   * What the service has passed on.
   * @param send the way back
   */
  take({ call, message, end }: Relay, send: (relay: Relay) => void): void {
    let socket = this.#sockets.get(call);
    if (message !== undefined) {
      if (socket === undefined) {
        if (this.#onSocket === undefined) {
          send({ call, end: { code: 1001, reason: "the peer takes no calls" } });
          return;
        }
        socket = new RelayedSocket(call, send, () => this.#sockets.delete(call));
        this.#sockets.set(call, socket);
        this.#onSocket(socket);
      }
      socket.take(JSON.stringify(message));
    }
    if (end !== undefined) socket?.end(end.code, end.reason);
  }

  /** The conversation with the service has broken, and all calls with it. */
  broken(): void {
    for (const socket of this.#sockets.values()) socket.end(1006, "the signaling service has gone");
  }

  #stop(): void {
    this.#onSocket = undefined;
    for (const socket of this.#sockets.values()) socket.close(1001, "the peer stops");
  }
}

class RelayedSocket implements SignalSocket {
  readonly #call: number;
  readonly #send: (relay: Relay) => void;
  readonly #forget: () => void;
  #onMessage: (text: string) => void = () => undefined;
  #onClose: (code: number, reason: string) => void = () => undefined;
  #over = false;

  constructor(call: number, send: (relay: Relay) => void, forget: () => void) {
    this.#call = call;
    this.#send = send;
    this.#forget = forget;
  }

  send(text: string): void {
    if (!this.#over) this.#send({ call: this.#call, message: JSON.parse(text) as Record<string, unknown> });
  }

  close(code: number, reason: string): void {
    if (this.#over) return;
    this.#send({ call: this.#call, end: { code, reason } });
    this.end(code, reason);
  }

  onMessage(listener: (text: string) => void): void {
    this.#onMessage = listener;
  }

  onClose(listener: (code: number, reason: string) => void): void {
    this.#onClose = listener;
  }

  take(text: string): void {
    if (!this.#over) this.#onMessage(text);
  }

  /** From the other side. */
  end(code: number, reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#forget();
    this.#onClose(code, reason);
  }
}
