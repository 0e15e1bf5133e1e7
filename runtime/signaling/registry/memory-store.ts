import type { RegistryRecord } from "./record.ts";
import type { RegistryStore, StoreChange, Stored } from "./store.ts";

/** Registrations of one process, which a restart loses: peers then register anew. Watchers are told before a change is answered. */
export function memoryStore(): RegistryStore {
  const entries = new Map<string, Stored>();
  const listeners = new Set<(change: StoreChange) => void>();
  let revisions = 0;
  const tell = (change: StoreChange): void => {
    for (const listener of listeners) listener(change);
  };
  return {
    get: async (id) => entries.get(id),
    async put(record: RegistryRecord, expected) {
      if (entries.get(record.id)?.revision !== expected) return false;
      revisions += 1;
      entries.set(record.id, { record, revision: revisions });
      tell({ kind: "put", record });
      return true;
    },
    async delete(id, expected) {
      if (entries.get(id)?.revision !== expected) return false;
      entries.delete(id);
      tell({ kind: "deleted", id });
      return true;
    },
    report: async (id, epoch, load) => tell({ kind: "load", id, epoch, load }),
    async watch(listener) {
      for (const { record } of entries.values()) listener({ kind: "put", record });
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: async () => entries.clear(),
  };
}
