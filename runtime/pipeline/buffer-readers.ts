import { isMedia, type FlowType } from "../interface/caps.ts";
import type { BoundedChannel } from "./bounded-channel.ts";
import type { BufferReader, BufferReaders } from "./buffer-pool.ts";
import type { Graph, Wire } from "./graph.ts";

/** A node, as far as it reads what others send. */
interface Reader {
  readonly borrows: boolean;
  readonly resting: boolean;
}

/**
 * Finds the queues in which what a node sends may wait. A reader that borrows hands nothing on, so those that are linked to
 * it are all there are, and it takes one other to let go of all: a caller, a remote, a node that may keep what it is given.
 */
export function bufferReaders(
  id: string,
  graph: Graph,
  queueOf: (wire: Wire) => BoundedChannel | undefined,
  nodes: { get(id: string): Reader | undefined },
): BufferReaders {
  const readers: BufferReader[] = [];
  for (const wire of graph.wires) {
    const { link, back } = wire;
    if (link.from.node !== id || !carriesBuffers(link.type)) continue;
    const node = nodes.get(link.to.node ?? "");
    if (node?.borrows !== true) return undefined;
    const queue = queueOf(wire);
    if (queue !== undefined) readers.push({ queue, node, back });
  }
  return readers;
}

/** False where no payload of the type is a typed array. */
function carriesBuffers(type: FlowType): boolean {
  return isMedia(type) || type.kind === "optional" || (type.kind === "scalar" && type.name === "bytes");
}
