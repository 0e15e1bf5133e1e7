import { delay, type Clock } from "../../interface/clock.ts";
import { MeshError } from "../../interface/errors.ts";
import type { NatsBucket, NatsEntry, NatsManager, NatsWatch } from "./nats-types.ts";

export interface BucketWatchInit {
  readonly clock: Clock;
  readonly bucket: NatsBucket;
  readonly manager: NatsManager;
  /** The stream that holds the bucket. */
  readonly stream: string;
  readonly onEntry: (entry: NatsEntry, isUpdate: boolean) => void;
  /** All that there is has been told, once more after each interruption. @param there the keys of it */
  readonly onComplete: (there: ReadonlySet<string>) => void;
}

/** After an interruption it is tried again so often, in milliseconds. */
const againMs = 500;

/** The entries of a bucket: all that there are, and then what changes, until it is stopped; begun anew where it breaks off. */
export class BucketWatch {
  /** Resolves when all that there is has been told for the first time. */
  readonly complete: Promise<void>;
  readonly #init: BucketWatchInit;
  readonly #life = new AbortController();
  #current: NatsWatch | undefined;
  #isComplete!: () => void;

  constructor(init: BucketWatchInit) {
    this.#init = init;
    this.complete = new Promise((resolve) => (this.#isComplete = resolve));
    void this.#run();
  }

  /** Tells all anew, because something was missed. */
  restart(): void {
    this.#current?.stop();
  }

  stop(): void {
    this.#life.abort(new MeshError("cancelled", "The store is closed."));
    this.#current?.stop();
  }

  async #run(): Promise<void> {
    const { signal } = this.#life;
    while (!signal.aborted) {
      try {
        await this.#once();
      } catch {
        // The store does not answer: what is known stays as it is meanwhile.
      }
      this.#current = undefined;
      await delay(this.#init.clock, againMs, signal).catch(() => undefined);
    }
  }

  async #once(): Promise<void> {
    const { bucket, manager, stream, onEntry, onComplete } = this.#init;
    const { state } = await manager.streams.info(stream);
    const watch = await bucket.watch();
    this.#current = watch;
    if (this.#life.signal.aborted) return watch.stop();
    const there = new Set<string>();
    let complete = false;
    const completed = (): void => {
      complete = true;
      onComplete(there);
      this.#isComplete();
    };
    if (state.messages === 0) completed();
    for await (const entry of watch) {
      if (!complete && entry.operation === "PUT") there.add(entry.key);
      onEntry(entry, complete);
      if (!complete && entry.delta === 0) completed();
    }
  }
}
