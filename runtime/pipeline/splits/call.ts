import type { Frame } from "../../interface/frame.ts";
import type { Spread } from "../spread.ts";
import type { Ticket } from "../ticket.ts";

/** One call of a `first`: a frame that is with several branches, the first answer of which wins. */
export class Call {
  readonly frame: Frame;
  readonly branches: ReadonlyMap<number, Spread>;
  /** Of a `first` around this one. */
  readonly outer: Ticket | undefined;
  over = false;
  winner: number | undefined;
  /** Branches that have been asked, and those of them that cannot answer. */
  asked = 0;
  failed = 0;
  firstFailed = false;
  readonly #listeners = new Set<(reason: unknown) => void>();
  #reason: unknown;

  constructor(frame: Frame, branches: ReadonlyMap<number, Spread>, outer: Ticket | undefined) {
    this.frame = frame;
    this.branches = branches;
    this.outer = outer;
  }

  close(reason: unknown): void {
    if (this.over) return;
    this.over = true;
    this.#reason = reason;
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener(reason);
  }

  onOver(listener: (reason: unknown) => void): () => void {
    if (this.over) listener(this.#reason);
    else this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** What the frames of one branch of a call carry. */
export class BranchTicket implements Ticket {
  readonly call: Call;
  readonly branch: number;
  readonly #onFail: (error: unknown) => void;
  #failed = false;

  constructor(call: Call, branch: number, onFail: (error: unknown) => void) {
    this.call = call;
    this.branch = branch;
    this.#onFail = onFail;
  }

  get over(): boolean {
    return this.call.over;
  }

  fail(error: unknown): void {
    if (this.#failed || this.call.over) return;
    this.#failed = true;
    this.#onFail(error);
  }

  onOver(listener: (reason: unknown) => void): () => void {
    return this.call.onOver(listener);
  }
}
