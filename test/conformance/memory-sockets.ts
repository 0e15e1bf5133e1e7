import { MeshError } from "../../runtime/interface/errors.ts";
import { formatHostPort } from "../../runtime/interface/uri.ts";
import type { SignalConnect, SignalServerFactory, SignalSocket } from "../../runtime/signaling/socket.ts";

/** Signaling between peers of one page, where nothing can listen: sockets that end in the same memory. */
export function memorySockets(): { readonly connect: SignalConnect; readonly listen: SignalServerFactory } {
  const servers = new Map<number, (socket: SignalSocket) => void>();
  let nextPort = 50_000;
  return {
    async connect(at, signal) {
      signal.throwIfAborted();
      const onSocket = servers.get(at.port);
      if (onSocket === undefined) {
        throw new MeshError("peer-unreachable", `No peer answers at ${formatHostPort(at)}.`, {
          hint: "Is the peer running?",
        });
      }
      const [here, there] = pairOfSockets();
      onSocket(there);
      return here;
    },
    async listen(at, onSocket) {
      const port = at.port === 0 ? nextPort++ : at.port;
      if (servers.has(port)) {
        throw new MeshError("address-in-use", `${formatHostPort({ ...at, port })} is taken.`, {
          hint: "Take another port.",
        });
      }
      servers.set(port, onSocket);
      return { host: at.host, port, close: async () => void servers.delete(port) };
    },
  };
}

function pairOfSockets(): [SignalSocket, SignalSocket] {
  const [one, other] = [new Half(), new Half()];
  one.other = other;
  other.other = one;
  return [one, other];
}

/** Delivers in a later turn, as a network does. */
class Half implements SignalSocket {
  other!: Half;
  #onMessage: (text: string) => void = () => undefined;
  #onClose: (code: number, reason: string) => void = () => undefined;
  #closed = false;

  send(text: string): void {
    if (!this.#closed) queueMicrotask(() => this.other.#closed || this.other.#onMessage(text));
  }

  close(code: number, reason: string): void {
    queueMicrotask(() => {
      this.#end(code, reason);
      this.other.#end(code, reason);
    });
  }

  onMessage(listener: (text: string) => void): void {
    this.#onMessage = listener;
  }

  onClose(listener: (code: number, reason: string) => void): void {
    this.#onClose = listener;
  }

  #end(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose(code, reason);
  }
}
