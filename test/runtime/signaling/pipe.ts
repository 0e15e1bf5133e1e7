import { MeshError } from "../../../runtime/interface/errors.ts";
import type { SignalConnect, SignalServerFactory, SignalSocket } from "../../../runtime/signaling/socket.ts";

export interface TestSocket extends SignalSocket {
  readonly received: string[];
  readonly closedWith: { code: number; reason: string } | undefined;
}

/** Two sockets that lead to each other a turn of the event loop later. */
export function socketPair(): { readonly a: TestSocket; readonly b: TestSocket } {
  const a = half(() => b);
  const b: Half = half(() => a);
  return { a, b };
}

interface Half extends TestSocket {
  take(text: string): void;
  end(code: number, reason: string): void;
}

function half(other: () => Half): Half {
  let listener: ((text: string) => void) | undefined;
  let onClose: ((code: number, reason: string) => void) | undefined;
  let closedWith: { code: number; reason: string } | undefined;
  const received: string[] = [];
  return {
    received,
    get closedWith() {
      return closedWith;
    },
    send(text) {
      if (closedWith === undefined) setImmediate(() => other().take(text));
    },
    close(code, reason) {
      if (closedWith !== undefined) return;
      setImmediate(() => other().end(code, reason));
      this.end(code, reason);
    },
    onMessage: (set) => void (listener = set),
    onClose: (set) => void (onClose = set),
    take(text) {
      if (closedWith !== undefined) return;
      received.push(text);
      listener?.(text);
    },
    end(code, reason) {
      if (closedWith !== undefined) return;
      closedWith = { code, reason };
      setImmediate(() => onClose?.(code, reason));
    },
  };
}

/** A server and a way to connect to it, without a network. */
export function pipeNetwork(): { readonly connect: SignalConnect; readonly listen: SignalServerFactory } {
  let onSocket: ((socket: SignalSocket) => void) | undefined;
  return {
    async connect(at) {
      if (onSocket === undefined) throw new MeshError("peer-unreachable", `Nothing listens at ${at.host}.`);
      const { a, b } = socketPair();
      onSocket(b);
      return a;
    },
    async listen(at, accept) {
      onSocket = accept;
      return { host: at.host, port: at.port, close: async () => void (onSocket = undefined) };
    },
  };
}

/** Lets messages go there and back a few times. */
export async function turn(): Promise<void> {
  for (let count = 0; count < 8; count++) await new Promise((resolve) => setImmediate(resolve));
}
