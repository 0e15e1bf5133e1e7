import { describe, expect, it } from "vitest";
import type { Link } from "../../../runtime/interface/link.ts";
import { defineNode } from "../../../runtime/interface/node.ts";
import type { Transport } from "../../../runtime/interface/transport.ts";
import { pipelineEndpoint } from "../../../runtime/pipeline/endpoint.ts";
import { remotePipeline } from "../../../runtime/remote/caller.ts";
import { HeartbeatState } from "../../../runtime/remote/heartbeat.ts";
import { servePipelines } from "../../../runtime/remote/host.ts";
import { Patience } from "../../../runtime/remote/patience.ts";
import { carrierLimits } from "../../../runtime/transports/shared/limits.ts";
import { encodeCarrier } from "../../../runtime/transports/shared/messages.ts";
import { seededRandom } from "../../support/real-clock.ts";
import { sharingPeer } from "../../support/shared-network.ts";
import { heldPeer, type HeldPeer } from "./support/held-peer.ts";
import { remoteOf, story } from "./support/remote.ts";
import { depsFor, echoPlan, frameOf, scene, servedFrom, type Scene } from "./support/scene.ts";

/** A peer at `memory://edge` that can be held up, and a remote that has no other target. */
async function slowEdge(openingMs: readonly number[] = []) {
  const stage = scene();
  const { clock, network } = stage;
  const edge = heldPeer(clock, network.transport("edge"));
  let opened = 0;
  const node = defineNode({
    sync: true,
    open: async (_, { emit }) => {
      const forMs = openingMs[opened++] ?? 0;
      // Loads a model on the thread that also has to answer heartbeats.
      if (forMs > 0) {
        holdFor(stage, edge, forMs);
        await new Promise<void>((resolve) => void edge.clock.schedule(0, resolve));
      }
      return { process: (frame) => void emit("out", `${String(frame.payload)}-edge`) };
    },
  });
  const plan = echoPlan();
  const endpoint = pipelineEndpoint(plan, "P", depsFor(edge.clock, { Echo: node }));
  const host = servePipelines({ find: () => servedFrom(plan, endpoint), names: () => ["P"], clock: edge.clock });
  await edge.transport.listen("memory://edge", host.accept);
  const target = remotePipeline({
    transport: edge.to(network.transport("caller")),
    uri: "memory://edge/P",
    clock,
    random: seededRandom(4),
  });
  return { ...stage, edge, ...remoteOf(stage, { edge: target }), opened: () => opened };
}

function holdFor({ clock }: Pick<Scene, "clock">, peer: HeldPeer, ms: number): void {
  peer.hold();
  clock.schedule(ms, () => peer.goOn());
}

describe("a peer that is slow, but there (R8.1)", () => {
  it("keeps its session, however often it is held up beyond the limit of its silence", async () => {
    const { clock, edge, node, b, events } = await slowEdge();
    await clock.until(node.open());
    await clock.run(2_000);
    const input = node.inputs["a"] as Link;
    // Each pause longer than the one before, right behind it: no connection lasts as long as makes an outage over.
    const pauses = [800, 900, 1_100, 1_400, 1_800, 2_200, 2_600];
    for (const seq of pauses.keys()) {
      if (!input.writable) await clock.until(input.ready());
      input.send(frameOf(`${seq}`, seq));
      holdFor({ clock }, edge, pauses[seq] as number);
      await clock.run((pauses[seq] as number) + 300);
    }
    input.end();
    expect(await clock.until(node.closed)).toEqual({ error: undefined });
    expect(b.payloads).toEqual(Array.from({ length: pauses.length }, (_, seq) => `${seq}-edge`));
    // It is given up once or twice, until that much is known of it.
    expect(story(events).length).toBeLessThan(8);
  });

  it("may load a model for 9 s on the thread that also answers heartbeats", async () => {
    const { clock, node, events } = await slowEdge([9_000]);
    await clock.until(node.open());
    expect(story(events)).toEqual(["try edge", "connected edge"]);
  });

  it("is given longer to open its pipeline after each attempt that came to nothing that way", async () => {
    const { clock, node, b, opened } = await slowEdge([13_000, 13_000, 13_000]);
    await clock.until(node.open());
    // The first attempt was given up after 10 s, the second was not.
    expect(opened()).toBe(2);
    (node.inputs["a"] as Link).send(frameOf("x"));
    (node.inputs["a"] as Link).end();
    await clock.until(node.closed);
    expect(b.payloads).toEqual(["x-edge"]);
  });

  it("R8.1 that is killed is noticed as fast as ever, by whoever has never been wrong about it", async () => {
    const { clock, network, edge, node, events } = await slowEdge();
    await clock.until(node.open());
    holdFor({ clock }, edge, 300);
    await clock.run(3_000);
    const before = clock.nowMs;
    network.kill("edge");
    await clock.until(node.closed);
    expect(story(events).at(-1)).toContain("-> nobody");
    expect(clock.nowMs - before).toBeLessThan(2_000);
  });
});

