import { seededRandom } from "../../../../runtime/testing/seeded-random.ts";
import { virtualClock } from "../../../../runtime/testing/virtual-clock.ts";
import type { ServiceParams } from "../../../../runtime/signaling/methods.ts";
import { memoryStore } from "../../../../runtime/signaling/registry/memory-store.ts";
import type { AdvertisedPipeline } from "../../../../runtime/signaling/registry/record.ts";
import { Registry, type RegistryInit } from "../../../../runtime/signaling/registry/registry.ts";

export type Registering = ServiceParams<"register">;

export const text = { kind: "scalar", name: "text" } as const;
export const opus = { kind: "audio", dims: { codec: ["opus"], rate: [48_000], channels: [1] } } as const;

/** Speech in, text out. */
export function pipeline(name = "Hearing", more: Partial<AdvertisedPipeline> = {}): AdvertisedPipeline {
  return {
    pipeline: name,
    batch: false,
    inputs: { speech: { type: { ...opus, dims: { ...opus.dims } } as never, optional: false } },
    outputs: { words: { type: text, optional: false } },
    schemas: {},
    ...more,
  };
}

export function peer(id: string, more: Partial<Registering> = {}): Registering {
  return {
    id,
    key: `the key of ${id}, long enough`,
    name: "gpu",
    addresses: [`webrtc://${id}.example.com:7443`],
    relay: true,
    provides: [],
    pipelines: [pipeline()],
    ...more,
  };
}

export async function registryWith(init: Partial<RegistryInit> = {}) {
  const clock = virtualClock();
  const store = memoryStore();
  const registry = await Registry.open({ store, clock, random: seededRandom(1), ...init });
  const ids = (query = {}): string[] => all(registry, query).map((one) => one.peer);
  return { clock, store, registry, ids };
}

/** All pages of a question. */
export function all(registry: Registry, query: object, limit = 100, bytes = 100_000) {
  const found = [];
  for (let cursor: string | undefined; ;) {
    const page = registry.directory.page(query, { limit, bytes, cursor });
    found.push(...page.found);
    if (page.cursor === undefined) return found;
    cursor = page.cursor;
  }
}
