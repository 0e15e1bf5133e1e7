import { chooseEngine } from "../../runtime/transports/webrtc/engines/choose.nodejs.ts";
import { seededRandom } from "../support/real-clock.ts";
import { inject, type FaultKind, type FaultResult } from "./failover-fault.ts";
import { injectGrpc } from "./failover-grpc.ts";
import { FailoverPeers, type FailoverPeer } from "./failover-peers.ts";
import { median, percentile, rounded, type BenchRow } from "./hop-rounds.ts";

const long = process.argv.includes("--long");
const kinds: readonly FaultKind[] = ["kill -9", "SIGSTOP", "dropped path"];
const engines = ["node-datachannel", "werift"] as const;
/** Of each kind, by each engine, with a warm and with a cold standby. */
const rounds = long ? 17 : 2;
const grpcRounds = long ? 5 : 2;
/** So many streams live through faults at the same time; each mostly waits. */
const atOnce = 2;
const seed = 11;
/** A fault in which this process was held up for longer is injected again. */
const heldUpAtMostMs = 500;
/** How long a channel that notices nothing is watched. */
const grpcPatienceMs = 5_000;

export const title = `Streams of numbered frames, one each 20 ms, to peers in processes of their own of which one fails: ${
  rounds * kinds.length * engines.length * 2
} faults, from the fault to the first frame that the standby has answered`;

interface Case {
  readonly id: string;
  readonly kind: FaultKind;
  readonly warm: boolean;
  readonly engine: (typeof engines)[number];
}

interface Outcome extends FaultResult {
  readonly fault: Case;
  readonly first: FailoverPeer;
  readonly standby: FailoverPeer;
}

/** What became of the frames of one fault. */
interface Counted {
  /** That no consumer got. */
  readonly lost: number;
  /** That one consumer got twice, or out of order. */
  readonly doubled: number;
  /** That both consumers got. */
  readonly repeated: number;
  /** Answers that did not come, and that came twice. */
  readonly unanswered: number;
  readonly answeredTwice: number;
}

function cases(): Case[] {
  const all: Case[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const kind of kinds) {
      for (const engine of engines) {
        for (const warm of [true, false]) all.push({ id: `fault${all.length}`, kind, warm, engine });
      }
    }
  }
  return all;
}

async function runAll(
  peers: FailoverPeers,
): Promise<{ readonly outcomes: readonly Outcome[]; readonly again: number }> {
  const random = seededRandom(seed);
  const left = cases().map((fault) => ({ fault, phase: random.next() }));
  const loaded = new Map(
    await Promise.all(engines.map(async (name) => [name, await chooseEngine({ name, log: () => undefined })] as const)),
  );
  const outcomes: Outcome[] = [];
  let again = 0;
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const { fault, phase } = next;
      const [first, standby] = [await peers.take(fault.engine), await peers.take(fault.engine)];
      const engine = loaded.get(fault.engine);
      if (engine === undefined) throw new Error(`${fault.engine} is not loaded.`);
      const result = await inject({ ...fault, engine, first, standby, phase });
      if (result.heldUpMs <= heldUpAtMostMs) outcomes.push({ ...result, fault, first, standby });
      else {
        again += 1;
        left.push({ fault: { ...fault, id: `${fault.id}-again${again}` }, phase });
      }
      peers.giveBack(fault.engine, first);
      peers.giveBack(fault.engine, standby);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return { outcomes, again };
}

function count({ fault, first, standby, sent, answers }: Outcome): Counted {
  const [atFirst, atStandby] = [first.got(fault.id), standby.got(fault.id)];
  const [one, other] = [new Set(atFirst), new Set(atStandby)];
  const answered = new Set(answers);
  const all = Array.from({ length: sent }, (_, number) => number);
  return {
    lost: all.filter((number) => !one.has(number) && !other.has(number)).length,
    doubled: [atFirst, atStandby].reduce((sum, got) => sum + notAfter(got), 0),
    repeated: [...one].filter((number) => other.has(number)).length,
    unanswered: sent - answered.size,
    answeredTwice: answers.length - answered.size,
  };
}

/** Numbers that do not come after the one before. */
function notAfter(numbers: readonly number[]): number {
  return numbers.filter((number, index) => index > 0 && number <= (numbers[index - 1] ?? -1)).length;
}

async function byGrpc(
  peers: FailoverPeers,
  kind: "kill -9" | "SIGSTOP",
  keepalive: boolean,
): Promise<{ readonly firstMs: number; readonly lost: number }> {
  const times: number[] = [];
  let lost = 0;
  for (let round = 0; round < (keepalive ? grpcRounds : 1); round += 1) {
    const [first, standby] = [await peers.take("werift"), await peers.take("werift")];
    const id = `grpc-${kind.replace(" ", "")}-${keepalive}-${round}`;
    const { firstMs, sent } = await injectGrpc({
      ...{ id, kind, keepalive, first, standby, patienceMs: grpcPatienceMs },
    });
    times.push(firstMs);
    const got = new Set([...first.got(id), ...standby.got(id)]);
    // What was on its way at the end does not count.
    const last = Math.max(...got);
    lost += Array.from({ length: Math.min(sent, last) }, (_, number) => number).filter((one) => !got.has(one)).length;
    peers.giveBack("werift", first);
    peers.giveBack("werift", standby);
  }
  return { firstMs: median(times), lost };
}

