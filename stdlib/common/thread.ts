import { MeshError } from "../../runtime/interface/errors.ts";
import { runsOnNodejs } from "./assets.ts";

/**
 * What a thread runs: it is sent there as text, so it must refer to nothing outside itself but what JavaScript has
 * everywhere. `init` is the thread's own copy and the same in every call, so state may be kept in it.
 */
export type ThreadProgram<I, Q, A> = (init: I, request: Q) => A | Promise<A>;

/** A thread of the platform: a worker of Node.js or of a browser. */
export interface RawThread {
  post(message: unknown): void;
  /** While the thread is busy, Node.js must not exit. */
  keepAlive(busy: boolean): void;
  terminate(): void;
}

export interface RawThreadEvents {
  message(message: unknown): void;
  failure(error: unknown): void;
}

type Answer<A> = { readonly id: number; readonly answer: A } | { readonly id: number; readonly error: string };

/** A program on a thread of its own, called by messages. */
export class Thread<Q, A> {
  readonly #pending = new Map<number, { resolve(answer: A): void; reject(error: unknown): void }>();
  #raw: RawThread | undefined;
  #failure: MeshError | undefined;
  #calls = 0;

  /**
   * Starts a thread.
   * @param init given to every call; copied to the thread once
   */
  static async start<I, Q, A>(program: ThreadProgram<I, Q, A>, init: I): Promise<Thread<Q, A>> {
    const platform = runsOnNodejs() ? await import("./thread.nodejs.ts") : await import("./thread.browser.ts");
    const thread = new Thread<Q, A>();
    thread.#raw = platform.startThread(sourceOf(program), init, {
      message: (message) => thread.#take(message as Answer<A>),
      failure: (error) => thread.#fail(error),
    });
    return thread;
  }

  /** False once the thread has died; another must be started. */
  get alive(): boolean {
    return this.#failure === undefined;
  }

  /** @throws {MeshError} `node-failed` with the message of what the program threw, or when the thread died */
  call(request: Q): Promise<A> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = this.#calls++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#raw?.keepAlive(true);
      this.#raw?.post({ id, request });
    });
  }

  /** Ends the thread; calls that are not answered yet are rejected. */
  close(): void {
    this.#raw?.terminate();
    this.#fail(new MeshError("cancelled", "The thread was ended"));
  }

  #take(answer: Answer<A>): void {
    const call = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if (this.#pending.size === 0) this.#raw?.keepAlive(false);
    if ("error" in answer) call?.reject(new MeshError("node-failed", answer.error));
    else call?.resolve(answer.answer);
  }

  #fail(error: unknown): void {
    this.#failure ??= died(error);
    for (const call of this.#pending.values()) call.reject(this.#failure);
    this.#pending.clear();
  }
}

function died(error: unknown): MeshError {
  if (error instanceof MeshError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new MeshError("node-failed", `The thread it works on has died: ${reason}`, { cause: error });
}

/** The text of a worker; `post` and `receive` are put before it by the platform. */
function sourceOf<I, Q, A>(program: ThreadProgram<I, Q, A>): string {
  return `
    // Compilers that keep the names of functions leave calls to this behind.
    const __name = (value) => value;
    const program = (${program.toString()});
    let init;
    receive(async (message) => {
      if ("init" in message) {
        init = message.init;
        return;
      }
      const { id, request } = message;
      try {
        post({ id, answer: await program(init, request) });
      } catch (error) {
        post({ id, error: error instanceof Error ? error.message : String(error) });
      }
    });`;
}
