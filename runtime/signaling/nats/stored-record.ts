import * as z from "zod/mini";
import { int, read } from "../../interface/bounded.ts";
import { foundPipeline, loadReport, peerId, serviceParams } from "../methods.ts";
import { nodeName } from "../nodes/bus.ts";
import type { RegistryRecord } from "../registry/record.ts";

const { key, name, relay, provides, pipelines } = serviceParams.register.shape;
// As they are told, which may be longer than what was registered.
const { addresses } = foundPipeline.shape;
const registryRecord = z.object({
  ...{ key, name, addresses, relay, provides, pipelines },
  id: peerId,
  epoch: int(1),
  node: nodeName,
  connected: z.boolean(),
});

/** What nodes tell each other of what they have changed. */
const nodeChange = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("put"), revision: int(1), record: registryRecord }),
  z.object({ kind: z.literal("deleted"), revision: int(1), id: peerId }),
  z.object({ kind: z.literal("load"), id: peerId, epoch: int(1), load: loadReport }),
]);

export type NodeChange = z.infer<typeof nodeChange>;

/** @returns undefined for what is none, as of another version */
export function readRecord(given: string): RegistryRecord | undefined {
  return parsed(registryRecord, given);
}

/** @returns undefined for what is none, as of another version */
export function readChange(given: string): NodeChange | undefined {
  return parsed(nodeChange, given);
}

/** An id as a key of a bucket, which has fewer characters than ids may have; `=` stands before the code of one. */
export function keyOf(id: string): string {
  return id.replaceAll(/[^A-Za-z0-9_-]/g, (one) => `=${one.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** The id of a key. */
export function idOf(keyText: string): string {
  return keyText.replaceAll(/=([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

function parsed<S extends z.ZodMiniType>(schema: S, given: string): z.output<S> | undefined {
  try {
    return read(schema, JSON.parse(given)).data;
  } catch {
    return undefined;
  }
}
