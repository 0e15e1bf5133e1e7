import type { Clock } from "../../interface/clock.ts";
import { serviceLimits } from "../limits.ts";
import type { Query } from "../methods.ts";
import type { Directory } from "../registry/directory.ts";
import type { Match } from "../registry/match.ts";

/** What there is to tell, for one message. */
export interface WatchNews {
  /** What is there now or has changed. */
  readonly found?: readonly Match[];
  readonly gone?: readonly { readonly peer: string; readonly pipeline: string }[];
  /** All that was there when the watch began has been told. */
  readonly complete?: true;
}

export interface WatchInit {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly query: Query;
  readonly tell: (news: WatchNews) => void;
  /** Who is told has much to read yet. */
  readonly isBehind: () => boolean;
}

/** Until a reader who is behind is looked at again, in milliseconds. */
const behindMs = 20;

/** Tells what there is to a question, a page a turn and no faster than it is read, and then what becomes of it. */
export class Watch {
  readonly #init: WatchInit;
  readonly #unsubscribe: () => void;
  #cursor: string | undefined;
  #begun = false;
  #stopped = false;

  constructor(init: WatchInit) {
    this.#init = init;
    const { directory, query, tell } = init;
    this.#unsubscribe = directory.onChange((change) => {
      // Also while the pages are told: who is told of something twice has the later state in the end.
      const { found, gone } = directory.difference(change, query);
      for (const part of chunks(found)) tell({ found: part });
      if (gone.length > 0) tell({ gone: gone.map((pipeline) => ({ peer: change.id, pipeline })) });
    });
  }

  begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#page();
  }

  stop(): void {
    this.#stopped = true;
    this.#unsubscribe();
  }

  #page(): void {
    if (this.#stopped) return;
    const { directory, clock, query, tell, isBehind } = this.#init;
    if (isBehind()) {
      clock.schedule(behindMs, () => this.#page());
      return;
    }
    const { found, cursor } = directory.page(query, {
      limit: serviceLimits.pageItems,
      bytes: serviceLimits.pageBytes,
      cursor: this.#cursor,
    });
    this.#cursor = cursor;
    if (found.length > 0 || cursor === undefined) tell({ found, ...(cursor === undefined && { complete: true }) });
    if (cursor !== undefined) clock.schedule(0, () => this.#page());
  }
}

/** What fits into a message each. */
function chunks(found: readonly Match[]): Match[][] {
  const parts: Match[][] = [];
  let room = 0;
  for (const one of found) {
    const { bytes } = one;
    const last = parts.at(-1);
    if (last === undefined || bytes > room) {
      parts.push([one]);
      room = serviceLimits.pageBytes;
    } else last.push(one);
    room -= bytes;
  }
  return parts;
}
