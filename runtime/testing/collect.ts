import type { TypedFrame } from "../typed/contract.ts";
import type { OutputPort } from "../typed/ports.ts";

/**
 * Reads an output of a pipeline to its end, or until so many payloads have come. Call it before feeding and await it
 * afterwards, so that it reads along: of an output that nobody reads, only the latest 64 frames are kept.
 * @throws {MeshError} the failure of the pipeline; `invalid-argument` while somebody else reads
 */
export async function collect<T>(port: OutputPort<T>, count = Number.POSITIVE_INFINITY): Promise<T[]> {
  return take(port, count);
}

/** The same as whole frames, with media time and flags. */
export async function collectFrames<T>(
  port: OutputPort<T>,
  count = Number.POSITIVE_INFINITY,
): Promise<TypedFrame<T>[]> {
  return take(port.frames(), count);
}

async function take<T>(items: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  if (count <= 0) return taken;
  for await (const item of items) {
    taken.push(item);
    if (taken.length >= count) break;
  }
  return taken;
}