describe("what is known of how long a peer is silent", () => {
  const timeoutMs = (beat: HeartbeatState): number => beat.timeoutUs / 1_000;

  it("doubles the limits with each false alarm, up to fourfold, and halves them after 30 s without one", () => {
    const patience = new Patience();
    const beat = new HeartbeatState({ patience }, 0);
    expect(timeoutMs(beat)).toBe(3_000);
    beat.opening();
    expect(timeoutMs(beat)).toBe(10_000);
    beat.established(0);
    expect(timeoutMs(beat)).toBe(750);
    for (const expected of [1_500, 3_000, 3_000]) {
      patience.suspect("running");
      patience.acquit("running");
      expect(timeoutMs(beat)).toBe(expected);
    }
    patience.wear(0);
    patience.wear(29_999_999);
    expect(patience.factor).toBe(4);
    patience.wear(30_000_000);
    expect(patience.factor).toBe(2);
    patience.wear(60_000_000);
    expect(patience.factor).toBe(1);
  });

  it("learns nothing from a peer that has come up anew, or that was never suspected", () => {
    const patience = new Patience();
    patience.acquit("running");
    patience.suspect("running");
    patience.acquit("opening");
    patience.acquit("running");
    expect(patience.factor).toBe(1);
  });
});

describe("a side whose ticks are late", () => {
  const secondUs = 1_000_000;
  const running = (): HeartbeatState => {
    const beat = new HeartbeatState({}, 0);
    beat.established(0);
    beat.tick(0);
    return beat;
  };

  it("has not heard what came while it was held up, once, and waits as much longer", () => {
    const beat = running();
    expect(beat.tick(5 * secondUs).lost).toBe(false);
    expect(beat.tick(5.4 * secondUs).lost).toBe(false);
  });

  it("is held up again and again, and hears in between", () => {
    const beat = running();
    for (let second = 1; second < 60; second += 1) {
      expect(beat.tick(second * secondUs).lost).toBe(false);
      beat.heard(second * secondUs + 1);
    }
  });

  it("is a page that nobody sees, whose timers come once a second, and takes a silent peer for lost within three", () => {
    const beat = running();
    const lost = [1, 2, 3].map((second) => beat.tick(second * secondUs).lost);
    expect(lost.lastIndexOf(false)).toBeLessThan(2);
    expect(lost.at(-1)).toBe(true);
  });
});

describe("a peer that says nothing in one session", () => {
  /** When it is taken for lost, with something heard elsewhere up to a time; in microseconds. */
  const lostAtUs = (beat: HeartbeatState, untilUs: number): number => {
    for (let nowUs = 0; ;) {
      beat.heardElsewhere(Math.min(nowUs, untilUs));
      const { lost, nextUs } = beat.tick(nowUs);
      if (lost) return nowUs;
      nowUs = nextUs;
    }
  };

  it("is there as long as it is heard of in another one that shares the connection", () => {
    const beat = new HeartbeatState({}, 0);
    beat.established(0);
    expect(lostAtUs(beat, 5_000_000)).toBeGreaterThanOrEqual(5_000_000 + 500_000);
    const alone = new HeartbeatState({}, 0);
    alone.established(0);
    expect(lostAtUs(alone, 0)).toBe(alone.timeoutUs);
  });

  it("is not served yet, whatever is heard of others, before the session is open", () => {
    const beat = new HeartbeatState({}, 0);
    expect(lostAtUs(beat, 5_000_000)).toBe(beat.timeoutUs);
  });
});

describe("a shared connection to a peer that is slow", () => {
  /** Two peers that can be held up; the connections of one to the other share one. */
  async function sharing() {
    const { clock, network } = scene();
    const [edge, client] = ["edge", "client"].map((name) => heldPeer(clock, network.transport(name))) as [
      HeldPeer,
      HeldPeer,
    ];
    const over = ({ transport }: HeldPeer) => ({ ...network, transport: (): Transport => transport });
    const callee = sharingPeer(over(edge), edge.clock, "edge");
    const caller = sharingPeer(over(client), client.clock, "client");
    await callee.listen("memory://edge", () => undefined);
    const { signal } = new AbortController();
    const dial = () => caller.dial("memory://edge/P", { signal });
    await clock.until(dial());
    return { clock, edge, client, caller, callee, dial };
  }

  it("is not given up for an answer that is late, while something comes", async () => {
    const { clock, edge, caller, callee, dial } = await sharing();
    const startMs = clock.nowMs;
    edge.hold();
    const second = dial();
    await clock.run(500);
    // It was on its way.
    callee.accepted[0]?.control.send(encodeCarrier({ kind: "pong" }));
    await clock.run(1_000);
    edge.goOn();
    await clock.until(second);
    expect(caller.dialled).toHaveLength(1);
    expect(clock.nowMs - startMs).toBe(1_500);
  });

  it("is not given up for a silence that is the caller's own", async () => {
    const { clock, client, caller, dial } = await sharing();
    const second = dial();
    client.hold();
    await clock.run(2_500);
    client.goOn();
    await clock.until(second);
    expect(caller.dialled).toHaveLength(1);
  });

  it("is given up for another one when the peer says nothing at all", async () => {
    const { clock, edge, caller, dial } = await sharing();
    edge.hold();
    const startMs = clock.nowMs;
    const second = dial();
    await clock.run(carrierLimits.openMs + 1);
    edge.goOn();
    await clock.until(second);
    expect(caller.dialled).toHaveLength(2);
    expect(clock.nowMs - startMs).toBeLessThan(1_100);
  });
});
