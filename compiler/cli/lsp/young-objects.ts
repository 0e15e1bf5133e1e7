import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collect = (options: { readonly type: "minor" }) => void;

/** Between two key strokes there is more time than this. */
const quietMs = 8;

/** Fewer bytes are not worth it: V8 looks through them by itself at the fourfold. */
const worthBytes = 4_000_000;

/**
 * Lets go of what an edit has left behind while nobody waits. V8 does that when its room for young objects is full, which is
 * in the middle of a key stroke, of which it makes one that takes several times as long.
 */
export class YoungObjects {
  #collect: Collect | undefined;
  #waiting: NodeJS.Timeout | undefined;

  /** The client has been told what came of an edit. */
  told(): void {
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => this.#tidy(), quietMs).unref();
  }

  #tidy(): void {
    const young = getHeapSpaceStatistics().find((one) => one.space_name === "new_space");
    if (young === undefined || young.space_used_size < worthBytes) return;
    this.#collect ??= collector();
    this.#collect({ type: "minor" });
  }
}

/** V8 gives it only to contexts that are made while it is exposed; afterwards the setting is what it was, for code that is kept goes by it. */
function collector(): Collect {
  setFlagsFromString("--expose-gc");
  try {
    const found: unknown = runInNewContext("typeof gc === 'function' ? gc : undefined");
    return typeof found === "function" ? (found as Collect) : () => undefined;
  } finally {
    setFlagsFromString("--no-expose-gc");
  }
}
