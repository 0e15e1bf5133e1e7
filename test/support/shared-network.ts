import type { Clock } from "../../runtime/interface/clock.ts";
import type { MeshError } from "../../runtime/interface/errors.ts";
import type { Connection, Transport } from "../../runtime/interface/transport.ts";
import { parseMeshUri, parseTargetUri } from "../../runtime/interface/uri.ts";
import { pipelineNotFound } from "../../runtime/signaling/errors.ts";
import type { MemoryNetwork } from "../../runtime/transports/memory/network.ts";
import { Carrier } from "../../runtime/transports/shared/carrier.ts";
import { SharingDialer } from "../../runtime/transports/shared/dialer.ts";

/** A peer of a memory network whose connections to one other peer share one, and what it has made of those. */
export interface SharingPeer extends Transport {
  /** Connections that it has dialled, and that others have dialled to it. */
  readonly dialled: Connection[];
  readonly accepted: Connection[];
  /** How often it has tried to make one. */
  readonly attempts: number;
}

/** As WebRTC does it, over connections in memory. */
export function sharingPeer(
  network: MemoryNetwork,
  clock: Clock,
  name: string,
  pipelines?: () => readonly string[],
): SharingPeer {
  const plain = network.transport(name, pipelines && { pipelines });
  const [dialled, accepted]: [Connection[], Connection[]] = [[], []];
  let attempts = 0;
  const dialer = new SharingDialer({
    clock,
    dial: async ({ addressOf, pipeline }, signal) => {
      attempts += 1;
      const connection = await plain.dial(addressOf(pipeline), { signal });
      dialled.push(connection);
      return { connection, shared: true };
    },
  });
  const calleeOf = (text: string) => {
    const { host, pipeline } = parseTargetUri(text, "memory");
    return { at: host, pipeline, addressOf: (one: string) => addressOf(text, one) };
  };
  return {
    dialled,
    accepted,
    get attempts() {
      return attempts;
    },
    scheme: "memory",
    dial: async (uri, { signal }) => dialer.dial(calleeOf(uri), signal),
    standBy: async (uri, { signal }) => dialer.standBy(calleeOf(uri), signal),
    keepIdle: async () => dialer.keepIdle(),
    async listen(uri, accept) {
      const carriers = new Set<Carrier>();
      const refusal = (pipeline: string): MeshError | undefined => {
        const names = pipelines?.();
        return names === undefined || names.includes(pipeline) ? undefined : pipelineNotFound(pipeline, names);
      };
      const listener = await plain.listen(uri, (connection) => {
        accepted.push(connection);
        carriers.add(
          new Carrier({
            connection,
            clock,
            role: "callee",
            accept,
            refusal,
            addressOf: (one) => addressOf(uri, one),
            idleMs: () => 0,
          }),
        );
      });
      return {
        address: listener.address,
        async close() {
          for (const carrier of carriers) carrier.retire();
          await listener.close();
        },
      };
    },
  };
}

function addressOf(uri: string, pipeline: string): string {
  return `memory://${parseMeshUri(uri).host}/${encodeURIComponent(pipeline)}`;
}