export async function run(): Promise<{ readonly rows: readonly BenchRow[]; readonly notes: readonly string[] }> {
  const peers = new FailoverPeers();
  try {
    const { outcomes, again } = await runAll(peers);
    const grpc = {
      "kill -9": await byGrpc(peers, "kill -9", true),
      SIGSTOP: await byGrpc(peers, "SIGSTOP", true),
    };
    const silent = await byGrpc(peers, "SIGSTOP", false);
    const notes = notesOf(outcomes, grpc, silent);
    if (again > 0) notes.push(`${again} faults were injected again, for the machine had held this process up`);
    return { rows: rowsOf(outcomes, grpc), notes };
  } finally {
    await peers.close();
  }
}

type ByGrpc = Readonly<Record<"kill -9" | "SIGSTOP", { readonly firstMs: number; readonly lost: number }>>;

const nobody = { peer: null, peerName: null, ratio: null } as const;

function rowsOf(outcomes: readonly Outcome[], grpc: ByGrpc): BenchRow[] {
  const counted = outcomes.map(count);
  const total = (what: keyof Counted): number => counted.reduce((sum, one) => sum + one[what], 0);
  const timesOf = (some: readonly Outcome[]): number[] =>
    some.map(({ firstMs }) => firstMs ?? Number.POSITIVE_INFINITY);
  const rows: BenchRow[] = [];
  for (const warm of [true, false]) {
    const standby = warm ? "warm" : "cold";
    for (const kind of kinds) {
      const times = timesOf(outcomes.filter(({ fault }) => fault.kind === kind && fault.warm === warm));
      const own = rounded(median(times));
      const row = { case: `${kind}, ${standby}`, metric: "first frame, p50", unit: "ms", ours: own, goal: null };
      if (kind === "dropped path") rows.push({ ...row, ...nobody });
      else {
        const peer = rounded(grpc[kind].firstMs);
        rows.push({ ...row, peer, peerName: "gRPC, keepalive 1 s", ratio: rounded(own / peer) });
      }
    }
    const all = timesOf(outcomes.filter(({ fault }) => fault.warm === warm));
    const goal = warm ? "<= 1000" : "<= 2000";
    const whole = { case: `all, ${standby}`, unit: "ms", ...nobody };
    rows.push({ ...whole, metric: "first frame, p50", ours: rounded(median(all)), goal: null });
    rows.push({ ...whole, metric: "first frame, p99", ours: rounded(percentile(all, 0.99)), goal });
    rows.push({ ...whole, metric: "first frame, max", ours: rounded(Math.max(...all)), goal: null });
  }
  const frames = { case: "all", unit: "frames", ...nobody };
  rows.push({ ...frames, metric: "sent", ours: outcomes.reduce((sum, { sent }) => sum + sent, 0), goal: null });
  rows.push({ ...frames, metric: "that no consumer got", ours: total("lost"), goal: "0" });
  rows.push({ ...frames, metric: "that a consumer got twice or out of order", ours: total("doubled"), goal: "0" });
  rows.push({ ...frames, metric: "that both consumers got", ours: total("repeated"), goal: null });
  rows.push({ ...frames, metric: "whose answer did not come", ours: total("unanswered"), goal: null });
  rows.push({ ...frames, metric: "whose answer came twice", ours: total("answeredTwice"), goal: null });
  const uncoded = outcomes.filter(({ code }) => code === undefined).length;
  const faults = { case: "all", unit: "faults", ...nobody };
  rows.push({ ...faults, metric: "of which the producer was told no code", ours: uncoded, goal: "0" });
  return rows;
}

function notesOf(outcomes: readonly Outcome[], grpc: ByGrpc, silent: ByGrpc["SIGSTOP"]): string[] {
  const byEngine = engines.map((name) => {
    const of = outcomes.filter(({ fault }) => fault.engine === name);
    const noticed = rounded(median(of.map(({ noticedMs }) => noticedMs)));
    const first = rounded(median(of.map(({ firstMs }) => firstMs ?? Number.POSITIVE_INFINITY)));
    return `${name}: noticed after ${noticed} ms (p50), first frame after ${first} ms`;
  });
  const codes = [...new Set(outcomes.map(({ code }) => code ?? "none"))].join(", ");
  const worst = outcomes.toSorted((a, b) => (b.firstMs ?? Infinity) - (a.firstMs ?? Infinity)).slice(0, 3);
  return [
    ...byEngine,
    `codes that the producer was told: ${codes}`,
    `slowest: ${worst.map(({ fault, firstMs }) => `${fault.kind}, ${fault.warm ? "warm" : "cold"}, ${fault.engine} ${Math.round(firstMs ?? Infinity)} ms`).join("; ")}`,
    `gRPC has lost ${grpc["kill -9"].lost + grpc.SIGSTOP.lost} frames in ${2 * grpcRounds} faults; without keepalive, as it is by default, it ${
      silent.firstMs >= grpcPatienceMs
        ? `noticed nothing of SIGSTOP in ${grpcPatienceMs / 1_000} s`
        : `took ${rounded(silent.firstMs)} ms`
    }`,
  ];
}
