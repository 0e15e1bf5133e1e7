import { delay, type Clock } from "../../runtime/interface/clock.ts";
import { defineNode, type NodeDefinition } from "../../runtime/interface/node.ts";
import type { MeshEvent } from "../../runtime/interface/events.ts";
import type { Link } from "../../runtime/interface/link.ts";
import type { PolicyPlan } from "../../runtime/interface/plan.ts";
import type { PipelineEndpoint } from "../../runtime/interface/session.ts";
import { pipelineEndpoint } from "../../runtime/pipeline/endpoint.ts";
import { remotePipeline } from "../../runtime/remote/caller.ts";
import { servePipelines } from "../../runtime/remote/host.ts";
import { memoryNetwork } from "../../runtime/transports/memory/network.ts";
import { remoteOf } from "../runtime/remote/support/remote.ts";
import { depsFor, echoPlan, frameOf, marking, servedFrom } from "../runtime/remote/support/scene.ts";
import { virtualClock } from "../runtime/remote/support/virtual-clock.ts";
import { drawing } from "../bench/balancing-events.ts";
import { sharingPeer } from "../support/shared-network.ts";

const names = ["first", "second"] as const;
type Name = (typeof names)[number];

/** What is done to a host, or to the clock of the caller. */
type Fault =
  | { readonly kind: "break"; readonly host: Name }
  | { readonly kind: "partition" | "crash"; readonly host: Name; readonly forMs: number }
  | { readonly kind: "clock-jump"; readonly byMs: number };

export interface Outcome {
  readonly faults: readonly Fault[];
  /** What does not hold that always has to; empty when all is well. */
  readonly broken: readonly string[];
}

/** Of the same time as another clock, until it jumps, as when a machine has slept. */
class JumpingClock implements Clock {
  readonly #base: Clock;
  #aheadMs = 0;

  constructor(base: Clock) {
    this.#base = base;
  }

  nowUs = (): number => this.#base.nowUs() + this.#aheadMs * 1_000;
  wallMs = (): number => this.#base.wallMs() + this.#aheadMs;
  schedule = (delayMs: number, callback: () => void): (() => void) => this.#base.schedule(delayMs, callback);

  jump(byMs: number): void {
    this.#aheadMs += byMs;
  }
}

/**
 * One life of a session with a remote that has two targets, with faults at times and of kinds that depend on the seed alone. One host fails at
 * a time, so that there is always a way to go on; what has to hold:
 *
 * - what comes out is in order, and nothing comes twice;
 * - nothing is lost as long as no session was given up, nor by going back to an earlier target; a session that was given up
 *   may have lost the last that it took, and nothing else;
 * - after the last fault frames come through again, and attempts stay within what the policy allows;
 * - in the end no timer is left.
 */
