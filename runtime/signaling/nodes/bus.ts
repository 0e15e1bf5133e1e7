import * as z from "zod/mini";
import { int, read, text } from "../../interface/bounded.ts";
import { peerId } from "../methods.ts";

/** Messages between the signaling nodes that share a store: each arrives once or is lost, and those of one node in order. */
export interface NodeBus {
  /** @param to a node; left out, all, the sender included */
  send(message: string, to?: string): void;
  /**
   * Takes what is sent to `node` or to all. Resolves when nothing that is sent from then on is missed.
   * @returns ends it
   */
  listen(node: string, take: (message: string) => void): Promise<() => void>;
}

/** Names a node: letters, digits, `-` and `_`. */
export const nodeName = z.string().check(z.regex(/^[A-Za-z0-9_-]{1,64}$/));

const from = nodeName;
/** By which the node of the caller knows the call. */
const call = int(1);
const message = z.optional(z.record(text(0, 64), z.unknown()));
const end = z.optional(z.object({ code: int(1_000, 4_999), reason: text(0, 123) }));

const nodeMessage = z.discriminatedUnion("kind", [
  /** It is there. */
  z.object({ kind: z.literal("beat"), from }),
  /** It goes, and those that were registered there have to look for another. */
  z.object({ kind: z.literal("bye"), from }),
  /** Of a caller: a message for a peer that is connected to the node. */
  z.object({ kind: z.literal("call"), from, call, peer: peerId, message, end }),
  /** Of the called peer. */
  z.object({ kind: z.literal("answer"), from, call, message, end }),
]);

/** What one node says to another. */
export type NodeMessage = z.infer<typeof nodeMessage>;

/** @returns undefined for what is none, as of a later version */
export function readNodeMessage(given: string): NodeMessage | undefined {
  try {
    const result = read(nodeMessage, JSON.parse(given));
    return result.success ? result.data : undefined;
  } catch {
    return undefined;
  }
}
