import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A TURN server of its own (coturn), at a port that is free, for the user `mesh` with the password `secret`. */
export interface TurnServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** @throws {Error} when it does not answer within 10 s; says what it has printed */
export async function startTurnServer(): Promise<TurnServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "mesh-turn-"));
  const options = [
    ["--listening-ip", "127.0.0.1"],
    ["--relay-ip", "127.0.0.1"],
    ["--listening-port", String(port)],
    ["--user", "mesh:secret"],
    ["--realm", "mesh.test"],
    ["--userdb", join(folder, "users.db")],
    ["--pidfile", join(folder, "turn.pid")],
    ["--log-file", "stdout"],
    ["--lt-cred-mech"],
    ["--no-tls"],
    ["--no-dtls"],
    ["--no-cli"],
    ["--allow-loopback-peers"],
  ];
  const child = spawn("turnserver", ["-n", ...options.flat()], { stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (printed += String(chunk)));
  const gone = new Promise<never>((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`turnserver ended with ${code}:\n${printed}`)));
  });
  gone.catch(() => undefined);
  await Promise.race([gone, answering(port, () => printed)]);
  return {
    port,
    async stop() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4").bind(0, "127.0.0.1", () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

/** It has no word for being ready; a TCP connection that it takes is one. */
async function answering(port: number, printed: () => string): Promise<void> {
  const untilMs = performance.now() + 60_000;
  while (performance.now() < untilMs) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => (socket.destroy(), resolve(true)));
      socket.once("error", () => resolve(false));
    });
    if (isUp) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`turnserver does not answer:\n${printed()}`);
}
