import type { Clock } from "../interface/clock.ts";
import type { Transport } from "../interface/transport.ts";
import { directCalls } from "../signaling/direct-calls.ts";
import { connectBrowser } from "../signaling/sockets.browser.ts";
import { webrtcDialer } from "../transports/webrtc/dialer.ts";
import { browserEngine, type BrowserEngineInit } from "../transports/webrtc/engines/browser.ts";

export * from "../remote/calls.ts";
export { connectBrowser };

/** WebRTC of a page, with signaling over its own WebSocket. */
export function webrtcOfPage(clock: Clock, engine: BrowserEngineInit): Transport {
  const signaling = directCalls({ clock, connect: connectBrowser });
  return webrtcDialer({ clock, engine: browserEngine(engine), signaling });
}
