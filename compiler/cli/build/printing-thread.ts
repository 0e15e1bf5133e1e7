import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { HostError } from "../../host/host.ts";
import { PrintingHere, type Printing, type ProgramJob } from "./printing.ts";

/** What the thread is asked for; without a job, to be ready for one. */
export interface PrinterRequest {
  readonly id: number;
  readonly job: ProgramJob | undefined;
}

/** What it answers. */
export type PrinterAnswer =
  | { readonly id: number; readonly written: readonly string[] }
  /** `isHost`: the disk refused, see `HostError`. */
  | { readonly id: number; readonly error: string; readonly isHost: boolean };

/** From dist/chunks it is one step up; beside the sources there is none, for Node 20 runs no TypeScript. */
const code = new URL("../printer.js", import.meta.url);

/** Prints and writes on a thread of its own where the package has been built, so that checking goes on meanwhile. */
export function startPrinting(): Printing {
  if (!existsSync(fileURLToPath(code))) return new PrintingHere();
  const thread = new PrintingThread(code);
  // It loads while the programs are read; what goes wrong is told to whoever prints first.
  thread.prepare().catch(() => undefined);
  return thread;
}

/** The thread's side of this is `printer.ts`. */
export class PrintingThread implements Printing {
  readonly #code: URL;
  #worker: Worker | undefined;
  #next = 0;
  readonly #waiting = new Map<number, Waiting>();

  constructor(code: URL) {
    this.#code = code;
  }

  async write(job: ProgramJob): Promise<readonly string[]> {
    return await this.#ask(job);
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

  #ask(job: ProgramJob | undefined): Promise<readonly string[]> {
    const worker = (this.#worker ??= this.#start());
    const id = this.#next;
    this.#next += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.ref();
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      worker.postMessage({ id, job } satisfies PrinterRequest);
    });
  }

  #start(): Worker {
    const worker = new Worker(this.#code, { name: "meshc build" });
    worker.on("message", (answer: PrinterAnswer) => this.#answered(answer, worker));
    worker.on("error", (error) => this.#failed(error));
    worker.on("exit", (exitCode) => this.#failed(new Error(`the thread that prints ended with code ${exitCode}`)));
    return worker;
  }

  #answered(answer: PrinterAnswer, worker: Worker): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    // Nobody waits: then it keeps no process alive.
    if (this.#waiting.size === 0) worker.unref();
    if (!("error" in answer)) waiting?.resolve(answer.written);
    else waiting?.reject(answer.isHost ? new HostError(answer.error) : new Error(answer.error));
  }

  #failed(error: unknown): void {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#worker = undefined;
    for (const { reject } of all) reject(error);
  }
}

interface Waiting {
  resolve(written: readonly string[]): void;
  reject(error: unknown): void;
}
