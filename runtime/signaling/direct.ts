import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import type { Signaling } from "../interface/signaling.ts";
import { callPeer } from "./client.ts";
import { servePeer } from "./server.ts";
import type { SignalConnect, SignalServerFactory } from "./socket.ts";

export interface DirectSignalingInit {
  readonly clock: Clock;
  readonly connect: SignalConnect;
  /** Left out where nothing can listen, as in a browser. */
  readonly listen?: SignalServerFactory;
  /** Time for the WebSocket to open and for `hello` to be answered, each, in milliseconds; 3000. */
  readonly connectMs?: number;
}

/** Signaling without a third party: the address of a peer is its own endpoint. */
export function directSignaling(init: DirectSignalingInit): Signaling {
  const { clock, connect, listen, connectMs = 3000 } = init;
  return {
    call: (options) => callPeer({ clock, connect, connectMs }, options),
    async serve(options) {
      if (listen === undefined) {
        throw new MeshError("invalid-argument", "Nothing can listen here: a browser takes no incoming connections.", {
          hint: "Dial out from the browser, or listen in Node.",
        });
      }
      return servePeer({ clock, listen }, options);
    },
  };
}
