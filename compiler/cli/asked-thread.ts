import { Worker } from "node:worker_threads";
import { HostError } from "../host/host.ts";

/** What a thread is asked. */
export interface ThreadQuestion<Question> {
  readonly id: number;
  readonly question: Question;
}

/** What it answers. */
export type ThreadAnswer<Answer> =
  | { readonly id: number; readonly answer: Answer }
  /** `isHost`: the disk refused, see `HostError`. */
  | { readonly id: number; readonly error: string; readonly isHost: boolean };

interface Waiting<Answer> {
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/** Questions to a thread of its own, which begins with the first. The thread's side of this is `answering.ts`. */
export class AskedThread<Question, Answer> {
  readonly #code: URL;
  readonly #name: string;
  #worker: Worker | undefined;
  #next = 0;
  readonly #waiting = new Map<number, Waiting<Answer>>();

  /** @param name for who looks at the threads of the process */
  constructor(code: URL, name: string) {
    this.#code = code;
    this.#name = name;
  }

  /** @throws {HostError} where the disk has refused it; {Error} what else it has failed with */
  ask(question: Question): Promise<Answer> {
    const worker = (this.#worker ??= this.#start());
    const id = this.#next;
    this.#next += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.ref();
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      worker.postMessage({ id, question } satisfies ThreadQuestion<Question>);
    });
  }

  /** Lets go of the thread; the next question begins another. */
  async end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    // An answer that comes now must not let go of the thread: the process would end before the thread has, and call that an
    // await that never settled.
    worker?.removeAllListeners("message");
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(this.#code, { name: this.#name });
    worker.on("message", (answer: ThreadAnswer<Answer>) => this.#answered(answer, worker));
    worker.on("error", (error) => this.#failed(error));
    worker.on("exit", (exitCode) => this.#failed(new Error(`the thread of ${this.#name} ended with code ${exitCode}`)));
    return worker;
  }

  #answered(answer: ThreadAnswer<Answer>, worker: Worker): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    // Nobody waits: then it keeps no process alive.
    if (this.#waiting.size === 0) worker.unref();
    if (!("error" in answer)) waiting?.resolve(answer.answer);
    else waiting?.reject(answer.isHost ? new HostError(answer.error) : new Error(answer.error));
  }

  #failed(error: unknown): void {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#worker = undefined;
    for (const { reject } of all) reject(error);
  }
}
