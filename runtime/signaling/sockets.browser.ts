import { whenAborted } from "../interface/abort.ts";
import { MeshError } from "../interface/errors.ts";
import { formatHostPort } from "../interface/uri.ts";
import { closeCodes, signalSubprotocol } from "./limits.ts";
import type { SignalConnect, SignalSocket } from "./socket.ts";

/** Opens plain WebSockets with the platform's own class (https://websockets.spec.whatwg.org). */
export const connectBrowser: SignalConnect = (at, signal) =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const where = formatHostPort(at);
    const socket = new WebSocket(`${at.secure === true ? "wss" : "ws"}://${where}/`, signalSubprotocol);
    const unlisten = whenAborted(signal, () => {
      reject(signal.reason as Error);
      socket.close();
    });
    socket.addEventListener("error", () => reject(unreachable(where)), { once: true });
    socket.addEventListener(
      "open",
      () => {
        unlisten();
        resolve(wrap(socket));
      },
      { once: true },
    );
    socket.addEventListener("close", unlisten, { once: true });
  });

function wrap(socket: WebSocket): SignalSocket {
  let broke: string | undefined;
  return {
    send(text) {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close(code, reason) {
      // A page may not use the protocol's own codes beside 1000.
      socket.close(code >= 3000 ? code : closeCodes.normal, reason);
    },
    onMessage(listener) {
      socket.addEventListener("message", (event: MessageEvent<unknown>) => {
        if (typeof event.data === "string") {
          listener(event.data);
          return;
        }
        broke = "it sent a binary message";
        socket.close(3003, "text messages only");
      });
    },
    onClose(listener) {
      socket.addEventListener("close", (event) => listener(event.code, event.reason, broke), { once: true });
    },
  };
}

/** A page is told nothing about the reason, so the text names all of them. */
function unreachable(where: string): MeshError {
  return new MeshError("peer-unreachable", `No peer answers at ${where}.`, {
    hint:
      `Is the peer running? It has to listen at webrtc://${where}, and to let this page in: pages of its own host and of its machine it ` +
      "does, others by name (`allowedOrigins`, `--allow-origin`). A page from https:// may only reach a plain endpoint on this machine.",
  });
}
