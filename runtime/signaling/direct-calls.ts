import type { Clock } from "../interface/clock.ts";
import type { Signaling } from "../interface/signaling.ts";
import { callPeer } from "./client.ts";
import type { SignalConnect } from "./socket.ts";

export interface DirectCallsInit {
  readonly clock: Clock;
  readonly connect: SignalConnect;
  /** Time for the WebSocket to open and for `hello` to be answered, each, in milliseconds; 3000. */
  readonly connectMs?: number;
}

/** The calling side of signaling without a third party, for those who cannot listen. */
export function directCalls({ clock, connect, connectMs = 3000 }: DirectCallsInit): Pick<Signaling, "call"> {
  return { call: (options) => callPeer({ clock, connect, connectMs }, options) };
}
