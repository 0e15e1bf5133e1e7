/**
 * A signaling service in a process of its own, for `bench -- signaling`: ours, or PeerJS's. Tells its parent where it listens and, asked
 * for it, what memory it has and what processor time it has used.
 */
import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { nodejsClock } from "../../runtime/platform/clock.nodejs.ts";
import { platformRandom } from "../../runtime/platform/random.ts";
import { serviceLimits } from "../../runtime/signaling/limits.ts";
import { serveService } from "../../runtime/signaling/service/serve.ts";
import { nodejsListener } from "../../runtime/signaling/sockets.nodejs.ts";
import { keepYoungGenerationSmall } from "../../runtime/signaling/young-generation.nodejs.ts";

export type ServerName = "ours" | "PeerJS server";

export interface ServerTask {
  readonly name: ServerName;
  /** Of the module `peer`. */
  readonly peerjs: string;
}

/** What it tells when it has started, and each time it is asked. */
export interface ServerState {
  readonly port: number;
  /** Bytes, collected. */
  readonly rss: number;
  readonly heap: number;
  /** Microseconds of processor time so far. */
  readonly cpuUs: number;
}

const starts: Readonly<Record<ServerName, (task: ServerTask) => Promise<number>>> = {
  async ours() {
    // As `meshc signal` does.
    keepYoungGenerationSmall();
    const { connections } = serviceLimits;
    const listen = nodejsListener({ maxConnections: connections });
    const init = { clock: nodejsClock, random: platformRandom, listen };
    return (await serveService(init, { host: "127.0.0.1", port: 0 })).port;
  },
  async "PeerJS server"({ peerjs }) {
    const { PeerServer } = (await import(peerjs)) as {
      PeerServer: (options: object, listening: (server: Server) => void) => void;
    };
    const server = await new Promise<Server>((resolve) =>
      PeerServer({ host: "127.0.0.1", port: 0, path: "/", concurrent_limit: 60_000, alive_timeout: 300_000 }, resolve),
    );
    return (server.address() as AddressInfo).port;
  },
};

function stateAt(port: number): ServerState {
  if (globalThis.gc === undefined) throw new Error("the server runs with --expose-gc");
  const { user, system } = process.cpuUsage();
  for (let round = 0; round < 3; round += 1) globalThis.gc();
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  return { port, rss, heap: heapUsed + arrayBuffers, cpuUs: user + system };
}

async function run(): Promise<void> {
  const [task] = (await once(process, "message")) as [ServerTask];
  const port = await starts[task.name](task);
  process.on("message", () => process.send?.(stateAt(port)));
  process.on("disconnect", () => process.exit(0));
  process.send?.(stateAt(port));
}
void run();
