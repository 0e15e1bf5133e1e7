/** The signaling endpoint of a listening peer, and a signaling service, in a process of their own; tells where they listen, and what memory they took at most. */
import type { PipelineCalls } from "../../../../runtime/interface/calls.ts";
import type { IncomingCall } from "../../../../runtime/interface/signaling.ts";
import { nodejsClock } from "../../../../runtime/platform/clock.nodejs.ts";
import { platformRandom } from "../../../../runtime/platform/random.ts";
import { directSignaling } from "../../../../runtime/signaling/direct.ts";
import { serveService } from "../../../../runtime/signaling/service/serve.ts";
import { connectNodejs, listenNodejs } from "../../../../runtime/signaling/sockets.nodejs.ts";

/** What the process says, first and each time it is asked. */
export interface Besieged {
  readonly peerPort: number;
  readonly servicePort: number;
  /** Bytes of memory that it has had at the same time. */
  readonly peakBytes: number;
  /** Milliseconds of processor time so far. */
  readonly cpuMs: number;
  /** Calls that wait for the path of their caller. */
  readonly held: number;
}

const at = { host: "127.0.0.1", port: 0 };
const pipelines = ["Hearing"];
const description = { pipeline: "Hearing", batch: false, inputs: {}, outputs: {}, schemas: {} };
const calls: Partial<PipelineCalls> = { names: () => pipelines, describe: () => description };
// As a transport keeps the calls whose path it seeks.
const held = new Set<IncomingCall>();
const signaling = directSignaling({ clock: nodejsClock, connect: connectNodejs, listen: listenNodejs });
const peer = await signaling.serve({
  ...at,
  pipelines: () => pipelines,
  calls: calls as PipelineCalls,
  onCall: (call) => {
    held.add(call);
    void call.ended.then(() => held.delete(call));
  },
});
const service = await serveService({ clock: nodejsClock, random: platformRandom, listen: listenNodejs }, at);

function tell(): void {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const cpuMs = (userCPUTime + systemCPUTime) / 1_000;
  const ports = { peerPort: peer.port, servicePort: service.port };
  process.send?.({ ...ports, peakBytes: maxRSS * 1_024, cpuMs, held: held.size } satisfies Besieged);
}
process.on("message", tell);
process.on("disconnect", () => process.exit(0));
tell();