export async function life(seed: number): Promise<Outcome> {
  const random = drawing(seed);
  const between = (least: number, most: number): number => least + Math.floor(random.next() * (most - least));
  const clock = virtualClock();
  const own = new JumpingClock(clock);
  const network = memoryNetwork({ clock });
  // In half of the lives frames wait at each place, for the nodes are slower than what comes in.
  const slowMs = random.next() < 0.5 ? between(20, 50) : 0;
  const start = async (name: Name): Promise<void> => {
    const plan = echoPlan();
    const endpoint = pipelineEndpoint(
      plan,
      "P",
      depsFor(clock, { Echo: slowMs === 0 ? marking(`-${name}`) : slow(clock, `-${name}`, slowMs) }),
    );
    const host = servePipelines({ find: () => servedFrom(plan, endpoint), names: () => ["P"], clock });
    await sharingPeer(network, clock, name).listen(`memory://${name}`, host.accept);
  };
  for (const name of names) await start(name);
  const caller = sharingPeer(network, own, "caller");
  let opened = 0;
  const target = (name: Name): PipelineEndpoint => {
    const real = remotePipeline({ transport: caller, uri: `memory://${name}/P`, clock: own, random });
    return {
      ...real,
      async open(request) {
        const session = await real.open(request);
        opened += 1;
        return session;
      },
    };
  };
  const policy: Partial<PolicyPlan> = {
    // With none, a second fault before the first is mended ends the session, as the policy says.
    retryTimes: between(1, 4),
    standby: random.next() < 0.7,
    ...(random.next() < 0.5 && { failbackAfterMs: between(0, 2_000) }),
    ...(random.next() < 0.5 && { breaker: { failures: between(1, 4), windowMs: 10_000, openMs: between(200, 3_000) } }),
  };
  const { node, b, events } = remoteOf(
    { clock: own },
    { first: target("first"), second: target("second") },
    { policy, random },
  );
  await clock.until(node.open());

  const input = node.inputs["a"] as Link;
  let sent = 0;
  const feed = async (ms: number): Promise<void> => {
    for (const untilMs = clock.nowMs + ms; clock.nowMs < untilMs;) {
      if (input.writable) {
        input.send(frameOf(`f${sent}`, sent));
        sent += 1;
      }
      await clock.run(between(5, 60));
    }
  };

  const faults: Fault[] = [];
  await feed(between(10, 500));
  for (let left = between(1, 4); left > 0; left -= 1) {
    const fault = drawFault(random.next(), between);
    faults.push(fault);
    if (fault.kind === "clock-jump") {
      own.jump(fault.byMs);
    } else if (fault.kind === "crash") {
      network.kill(fault.host);
      await feed(fault.forMs);
      await start(fault.host);
    } else {
      network.cut(`memory://${fault.host}`);
      if (fault.kind === "partition") await feed(fault.forMs);
      network.restore(`memory://${fault.host}`);
    }
    await feed(between(10, 4_000));
  }
  // Long enough for what was given up on the way, and for a breaker to let the next attempt through.
  await feed(12_000);
  const before = b.frames.length;
  await feed(1_000);
  const goesOn = b.frames.length > before;
  const broken: string[] = [];
  if (!goesOn) broken.push(`nothing comes through a while after the last fault: ${JSON.stringify(node.describe())}`);
  input.end();
  const end = await clock.until(node.closed).catch((error: unknown) => ({ error }));
  if (end.error !== undefined) broken.push(`the session did not end well: ${String(end.error)}`);
  await clock.until(node.close());
  await clock.run(120_000);
  if (clock.pending > 0) broken.push(`${clock.pending} timers are left`);
  const numbers = b.payloads.map((one) => Number(/^f(\d+)-/.exec(String(one))?.[1]));
  broken.push(
    ...judge(numbers, { sent, opened, events, attempts: (policy.retryTimes ?? 0) + 2, faults: faults.length }),
  );
  return { faults, broken };
}

/** Takes its time for each frame, and then gives it with a mark. */
const slow = (clock: Clock, mark: string, ms: number): NodeDefinition =>
  defineNode({
    open: (_, { emit }) => ({
      async process(frame) {
        await delay(clock, ms);
        emit("out", `${String(frame.payload)}${mark}`);
      },
    }),
  });

function drawFault(kind: number, between: (least: number, most: number) => number): Fault {
  const host = names[between(0, 2)] as Name;
  if (kind < 0.3) return { kind: "break", host };
  if (kind < 0.55) return { kind: "partition", host, forMs: between(50, 6_000) };
  if (kind < 0.85) return { kind: "crash", host, forMs: between(50, 6_000) };
  return { kind: "clock-jump", byMs: between(10, 20_000) };
}

interface Seen {
  readonly sent: number;
  /** Sessions that were opened, those that nobody needed in the end included. */
  readonly opened: number;
  readonly events: readonly MeshEvent[];
  /** That the policy allows at one target after a fault. */
  readonly attempts: number;
  readonly faults: number;
}

function judge(numbers: readonly number[], { sent, opened, events, attempts, faults }: Seen): string[] {
  const broken: string[] = [];
  let gaps = 0;
  for (const [index, number] of numbers.entries()) {
    const last = index === 0 ? -1 : (numbers[index - 1] as number);
    if (!(number > last)) broken.push(`f${number} comes after f${last}`);
    if (number > last + 1) gaps += 1;
  }
  if (numbers.at(-1) !== sent - 1) gaps += 1;
  // A session that was left for an earlier target has come to its end.
  const returned = events.filter((event) => event.kind === "remote-connected" && event.back === true).length;
  if (gaps > Math.max(0, opened - 1 - returned))
    broken.push(`${gaps} gaps, with ${opened} sessions, ${returned} by going back`);
  const tried = events.filter(({ kind }) => kind === "remote-connecting").length;
  // A fault may be noticed twice, and another may follow while it is not mended.
  const most = 2 + 2 * names.length * attempts * (faults + 1);
  if (tried > most) broken.push(`${tried} attempts, where ${most} are allowed`);
  return broken;
}
