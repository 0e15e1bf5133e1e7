import type { NodeBus } from "../nodes/bus.ts";
import type { LoadReport, RegistryRecord } from "./record.ts";

export interface Stored {
  readonly record: RegistryRecord;
  /** Grows with each change. */
  readonly revision: number;
}

/** What a store tells those who watch it. `load` may be lost. */
export type StoreChange =
  | { readonly kind: "put"; readonly record: RegistryRecord }
  | { readonly kind: "deleted"; readonly id: string }
  | { readonly kind: "load"; readonly id: string; readonly epoch: number; readonly load: LoadReport };

/**
 * Where registrations are kept, for one signaling node or for several: who owns an id is decided here, by comparing and setting. Leases are
 * not its business: the node that has the connection of a peer ends its registration.
 */
export interface RegistryStore {
  /** How the nodes that share it talk to each other; left out where there is one alone. */
  readonly bus?: NodeBus;
  /** Whether it can be reached at present; left out where that is always so. */
  readonly isReady?: () => boolean;
  get(id: string): Promise<Stored | undefined>;
  /**
   * @param expected the revision that is to be replaced; undefined when there must be none
   * @returns false when there is another
   */
  put(record: RegistryRecord, expected: number | undefined): Promise<boolean>;
  /** @returns false when there is another revision */
  delete(id: string, expected: number): Promise<boolean>;
  /** Tells the watchers, and keeps nothing. */
  report(id: string, epoch: number, load: LoadReport): Promise<void>;
  /** First all that there is, then each change. @returns ends it, once what there is has been told */
  watch(listener: (change: StoreChange) => void): Promise<() => void>;
  close(): Promise<void>;
}
