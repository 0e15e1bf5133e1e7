import { MeshError } from "../interface/errors.ts";
import { errorOf, readMessages, type FromThread, type ToThread } from "./messages.ts";

/** A thread of the platform that runs a program given as text: a worker of Node or of a browser. */
export interface RawThread {
  post(message: ToThread, transfer: readonly ArrayBuffer[]): void;
  /** While the thread is busy, the process must not end. */
  keepAlive(busy: boolean): void;
  terminate(): void;
}

export interface RawThreadEvents {
  /** Something has come from the thread. */
  message(data: unknown): void;
  /** The thread has died, by itself or for what was thrown on it. */
  failure(error: unknown): void;
}

export type StartThread = (source: string, events: RawThreadEvents) => RawThread;

/** What an instance says of itself, other than by answering. */
export type Said = Exclude<FromThread, { kind: "answer" | "failure" }>;

export interface ThreadInit {
  readonly start: StartThread;
  readonly source: string;
  /** Takes what the instance says; the messages that follow wait until what is returned resolves. */
  readonly said: (message: Said) => Promise<void> | undefined;
  /** The thread has died; told once, and not where it was ended. */
  readonly died: (error: MeshError) => void;
}

type WithId<M> = M extends { readonly id: number } ? Omit<M, "id"> : never;
/** What is answered. */
export type Asked = WithId<ToThread>;
/** What is not. */
export type Told = Exclude<ToThread, { readonly id: number }>;

/** A thread that is asked and told things, in order, and that answers and says things, in order too. */
export class NodeThread {
  readonly #init: ThreadInit;
  readonly #raw: RawThread;
  readonly #asked = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  #next = 0;
  #over: MeshError | undefined;
  #inbox: FromThread[] = [];
  #draining = false;

  constructor(init: ThreadInit) {
    this.#init = init;
    this.#raw = init.start(init.source, {
      message: (data) => this.#take(data),
      failure: (error) => this.#fail(error),
    });
  }

  /** It has ended, or has been ended. */
  get over(): boolean {
    return this.#over !== undefined;
  }

  /** @throws what the thread throws, or that it has died */
  ask(question: Asked, transfer: readonly ArrayBuffer[] = [], onId?: (id: number) => void): Promise<unknown> {
    if (this.#over !== undefined) return Promise.reject(this.#over);
    const id = this.#next;
    this.#next += 1;
    onId?.(id);
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      if (this.#asked.size === 1) this.#raw.keepAlive(true);
      this.#raw.post({ ...question, id } as ToThread, transfer);
    });
  }

  tell(message: Told): void {
    if (this.#over === undefined) this.#raw.post(message, []);
  }

  /** Ends it wherever it is; what is not answered yet is rejected. */
  terminate(reason: MeshError): void {
    if (this.#over !== undefined) return;
    this.#end(reason);
    this.#raw.terminate();
  }

  #take(data: unknown): void {
    if (this.#over !== undefined) return;
    try {
      this.#inbox.push(...readMessages(data));
    } catch (error) {
      this.#fail(error);
      this.#raw.terminate();
      return;
    }
    if (!this.#draining) void this.#drain();
  }

  /** Emissions wait for room, and what comes after them waits with them. */
  async #drain(): Promise<void> {
    this.#draining = true;
    for (let message = this.#inbox.shift(); message !== undefined; message = this.#inbox.shift()) {
      if (message.kind === "answer" || message.kind === "failure") this.#answer(message);
      else {
        const room = this.#init.said(message);
        if (room !== undefined) await room;
      }
    }
    this.#draining = false;
  }

  #answer(message: Extract<FromThread, { kind: "answer" | "failure" }>): void {
    const asked = this.#asked.get(message.id);
    this.#asked.delete(message.id);
    if (this.#asked.size === 0) this.#raw.keepAlive(false);
    if (message.kind === "answer") asked?.resolve(message.value);
    else asked?.reject(errorOf(message.error));
  }

  #fail(error: unknown): void {
    if (this.#over !== undefined) return;
    const failure = died(error);
    this.#end(failure);
    this.#init.died(failure);
  }

  #end(reason: MeshError): void {
    this.#over = reason;
    this.#inbox = [];
    for (const one of this.#asked.values()) one.reject(reason);
    this.#asked.clear();
    this.#raw.keepAlive(false);
  }
}

function died(error: unknown): MeshError {
  if (error instanceof MeshError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new MeshError("node-failed", `its thread has died: ${reason}`, { cause: error });
}
