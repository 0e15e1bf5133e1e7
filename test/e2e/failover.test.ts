import type { ChildProcess } from "node:child_process";
import { afterEach, describe, expect, it } from "vitest";
import type { MeshEvent } from "../../runtime/interface/events.ts";
import type { Frame } from "../../runtime/interface/frame.ts";
import type { Link } from "../../runtime/interface/link.ts";
import type { TargetPlan } from "../../runtime/interface/plan.ts";
import { launchPlan } from "../../runtime/mesh/launch.ts";
import { nodejsPlatform } from "../../runtime/platform/nodejs.ts";
import { clientOf, localTarget, marking, planOfPeers, stepOf, uriTarget } from "../runtime/mesh/fixtures/plans.ts";
import { spawnPeer } from "../runtime/transports/fixtures/spawn.ts";
import { text } from "../support/pipeline-plan-builder.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function peer(mark: string): Promise<{ readonly child: ChildProcess; readonly target: TargetPlan }> {
  const { child, address } = await spawnPeer("../../mesh/fixtures/serving-peer.ts", mark);
  cleanUps.push(() => child.kill("SIGKILL"));
  return { child, target: uriTarget(`${address}/Far`) };
}

/** A session of `Client` that sends a numbered frame every 20 ms, and everything that comes back. */
async function streaming(targets: readonly TargetPlan[]) {
  const events: { readonly event: MeshEvent; readonly atMs: number }[] = [];
  const arrived: { readonly frame: Frame; readonly atMs: number }[] = [];
  const plan = planOfPeers([clientOf(targets), stepOf("Near")], []);
  const mesh = await launchPlan(plan, nodejsPlatform(), {
    registry: () => marking("-near"),
    onEvent: (event) => events.push({ event, atMs: performance.now() }),
  });
  cleanUps.push(() => mesh.close());
  const listeners = new Set<() => void>();
  const b: Link = {
    writable: true,
    ready: () => Promise.resolve(),
    send(frame) {
      arrived.push({ frame, atMs: performance.now() });
      for (const listener of listeners) listener();
    },
    end: () => undefined,
    abort: () => undefined,
  };
  const { signal } = new AbortController();
  const request = { params: {}, inputs: { a: text }, outputs: { b: { type: text, link: b } }, schemas: {}, signal };
  const session = await mesh.open("Client", request);
  let seq = 0;
  const timer = setInterval(() => {
    const link = session.inputs["a"];
    if (link?.writable !== true) return;
    link.send({ timestampUs: seq * 20_000, seq, epoch: 0, flags: 0, payload: `${seq}` });
    seq += 1;
  }, 20);
  cleanUps.push(() => clearInterval(timer));
  const until = (isTrue: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!isTrue()) return;
        listeners.delete(look);
        resolve();
      };
      listeners.add(look);
      look();
    });
  const from = (mark: string): Frame[] =>
    arrived.map(({ frame }) => frame).filter((frame) => String(frame.payload).endsWith(mark));
  return { session, events, arrived, until, from, stop: () => clearInterval(timer) };
}

type Streaming = Awaited<ReturnType<typeof streaming>>;

/** When the remote began to look for another session. */
function noticedAtMs({ events }: Streaming, lostAtMs: number): number {
  return events.find(({ event, atMs }) => atMs > lostAtMs && event.kind.startsWith("remote-"))?.atMs ?? Number.NaN;
}

/**
 * What came is in order, and after the first frame of the fallback nothing came from before it. Nothing is lost, and nobody has answered a
 * frame twice; what the first had not confirmed has been answered by both.
 */
