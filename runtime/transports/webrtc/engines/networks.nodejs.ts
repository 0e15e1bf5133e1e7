import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import type { OwnMachine } from "./engine.ts";

/** By the name of the interface, as `networkInterfaces` of Node gives them. */
export type Interfaces = ReturnType<typeof networkInterfaces>;

/**
 * Where a machine without any network can still be reached by itself: engines leave loopback and link-local addresses out of their candidates, and find
 * none then. Undefined on a machine with a network, and where there is no loopback either.
 */
export function loneLoopback(known: Interfaces = {}): string | undefined {
  const all = Object.values(known).flatMap((found = []) => found);
  const outward = all.filter(({ internal }) => !internal);
  if (outward.some(({ address }) => !isLinkLocal(address))) return undefined;
  const loopbacks = all.filter(({ internal, address }) => internal && !isLinkLocal(address));
  // The C library looks up addresses of a family that an interface other than loopback has, where there is such an interface (AI_ADDRCONFIG).
  const isLookedUp = (family: string): boolean => outward.some((one) => one.family === family);
  const best = loopbacks.find(({ family }) => isLookedUp(family)) ?? loopbacks.find(({ family }) => family === "IPv4");
  return (best ?? loopbacks[0])?.address;
}

/** RFC 3927 and RFC 4291: what an interface gives itself where nobody gives it any. */
function isLinkLocal(address: string): boolean {
  return address.startsWith("169.254.") || address.startsWith("fe80:");
}

/** How long it is not told, once it has turned out to mean nothing, in milliseconds: one of the two may only have stood still. */
const distrustMs = 600_000;

/** To ask the system takes a good part of what a connection takes by itself, so what it has said holds for so long, in milliseconds. */
const interfacesMs = 1_000;

/** @returns the interfaces of now; undefined where the system does not tell, as to a process that may open no more files */
export function recentInterfaces(nowMs: () => number = () => performance.now()): () => Interfaces | undefined {
  let known: Interfaces | undefined;
  let untilMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (nowMs() < untilMs) return known;
    try {
      known = networkInterfaces();
    } catch {
      known = undefined;
    }
    untilMs = nowMs() + interfacesMs;
    return known;
  };
}

/**
 * @param interfaces as `recentInterfaces`
 * @param packetBytes what is sent to peers on it, where that is more than goes over a network
 * @param nowMs on a clock that never goes back
 */
export function ownMachine(
  interfaces: () => Interfaces | undefined,
  packetBytes?: number,
  nowMs: () => number = () => performance.now(),
): OwnMachine {
  let distrustedUntilMs = Number.NEGATIVE_INFINITY;
  const start = startOfSystem();
  const packets = packetBytes === undefined ? {} : { packetBytes };
  let named: { readonly by: Interfaces; readonly name: string } | undefined;
  return {
    ...packets,
    here() {
      const known = nowMs() < distrustedUntilMs ? undefined : interfaces();
      if (known === undefined) return undefined;
      if (named?.by !== known) named = { by: known, name: machineName(start, known) };
      return { name: named.name, ...packets };
    },
    distrust: () => void (distrustedUntilMs = nowMs() + distrustMs),
  };
}

/**
 * Names the machine, or what looks like one from inside (a container, say): by its start, its name and its addresses as they are now, hashed, so that
 * it tells nothing else. Two with the same name send packets to each other that leave neither.
 */
function machineName(start: string, known: Interfaces): string {
  const addresses = Object.entries(known).flatMap(([name, found = []]) =>
    found.map(({ mac, address }) => `${name} ${mac} ${address}`),
  );
  const told = ["machine of a peer", start, hostname(), ...addresses.toSorted()];
  return createHash("sha256").update(told.join("\n")).digest("base64url");
}

/** Another one each time that Linux starts; others have none. */
function startOfSystem(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}
