import type { Clock } from "../../runtime/interface/clock.ts";
import type { Signaling } from "../../runtime/interface/signaling.ts";
import type { Transport } from "../../runtime/interface/transport.ts";
import { directSignaling } from "../../runtime/signaling/direct.ts";
import { connectNodejs, listenNodejs } from "../../runtime/signaling/sockets.nodejs.ts";
import type { WebrtcEngine } from "../../runtime/transports/webrtc/engines/engine.ts";
import { weriftEngine } from "../../runtime/transports/webrtc/engines/werift.nodejs.ts";
import { webrtcTransport } from "../../runtime/transports/webrtc/transport.ts";
import { realClock } from "./real-clock.ts";

export interface WeriftTransportInit {
  readonly pipelines?: () => readonly string[];
  readonly clock?: Clock;
  readonly engine?: WebrtcEngine;
  readonly signaling?: Signaling;
  readonly connectMs?: number;
  readonly share?: boolean;
}

/** Signaling in Node as the platform composes it. */
export function nodejsSignaling(clock: Clock = realClock()): Signaling {
  return directSignaling({ clock, connect: connectNodejs, listen: listenNodejs });
}

/** WebRTC in Node as the platform composes it, over real sockets. */
export function weriftTransport(init: WeriftTransportInit = {}): Transport {
  const clock = init.clock ?? realClock();
  return webrtcTransport({
    clock,
    engine: init.engine ?? weriftEngine(),
    signaling: init.signaling ?? nodejsSignaling(clock),
    ...(init.pipelines === undefined ? {} : { pipelines: init.pipelines }),
    ...(init.share === undefined ? {} : { share: init.share }),
    ...(init.connectMs === undefined ? {} : { connectMs: init.connectMs }),
  });
}

/** What the process holds open beside timers; a leaked socket shows here. */
export function openResources(): readonly string[] {
  return process.getActiveResourcesInfo().filter((name) => name !== "Timeout" && name !== "Immediate");
}
