import { describe, expect, it } from "vitest";
import type { Link } from "../../../runtime/interface/link.ts";
import type { PolicyPlan } from "../../../runtime/interface/plan.ts";
import { pipelineEndpoint } from "../../../runtime/pipeline/endpoint.ts";
import { remotePipeline } from "../../../runtime/remote/caller.ts";
import { servePipelines } from "../../../runtime/remote/host.ts";
import { memoryNetwork } from "../../../runtime/transports/memory/network.ts";
import { seededRandom } from "../../support/real-clock.ts";
import { sharingPeer, type SharingPeer } from "../../support/shared-network.ts";
import { localTarget, remoteOf } from "./support/remote.ts";
import { depsFor, echoPlan, frameOf, marking, servedFrom } from "./support/scene.ts";
import { virtualClock } from "./support/virtual-clock.ts";

/** Hosts that run `P`, and a remote that has them for its targets, in this order. */
async function scene(names: readonly string[], policy: Partial<PolicyPlan> = {}, last?: "local") {
  const clock = virtualClock();
  const network = memoryNetwork({ clock });
  const hosts = new Map<string, SharingPeer>();
  const start = async (name: string): Promise<void> => {
    const peer = sharingPeer(network, clock, name);
    const plan = echoPlan();
    const endpoint = pipelineEndpoint(plan, "P", depsFor(clock, { Echo: marking(`-${name}`) }));
    const host = servePipelines({ find: () => servedFrom(plan, endpoint), names: () => ["P"], clock });
    await peer.listen(`memory://${name}`, host.accept);
    hosts.set(name, peer);
  };
  for (const name of names) await start(name);
  const caller = sharingPeer(network, clock, "caller");
  const targets = Object.fromEntries(
    names.map((name) => [
      name,
      remotePipeline({ transport: caller, uri: `memory://${name}/P`, clock, random: seededRandom(4) }),
    ]),
  );
  const stage = { clock, network };
  const all = last === undefined ? targets : { ...targets, here: localTarget(stage, "-here") };
  const remote = remoteOf(stage, all, { policy });
  /** Connections that a host has now. */
  const open = (name: string): number =>
    hosts.get(name)?.accepted.filter((connection) => connection.describe().state === "connected").length ?? 0;
  return { ...stage, ...remote, start, open, caller };
}

describe("a connection stands by for the next target", () => {
  it("R8.3 so that a failover opens no other one, and then one for the target after that", async () => {
    const { clock, network, node, b, open, caller } = await scene(["first", "second", "third"]);
    await clock.until(node.open());
    await clock.run(100);
    expect(node.describe()).toMatchObject({ target: "first", standby: "second" });
    expect(["first", "second", "third"].map(open)).toEqual([1, 1, 0]);
    const input = node.inputs["a"] as Link;
    input.send(frameOf("one", 0));
    await clock.run(1_000);
    network.kill("first");
    const lostMs = clock.nowMs;
    for (let seq = 1; seq < 200 && !b.payloads.some((one) => String(one).endsWith("-second")); seq += 1) {
      if (input.writable) input.send(frameOf(`${seq}`, seq));
      await clock.run(10);
    }
    // What the first has not confirmed is for the second: nothing is lost, and nothing comes twice.
    const answered = b.payloads.slice(1).map((payload) => Number.parseInt(String(payload), 10));
    expect(answered).toEqual(answered.map((_, index) => index + 1));
    expect(b.payloads[0]).toBe("one-first");
    // With the time in which heartbeats notice, and what the first target has to go on with the session.
    expect(clock.nowMs - lostMs).toBeLessThanOrEqual(1_000);
    await clock.run(100);
    expect(node.describe()).toMatchObject({ target: "second", standby: "third" });
    // The one that stood by is in use now: each host was dialled once.
    expect(caller.dialled.map((connection) => connection.describe().address)).toEqual([
      "memory://first/P",
      "memory://second/P",
      "memory://third/P",
    ]);
    await clock.until(node.close());
    await clock.run(1);
    expect(["second", "third"].map(open)).toEqual([0, 0]);
    // The host that was killed has kept the session for as long as it was told.
    await clock.run(30_000);
    expect(clock.pending).toBe(0);
  });

  it("and another one when that is lost, in time", async () => {
    const { clock, network, node, open, start } = await scene(["first", "second"]);
    await clock.until(node.open());
    await clock.run(100);
    network.kill("second");
    await clock.run(5_000);
    expect(node.describe().standby).toBeUndefined();
    await start("second");
    await clock.run(30_000);
    expect(node.describe()).toMatchObject({ target: "first", standby: "second" });
    expect(open("second")).toBe(1);
    await clock.until(node.close());
    expect(clock.pending).toBe(0);
  });

  it("but not when its policy says so, nor where the next target is in this process", async () => {
    const off = await scene(["first", "second"], { standby: false });
    await off.clock.until(off.node.open());
    const local = await scene(["first"], {}, "local");
    await local.clock.until(local.node.open());
    for (const { clock, node, caller } of [off, local]) {
      await clock.run(1_000);
      expect(node.describe().standby).toBeUndefined();
      expect(caller.dialled).toHaveLength(1);
      await clock.until(node.close());
    }
  });

  it("once for all sessions, also where it cannot be had", async () => {
    const clock = virtualClock();
    const network = memoryNetwork({ clock });
    const peer = sharingPeer(network, clock, "first");
    const plan = echoPlan();
    const endpoint = pipelineEndpoint(plan, "P", depsFor(clock, { Echo: marking("-first") }));
    const host = servePipelines({ find: () => servedFrom(plan, endpoint), names: () => ["P"], clock });
    await peer.listen("memory://first", host.accept);
    const caller = sharingPeer(network, clock, "caller");
    let dials = 0;
    const counted = {
      ...caller,
      standBy: (...args: Parameters<NonNullable<typeof caller.standBy>>) => {
        dials += 1;
        return caller.standBy?.(...args) ?? Promise.resolve(undefined);
      },
    };
    const target = (name: string) =>
      remotePipeline({ transport: counted, uri: `memory://${name}/P`, clock, random: seededRandom(4) });
    const remotes = Array.from({ length: 20 }, () =>
      remoteOf({ clock }, { first: target("first"), nobody: target("nobody") }),
    );
    for (const { node } of remotes) await clock.until(node.open());
    await clock.run(10_000);
    expect(dials).toBeGreaterThan(60);
    expect(caller.dialled).toHaveLength(1);
    expect(caller.attempts).toBeLessThan(10);
    await clock.until(Promise.all(remotes.map(({ node }) => node.close())));
    expect(clock.pending).toBe(0);
  });
});
