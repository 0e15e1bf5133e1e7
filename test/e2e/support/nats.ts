import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect } from "vitest";
import { natsClients } from "../../../runtime/signaling/nats/clients.nodejs.ts";
import { freePorts } from "./processes.ts";

/** Whether there is a NATS server to test with; Debian's package is `nats-server`. */
export const hasNats = spawnSync("nats-server", ["--version"]).status === 0;

/** Three NATS servers that keep values together, each a process of its own. */
export class NatsCluster {
  readonly #folder = mkdtempSync(join(tmpdir(), "mesh-nats-"));
  readonly #servers = new Map<string, ChildProcess>();
  readonly #ports: readonly number[];
  readonly #routes: readonly number[];

  private constructor(ports: readonly number[]) {
    this.#ports = ports.slice(0, 3);
    this.#routes = ports.slice(3);
  }

  /** Resolves when the servers answer; who of them leads may not be settled yet. */
  static async start(): Promise<NatsCluster> {
    const cluster = new NatsCluster(await freePorts(6));
    await Promise.all(["s0", "s1", "s2"].map((name) => cluster.startServer(name)));
    return cluster;
  }

  get names(): readonly string[] {
    return [...this.#servers.keys()];
  }

  get hosts(): readonly string[] {
    return this.#ports.map((port) => `127.0.0.1:${port}`);
  }

  async startServer(name: string): Promise<void> {
    const index = Number(name.slice(1));
    const own = [
      "-a",
      "127.0.0.1",
      "-p",
      String(this.#ports[index]),
      "-n",
      name,
      "-js",
      "-sd",
      join(this.#folder, name),
    ];
    const routes = this.#routes.map((port) => `nats://127.0.0.1:${port}`);
    const cluster = ["--cluster_name", "mesh", "--cluster", routes[index] ?? "", "--routes", routes.join(",")];
    const server = spawn("nats-server", [...own, ...cluster], { stdio: ["ignore", "ignore", "pipe"] });
    this.#servers.set(name, server);
    let isReady = false;
    for await (const line of createInterface({ input: server.stderr })) {
      isReady = line.includes("Server is ready");
      if (isReady) break;
    }
    if (!isReady) throw new Error(`the NATS server ${name} ended before it was ready`);
    server.stderr.resume();
  }

  /** The server that decides what is written to a bucket, once they have agreed on one. */
  async leaderOf(bucket: string): Promise<string> {
    const clients = await natsClients();
    const connection = await clients.connect({
      servers: this.hosts,
      name: "test",
      timeout: 20_000,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
      pingInterval: 2_000,
      maxPingOut: 2,
      noEcho: true,
    });
    try {
      const manager = await clients.jetstreamManager(connection, { timeout: 20_000 });
      const leader = async (): Promise<string | undefined> => {
        const info = await manager.streams.info(`KV_${bucket}`);
        return (info as { readonly cluster?: { readonly leader?: string } }).cluster?.leader;
      };
      let found: string | undefined;
      await expect.poll(async () => (found = await leader())).toSatisfy((name: string) => this.#servers.has(name));
      return found ?? "";
    } finally {
      await connection.close();
    }
  }

  /** As when its machine loses power. */
  async kill(name: string): Promise<void> {
    const server = this.#servers.get(name);
    if (server === undefined) throw new Error(`there is no server ${name}`);
    this.#servers.delete(name);
    const exited = once(server, "exit");
    server.kill("SIGKILL");
    await exited;
  }

  async end(): Promise<void> {
    await Promise.all(this.names.map((name) => this.kill(name)));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