function expectOneStream({ arrived }: Streaming, before: string, after: string): void {
  const seqs = arrived.map(({ frame }) => frame.seq);
  expect(seqs).toEqual(seqs.map((_, index) => (seqs[0] ?? 0) + index));
  const marks = arrived.map(({ frame }) => String(frame.payload).replace(/^\d+/, ""));
  const turn = marks.indexOf(after);
  expect(turn).toBeGreaterThan(0);
  expect(new Set(marks.slice(0, turn))).toEqual(new Set([before]));
  expect(new Set(marks.slice(turn))).toEqual(new Set([after]));
  const numbers = arrived.map(({ frame }) => Number.parseInt(String(frame.payload), 10));
  for (const some of [numbers.slice(0, turn), numbers.slice(turn)]) {
    expect(some).toEqual(some.map((_, index) => (some[0] ?? 0) + index));
  }
  expect(numbers[0]).toBe(0);
  expect(numbers[turn] ?? 0).toBeLessThanOrEqual((numbers[turn - 1] ?? 0) + 1);
}

// The times are those of a machine that has some to spare; a busy one gets another try.
describe("a stream goes on elsewhere", { retry: 2 }, () => {
  it("R8.1 R8.3 within a second when the process that worked on it is killed", async () => {
    const { child, target } = await peer("-far");
    const stream = await streaming([target, localTarget("Near")]);
    await stream.until(() => stream.from("-far").length >= 50);
    const lostAtMs = performance.now();
    child.kill("SIGKILL");
    await stream.until(() => stream.from("-near").length >= 1);
    const goneMs = performance.now() - lostAtMs;
    console.info(
      `killed: noticed after ${Math.round(noticedAtMs(stream, lostAtMs) - lostAtMs)} ms, first frame after ${Math.round(goneMs)} ms`,
    );
    expect(noticedAtMs(stream, lostAtMs) - lostAtMs).toBeLessThan(1_000);
    expect(goneMs).toBeLessThan(1_300);
    await stream.until(() => stream.from("-near").length >= 20);
    expectOneStream(stream, "-far", "-near");
  });

  it("R8.1 R8.3 within a second over the connection that stands by, when the process that worked on it is killed", async () => {
    const first = await peer("-far");
    const second = await peer("-standby");
    const stream = await streaming([first.target, second.target]);
    await stream.until(() => stream.from("-far").length >= 50);
    await expect.poll(() => stream.session.describe().remotes[0]?.standby).toBe(second.target.text);
    const lostAtMs = performance.now();
    first.child.kill("SIGKILL");
    await stream.until(() => stream.from("-standby").length >= 1);
    const goneMs = performance.now() - lostAtMs;
    console.info(
      `killed: noticed after ${Math.round(noticedAtMs(stream, lostAtMs) - lostAtMs)} ms, first frame of the standby after ${Math.round(goneMs)} ms`,
    );
    expect(goneMs).toBeLessThan(1_000);
    await stream.until(() => stream.from("-standby").length >= 20);
    expectOneStream(stream, "-far", "-standby");
  });

  it("R8.1 R8.3 when the process is frozen, and does not take back what that sends when it thaws", async () => {
    const first = await peer("-far");
    const second = await peer("-standby");
    const stream = await streaming([first.target, second.target]);
    await stream.until(() => stream.from("-far").length >= 50);
    const lostAtMs = performance.now();
    first.child.kill("SIGSTOP");
    cleanUps.push(() => first.child.kill("SIGCONT"));
    await stream.until(() => stream.from("-standby").length >= 1);
    const goneMs = performance.now() - lostAtMs;
    console.info(
      `frozen: noticed after ${Math.round(noticedAtMs(stream, lostAtMs) - lostAtMs)} ms, first frame after ${Math.round(goneMs)} ms`,
    );
    expect(noticedAtMs(stream, lostAtMs) - lostAtMs).toBeLessThan(1_000);
    expect(goneMs).toBeLessThan(2_000);
    first.child.kill("SIGCONT");
    const count = stream.arrived.length;
    await stream.until(() => stream.arrived.length >= count + 100);
    expectOneStream(stream, "-far", "-standby");
    expect(stream.session.describe().remotes[0]).toMatchObject({ state: "connected", target: second.target.text });
  });
});
