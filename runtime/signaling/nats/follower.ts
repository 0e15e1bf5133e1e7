import type { Clock } from "../../interface/clock.ts";
import type { StoreChange } from "../registry/store.ts";
import { BucketWatch } from "./bucket-watch.ts";
import type { OpenBucket } from "./connect.ts";
import { KnownRevisions } from "./known-revisions.ts";
import type { MarkPurge } from "./mark-purge.ts";
import type { NatsEntry } from "./nats-types.ts";
import { idOf, keyOf, readRecord, type NodeChange } from "./stored-record.ts";

export interface FollowerInit {
  readonly clock: Clock;
  readonly open: OpenBucket;
  readonly marks: MarkPurge;
  /** Takes each change once. */
  readonly tell: (change: StoreChange) => void;
}

/** What a node has told and the bucket has not within this time, in milliseconds, shows that the watch of the bucket has died. */
const confirmedWithinMs = 1_000;

/** Follows a bucket for one listener: by its watch, and by what nodes tell of their changes. */
export class Follower {
  readonly #init: FollowerInit;
  readonly #known = new KnownRevisions();
  readonly #watch: BucketWatch;
  #highest = 0;
  #cancelConfirm: (() => void) | undefined;

  constructor(init: FollowerInit) {
    this.#init = init;
    const { clock, open } = init;
    this.#watch = new BucketWatch({
      clock,
      ...open,
      onEntry: (entry, isUpdate) => this.#seen(entry, isUpdate),
      onComplete: (there) => {
        for (const key of this.#known.complete(there)) init.tell({ kind: "deleted", id: idOf(key) });
      },
    });
  }

  /** Resolves when all that there is has been told. */
  get complete(): Promise<void> {
    return this.#watch.complete;
  }

  /** A node, this one or another, tells what it has changed. */
  told(change: NodeChange): void {
    const { tell } = this.#init;
    if (change.kind === "load") {
      tell(change);
      return;
    }
    const isPut = change.kind === "put";
    if (isPut) this.#confirm(change.revision);
    if (this.#known.told(keyOf(isPut ? change.record.id : change.id), change.revision, isPut)) tell(change);
  }

  /** Something may have been missed. */
  restart(): void {
    this.#watch.restart();
  }

  stop(): void {
    this.#cancelConfirm?.();
    this.#watch.stop();
  }

  #seen(entry: NatsEntry, isUpdate: boolean): void {
    const { key, revision } = entry;
    const { clock, marks, tell } = this.#init;
    const isPut = entry.operation === "PUT";
    if (!isPut) marks.seen(key, revision, isUpdate ? undefined : clock.wallMs() - entry.created.getTime());
    if (!this.#known.seen(key, revision, isPut)) return;
    const record = isPut ? readRecord(entry.string()) : undefined;
    if (record !== undefined) tell({ kind: "put", record });
    else if (!isPut) tell({ kind: "deleted", id: idOf(key) });
  }

  #confirm(revision: number): void {
    this.#highest = Math.max(this.#highest, revision);
    const awaited = this.#highest;
    this.#cancelConfirm ??= this.#init.clock.schedule(confirmedWithinMs, () => {
      this.#cancelConfirm = undefined;
      if (this.#known.watched >= awaited) return;
      this.restart();
      this.#confirm(awaited);
    });
  }
}
