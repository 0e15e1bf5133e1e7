import { describe, expect, it } from "vitest";
import type { Link } from "../../../runtime/interface/link.ts";
import { pipelineEndpoint } from "../../../runtime/pipeline/endpoint.ts";
import { remotePipeline } from "../../../runtime/remote/caller.ts";
import { servePipelines } from "../../../runtime/remote/host.ts";
import { memoryNetwork } from "../../../runtime/transports/memory/network.ts";
import { envNumber } from "../../support/env-number.ts";
import { seededRandom } from "../../support/real-clock.ts";
import { sharingPeer } from "../../support/shared-network.ts";
import { remoteOf } from "./support/remote.ts";
import { depsFor, echoPlan, frameOf, marking, servedFrom } from "./support/scene.ts";
import { virtualClock } from "./support/virtual-clock.ts";

/** `SHARED_SEEDS=500` for a long look. */
const seeds = envNumber("SHARED_SEEDS", 6);
const sessions = 6;
const frames = 80;

/** Sessions over one connection, which breaks again and again while they send; all by a seed. */
async function simulate(seed: number) {
  const random = seededRandom(seed);
  const clock = virtualClock();
  const network = memoryNetwork({ clock });
  const hostPeer = sharingPeer(network, clock, "host");
  const plan = echoPlan();
  const endpoint = pipelineEndpoint(plan, "P", depsFor(clock, { Echo: marking("!") }));
  const host = servePipelines({ find: () => servedFrom(plan, endpoint), names: () => ["P"], clock });
  await hostPeer.listen("memory://host", host.accept);
  const caller = sharingPeer(network, clock, "caller");
  const letGo = await caller.keepIdle?.();
  const policy = { retryTimes: 1_000, backoffMinMs: 20, backoffMaxMs: 200, resumeMs: 30_000 };
  const remotes = Array.from({ length: sessions }, (_, index) => {
    const target = remotePipeline({
      transport: caller,
      uri: "memory://host/P",
      clock,
      random: seededRandom(100 * seed + index),
    });
    return remoteOf({ clock }, { host: target }, { policy, random: seededRandom(200 * seed + index) });
  });
  await clock.until(Promise.all(remotes.map(({ node }) => node.open())));
  const atOnce = caller.dialled.length;
  const sent = remotes.map(() => 0);
  let breaks = 0;
  while (sent.some((count) => count < frames)) {
    for (const [index, { node }] of remotes.entries()) {
      const input = node.inputs["a"] as Link;
      for (let burst = Math.floor(random.next() * 8); burst > 0; burst -= 1) {
        const seq = sent[index] as number;
        if (seq >= frames || !input.writable) break;
        input.send(frameOf(`${seq}`, seq));
        sent[index] = seq + 1;
      }
    }
    await clock.run(Math.floor(random.next() * 60));
    if (random.next() > 0.03) continue;
    breaks += 1;
    network.cut("memory://host");
    await clock.run(Math.floor(random.next() * 3_000));
    network.restore("memory://host");
  }
  for (const { node } of remotes) node.inputs["a"]?.end();
  const ends = await clock.until(Promise.all(remotes.map(({ node }) => node.closed)));
  await letGo?.();
  await clock.run(40_000);
  return { clock, remotes, ends, breaks, atOnce, caller, hostPeer };
}

describe("sessions that share a connection", () => {
  it("R4.3 R8.2 lose nothing and double nothing, however often it breaks; nothing is left in the end", async () => {
    let breaks = 0;
    let dials = 0;
    for (let seed = 1; seed <= seeds; seed += 1) {
      const done = await simulate(seed);
      const all = Array.from({ length: frames }, (_, index) => `${index}!`);
      expect(
        done.remotes.map(({ b }) => b.payloads),
        `seed ${seed}`,
      ).toEqual(Array.from({ length: sessions }, () => all));
      expect(done.ends, `seed ${seed}`).toEqual(Array.from({ length: sessions }, () => ({ error: undefined })));
      expect(done.atOnce, `seed ${seed}`).toBe(1);
      expect(done.clock.pending, `seed ${seed}`).toBe(0);
      for (const connection of [...done.caller.dialled, ...done.hostPeer.accepted]) {
        expect(connection.describe().state, `seed ${seed}`).toBe("closed");
      }
      breaks += done.breaks;
      dials += done.caller.dialled.length;
    }
    // It did break, and what came back came over few connections rather than one for each session.
    expect(breaks).toBeGreaterThan(seeds / 2);
    expect(dials).toBeLessThan(seeds + 3 * breaks);
  });
});
