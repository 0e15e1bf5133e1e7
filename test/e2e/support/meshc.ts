import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { RunMessage } from "../../../compiler/cli/run/messages.ts";

/** The command line as it ships. */
const shipped = fileURLToPath(new URL("../../../dist/meshc.js", import.meta.url));

export interface MeshcOptions {
  readonly cwd?: string;
  /** Added to the environment of the tests, without what changes colours; what is undefined is taken away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What is run in its place. */
  readonly script?: string;
}

/** How a run of `meshc` ended and what it printed. */
export interface MeshcResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** A line of `--format json`; those of `--processes` say whose they are. */
export type SaidMessage = RunMessage & { readonly peer?: string };

type Of<T extends RunMessage["type"]> = Extract<RunMessage, { type: T }> & { readonly peer?: string };

/** `meshc` while it runs. */
export class RunningMeshc {
  readonly process: ChildProcess;
  readonly #lines: string[] = [];
  readonly #errors: string[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #ended: Promise<[number | null, NodeJS.Signals | null]>;
  #over = false;

  constructor(args: readonly string[], { cwd, env, script = shipped }: MeshcOptions) {
    if (!existsSync(shipped)) throw new Error("dist/ is not built: run `npm run build` first");
    const { NO_COLOR: _no, FORCE_COLOR: _force, CI: _ci, ...rest } = process.env;
    this.process = spawn(process.execPath, [script, ...args], {
      ...(cwd !== undefined && { cwd }),
      env: { ...rest, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own, as a shell makes one for each command.
      detached: true,
    });
    this.#ended = once(this.process, "close") as Promise<[number | null, NodeJS.Signals | null]>;
    this.process.once("close", () => {
      this.#over = true;
      this.#wake();
    });
    this.#read("stdout", this.#lines);
    this.#read("stderr", this.#errors);
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** What `--format json` has said so far. */
  get messages(): SaidMessage[] {
    return this.#lines.map((line) => JSON.parse(line) as SaidMessage);
  }

  said<T extends RunMessage["type"]>(type: T): Of<T>[] {
    return this.messages.filter((message): message is Of<T> => message.type === type);
  }

  /** The process id of a peer of `--processes`. */
  pidOf(peer: string): number {
    const pid = this.said("started").find((message) => message.peer === peer)?.pid;
    if (pid === undefined) throw new Error(`${peer} was not started`);
    return pid;
  }

  /** Resolves with the first line of its output that fits; rejects when it ends without one. */
  async line(fits: (line: string) => boolean): Promise<string> {
    for (;;) {
      const found = this.#lines.find(fits);
      if (found !== undefined) return found;
      if (this.#over) throw new Error(`meshc ended early:\n${[...this.#lines, ...this.#errors].join("\n")}`);
      await new Promise<void>((resolve) => this.#listeners.add(resolve));
    }
  }

  /** Resolves when everything has been read and it has ended. */
  async ended(): Promise<MeshcResult> {
    const [code, signal] = await this.#ended;
    return { code, signal, out: textOf(this.#lines), err: textOf(this.#errors) };
  }

  /** Sends a signal to it alone. @returns milliseconds until it has ended, with how it did */
  async endedAfter(signal: NodeJS.Signals): Promise<MeshcResult & { readonly ms: number }> {
    return this.#timed(() => this.process.kill(signal));
  }

  /** Sends a signal to it and all its processes, as a terminal does on Ctrl-C. */
  async groupEndedAfter(signal: NodeJS.Signals): Promise<MeshcResult & { readonly ms: number }> {
    return this.#timed(() => process.kill(-this.pid, signal));
  }

  /** For the end of a test, whatever became of it. */
  end(): void {
    try {
      process.kill(-this.pid, "SIGKILL");
    } catch {
      // It has ended with all its processes.
    }
  }

  async #timed(send: () => void): Promise<MeshcResult & { readonly ms: number }> {
    const exited = once(this.process, "exit");
    const startMs = performance.now();
    send();
    await exited;
    const ms = performance.now() - startMs;
    return { ...(await this.ended()), ms };
  }

  #read(name: "stdout" | "stderr", into: string[]): void {
    const stream = this.process[name];
    if (stream === null) return;
    createInterface({ input: stream }).on("line", (line) => {
      into.push(line);
      this.#wake();
    });
  }

  #wake(): void {
    const waiting = [...this.#listeners];
    this.#listeners.clear();
    for (const resolve of waiting) resolve();
  }
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

/** Runs `meshc` to its end. */
export async function meshc(args: readonly string[], options: MeshcOptions = {}): Promise<MeshcResult> {
  const running = new RunningMeshc(args, options);
  try {
    return await running.ended();
  } finally {
    running.end();
  }
}
