import { MeshError } from "../../../../runtime/interface/errors.ts";
import type { NodeBus } from "../../../../runtime/signaling/nodes/bus.ts";
import { memoryStore } from "../../../../runtime/signaling/registry/memory-store.ts";
import type { RegistryStore, StoreChange } from "../../../../runtime/signaling/registry/store.ts";

export interface SharedStore {
  /** As one node sees it. */
  of(node: string): RegistryStore;
  /** A node reaches neither the store nor the others. */
  cut(node: string): void;
  /** It does again, and learns what it has missed of the store; what others have said meanwhile is lost. */
  mend(node: string): void;
}

/** A store that several nodes of one process share. What one says to another arrives a turn of the event loop later, in order. */
export function sharedStore(): SharedStore {
  const store = memoryStore();
  const nodes = new Map<string, (message: string) => void>();
  const cut = new Set<string>();
  const missed = new Map<string, (() => void)[]>();
  const bus: NodeBus = {
    send(message, to) {
      const { from } = JSON.parse(message) as { from: string };
      if (cut.has(from)) return;
      setImmediate(() => {
        for (const [node, take] of nodes) if ((to ?? node) === node && !cut.has(node)) take(message);
      });
    },
    async listen(node, take) {
      nodes.set(node, take);
      return () => void nodes.delete(node);
    },
  };
  const of = (node: string): RegistryStore => {
    const reached = async <T>(ask: () => Promise<T>): Promise<T> => {
      if (cut.has(node)) throw new MeshError("peer-unreachable", "the store does not answer");
      return ask();
    };
    return {
      bus,
      isReady: () => !cut.has(node),
      get: (id) => reached(() => store.get(id)),
      put: (record, expected) => reached(() => store.put(record, expected)),
      delete: (id, expected) => reached(() => store.delete(id, expected)),
      report: (id, epoch, load) => store.report(id, epoch, load),
      watch: (listener) =>
        store.watch((change: StoreChange) => {
          if (cut.has(node)) missed.set(node, [...(missed.get(node) ?? []), () => listener(change)]);
          else listener(change);
        }),
      close: async () => undefined,
    };
  };
  return {
    of,
    cut: (node) => void cut.add(node),
    mend(node) {
      cut.delete(node);
      for (const tell of missed.get(node) ?? []) tell();
      missed.delete(node);
    },
  };
}
