import type { Observer } from "./observer.ts";
import type { World } from "../../runtime/simulation/world.ts";

/** What was sent to a peer counts for a while that nobody has said the end of; and a peer may not know yet that its conversation is gone. */
const forgottenMs = 11_000;

/** Peers without load that run a pipeline. */
export interface Choosable {
  readonly pipeline: string;
  readonly peers: readonly string[];
}

/**
 * Choices by a key are the same each time. They fall more often on some than on others, and once they are forgotten, the others are even.
 * @returns what is not so
 */
export async function unwellOf(
  world: World,
  observer: Observer,
  all: readonly Choosable[],
): Promise<readonly string[]> {
  const unwell: string[] = [];
  for (const one of all) unwell.push(...(await fickleOf(observer, one)));
  await world.wait(forgottenMs);
  for (const one of all) unwell.push(...(await unevenOf(observer, one)));
  return unwell;
}

async function fickleOf(observer: Observer, { pipeline }: Choosable): Promise<readonly string[]> {
  for (const key of ["one", "two", "three"]) {
    const first = await observer.connect(pipeline, "hash", key);
    const again = await observer.connect(pipeline, "hash", key);
    if (first !== again) return [`hash chooses ${first} and then ${again} of ${pipeline} for the same key`];
  }
  return [];
}

async function unevenOf(observer: Observer, { pipeline, peers }: Choosable): Promise<readonly string[]> {
  for (const prefer of ["round_robin", "least_loaded"] as const) {
    const counts = new Map<string | undefined, number>();
    for (let count = 2 * peers.length; count > 0; count -= 1) {
      const peer = await observer.connect(pipeline, prefer);
      counts.set(peer, (counts.get(peer) ?? 0) + 1);
    }
    if (peers.some((peer) => counts.get(peer) !== 2)) {
      return [`${prefer} chooses ${JSON.stringify([...counts])} of ${peers.length} that run ${pipeline} without load`];
    }
  }
  return [];
}
