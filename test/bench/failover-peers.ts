import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundledScript } from "../support/bundled-script.ts";

/** A process that runs `failover-peer.ts`. */
export interface FailoverPeer {
  readonly name: string;
  readonly child: ChildProcess;
  /** `webrtc://127.0.0.1:40001/Far` */
  readonly uri: string;
  readonly grpcPort: number;
  /** Of one fault: the numbers that the peer got, in the order in which they came. */
  got(fault: string): number[];
}

/** Starts peers, and keeps those that have lived through a fault for the next. */
export class FailoverPeers {
  readonly #folder = mkdtempSync(join(tmpdir(), "bench-failover-"));
  readonly #free = new Map<string, FailoverPeer[]>();
  readonly #all: FailoverPeer[] = [];
  #script: Promise<string> | undefined;

  async take(engine: string): Promise<FailoverPeer> {
    return this.#free.get(engine)?.pop() ?? this.#start(engine);
  }

  giveBack(engine: string, peer: FailoverPeer): void {
    const { exitCode, signalCode } = peer.child;
    if (exitCode !== null || signalCode !== null) return;
    this.#free.set(engine, [...(this.#free.get(engine) ?? []), peer]);
  }

  async close(): Promise<void> {
    const gone = this.#all.map(({ child }) => {
      if (child.exitCode !== null || child.signalCode !== null) return undefined;
      const exited = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      return exited;
    });
    await Promise.all(gone);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #start(engine: string): Promise<FailoverPeer> {
    this.#script ??= bundledScript(new URL("failover-peer.ts", import.meta.url));
    const script = await this.#script;
    const name = `peer${this.#all.length}`;
    const file = join(this.#folder, name);
    const child = spawn(process.execPath, [script, name, engine, file], { stdio: ["pipe", "pipe", "inherit"] });
    const peer = {
      name,
      child,
      uri: "",
      grpcPort: 0,
      got: (fault: string) =>
        readFileSync(file, "utf8")
          .split("\n")
          .flatMap((line) => (line.startsWith(`${fault} `) ? [Number(line.slice(fault.length + 1))] : [])),
    };
    this.#all.push(peer);
    const line = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).once("line", resolve);
      child.once("exit", (code) => reject(new Error(`A peer ended early with code ${code}.`)));
    });
    const [address = "", port] = line.split(" ");
    return Object.assign(peer, { uri: `${address}/Far`, grpcPort: Number(port) });
  }
}
