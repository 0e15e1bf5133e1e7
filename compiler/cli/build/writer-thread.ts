import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { HostError } from "../../host/host.ts";
import { OutputWriter, type OutputJob, type Outputs } from "./output-writer.ts";

/** What the thread is asked for; without a job, to be ready for one. */
export interface WriterRequest {
  readonly id: number;
  readonly job: OutputJob | undefined;
}

/** What it answers. */
export type WriterAnswer =
  | { readonly id: number; readonly written: string[] }
  /** `isHost`: the disk is to blame, and the message is for people. */
  | { readonly id: number; readonly error: { readonly message: string; readonly isHost: boolean } };

/** From dist/chunks it is one step up; beside the sources there is none, for Node 20 runs no TypeScript. */
const code = new URL("../writer.js", import.meta.url);

/** Writes on a thread of its own where the package has been built, so that checking goes on meanwhile. */
export function startOutputs(): Outputs {
  if (!existsSync(fileURLToPath(code))) return new OutputWriter();
  const thread = new WriterThread(code);
  // It loads while the programs are read; what goes wrong is told to whoever writes first.
  thread.prepare().catch(() => undefined);
  return thread;
}

/** The thread's side of this is `writer.ts`. */
export class WriterThread implements Outputs {
  readonly #code: URL;
  #worker: Worker | undefined;
  #next = 0;
  readonly #waiting = new Map<number, PromiseWithResolvers>();

  constructor(code: URL) {
    this.#code = code;
  }

  write(job: OutputJob): Promise<string[]> {
    return this.#ask(job);
  }

  async prepare(): Promise<void> {
    await this.#ask(undefined);
  }

  async end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    // An answer that comes now must not let go of the thread: the process would end before the thread has, and call that an
    // await that never settled.
    worker?.removeAllListeners("message");
    await worker?.terminate();
  }

  #ask(job: OutputJob | undefined): Promise<string[]> {
    const worker = (this.#worker ??= this.#start());
    const id = this.#next;
    this.#next += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.ref();
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      worker.postMessage({ id, job } satisfies WriterRequest);
    });
  }

  #start(): Worker {
    const worker = new Worker(this.#code, { name: "meshc build" });
    worker.on("message", (answer: WriterAnswer) => this.#answered(answer, worker));
    worker.on("error", (error) => this.#failed(error));
    worker.on("exit", (exitCode) => this.#failed(new Error(`the thread that writes ended with code ${exitCode}`)));
    return worker;
  }

  #answered(answer: WriterAnswer, worker: Worker): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    // Nobody waits: then it keeps no process alive.
    if (this.#waiting.size === 0) worker.unref();
    if ("written" in answer) waiting?.resolve(answer.written);
    else {
      const { message, isHost } = answer.error;
      waiting?.reject(isHost ? new HostError(message) : new Error(message));
    }
  }

  #failed(error: unknown): void {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#worker = undefined;
    for (const { reject } of all) reject(error);
  }
}

interface PromiseWithResolvers {
  resolve(written: string[]): void;
  reject(error: unknown): void;
}
