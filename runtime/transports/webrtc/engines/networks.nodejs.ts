import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import type { OwnMachine } from "./engine.ts";

/**
 * False on a machine without any network. Engines leave loopback out of their candidates and find none then; two peers of
 * one machine still can talk.
 */
export function anyNetwork(): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some((address) => !address.internal));
}

/** @param packetBytes what is sent to peers on it, where that is more than goes over a network */
export function ownMachine(packetBytes?: number): OwnMachine {
  let isKnown = true;
  const start = startOfSystem();
  const packets = packetBytes === undefined ? {} : { packetBytes };
  return {
    ...packets,
    here: () => (isKnown ? { name: machineName(start), ...packets } : undefined),
    distrust: () => void (isKnown = false),
  };
}

/**
 * Names the machine, or what looks like one from inside (a container, say): by its start, its name and its addresses as they are now, hashed, so that
 * it tells nothing else. Two with the same name send packets to each other that leave neither.
 */
function machineName(start: string): string {
  const addresses = Object.entries(networkInterfaces()).flatMap(([name, found = []]) =>
    found.map(({ mac, address }) => `${name} ${mac} ${address}`),
  );
  const known = ["machine of a peer", start, hostname(), ...addresses.toSorted()];
  return createHash("sha256").update(known.join("\n")).digest("base64url");
}

/** Another one each time that Linux starts; others have none. */
function startOfSystem(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}
