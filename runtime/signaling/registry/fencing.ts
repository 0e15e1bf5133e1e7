import { MeshError } from "../../interface/errors.ts";
import type { RegistryRecord } from "./record.ts";

/** Who wants an id, and what he has for it. */
export interface Claim {
  readonly id: string;
  readonly key: string;
  /** The last epoch that he, or an owner before him, was given for it; 0 for none. */
  readonly epoch: number;
}

/**
 * The epoch of a new registration (spec R10.2). As long as the lease of an id runs, only who has its key may register it anew; each
 * registration gets a higher epoch than any before it that its owner or the service knows of, so that also after a restart of the
 * service an older owner stays behind.
 * @param current what stands for the id, if its lease runs
 * @throws {MeshError} `access-denied` when it is another's
 */
export function nextEpoch(
  current: Pick<RegistryRecord, "key" | "epoch"> | undefined,
  { id, key, epoch }: Claim,
): number {
  if (current !== undefined && !sameKey(current.key, key)) {
    throw new MeshError("access-denied", `The id ${id} belongs to another peer.`, {
      hint: "Take another id, or leave it out and get one of your own. That of a peer which has gone without a word is free when its lease has run out.",
    });
  }
  return Math.max(current?.epoch ?? 0, epoch) + 1;
}

/**
 * Holds a message of an owner against what stands for the id.
 * @throws {MeshError} `access-denied` for one whose registration has ended, or was taken over by a later one
 */
export function checkOwner(
  current: Pick<RegistryRecord, "epoch"> | undefined,
  { id, epoch }: Pick<Claim, "id" | "epoch">,
): void {
  if (current === undefined) {
    throw new MeshError("access-denied", `The registration of ${id} has ended.`, { hint: "Register again." });
  }
  if (current.epoch !== epoch) {
    const text = `The registration of ${id} with epoch ${epoch} has been replaced by that with epoch ${current.epoch}.`;
    throw new MeshError("access-denied", text, { hint: "Register again, or end the other process of this id." });
  }
}

/** In a time that tells nothing of where they differ. */
function sameKey(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let index = 0; index < one.length; index += 1) difference |= one.charCodeAt(index) ^ other.charCodeAt(index);
  return difference === 0;
}
