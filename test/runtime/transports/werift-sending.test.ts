import { afterEach, describe, expect, it } from "vitest";
import type { Channel } from "../../../runtime/interface/transport.ts";
import type { EnginePeer } from "../../../runtime/transports/webrtc/engines/engine.ts";
import { collect, patterned, sendWhenReady } from "../../conformance/messages.ts";
import type { NetworkConditions } from "../../support/bad-network.ts";
import { acrossNetwork } from "./across-network.ts";
import { spiedEngine } from "./spied-engine.ts";

/** What werift keeps of its window, which it does not publish. */
interface Sctp {
  readonly cwnd: number;
  readonly flightSize: number;
  /** Seconds. */
  rto: number;
  timer3Expired(): void;
}

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

/** Bulk data from a caller over a network. */
async function bulkOver(seed: number, conditions: NetworkConditions) {
  const engine = spiedEngine();
  const { network, caller, callee } = await acrossNetwork(cleanUps, seed, conditions, engine);
  const { sctp } = (engine.peers[0] as EnginePeer & { readonly sctp: { readonly sctp: Sctp } }).sctp;
  return { network, sctp, from: caller.channel(1, "bulk"), to: callee.channel(1, "bulk") };
}

async function send(from: Channel, to: Channel, count: number): Promise<void> {
  const received = collect(to, count);
  for (let index = 0; index < count; index += 1) await sendWhenReady(from, patterned(16_000, index));
  await received;
}

describe("the window of werift", () => {
  it("stays open on a path that changes the order of packets", async () => {
    const path = { delayMs: 10, jitterMs: 10, bytesPerSecond: 10_000_000, mtuBytes: 1_500 };
    const { sctp, from, to } = await bulkOver(3, path);
    await send(from, to, 200);
    // Each packet that was overtaken by three would halve it: it would come to some 8,000 bytes.
    expect(sctp.cwnd).toBeGreaterThan(50_000);
  });

  // A machine that stands still meanwhile has other timeouts as well; what counts is proved on a virtual clock beside this.
  it("is given back when a timeout turns out to have been spurious", { retry: 3 }, async () => {
    // Packets of one size: of larger ones it would be tried whether they have become too large.
    const path = { delayMs: 10, bytesPerSecond: 10_000_000, mtuBytes: 1_280 };
    const { network, sctp, from, to } = await bulkOver(3, path);
    await send(from, to, 100);
    let timeouts = 0;
    const expired = sctp.timer3Expired.bind(sctp);
    sctp.timer3Expired = () => {
      timeouts += 1;
      expired();
    };
    await expect.poll(() => sctp.flightSize).toBe(0);
    const before = sctp.cwnd;
    // As it is where nothing waits; the answers come later from now on.
    sctp.rto = 0.1;
    network.conditions = { ...path, delayMs: 110 };
    await send(from, to, 40);
    expect(timeouts).toBeGreaterThan(0);
    expect(sctp.cwnd).toBeGreaterThanOrEqual(before);
  });
});
