import type { Clock } from "../interface/clock.ts";
import type { Signaling } from "../interface/signaling.ts";
import { nothingListens } from "../interface/transport.ts";
import { directCalls } from "./direct-calls.ts";
import { servePeer } from "./server.ts";
import type { SignalConnect, SignalServerFactory } from "./socket.ts";

export interface DirectSignalingInit {
  readonly clock: Clock;
  readonly connect: SignalConnect;
  /** Left out where nothing can listen. */
  readonly listen?: SignalServerFactory;
  /** Time for the WebSocket to open and for `hello` to be answered, each, in milliseconds; 3000. */
  readonly connectMs?: number;
}

/** Signaling without a third party: the address of a peer is its own endpoint. */
export function directSignaling(init: DirectSignalingInit): Signaling {
  const { clock, listen } = init;
  return {
    ...directCalls(init),
    async serve(options) {
      if (listen === undefined) throw nothingListens();
      return servePeer({ clock, listen }, options);
    },
  };
}
