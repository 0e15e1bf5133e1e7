/**
 * The near side of `webrtc.bench.ts`, in a process of its own: measures both ways with one engine. Arguments: the program of the far
 * side, the engine, and `--long`. Tells its parent the rows.
 */
import { cpuMs } from "./cpu-time.ts";
import { median, rounded, type BenchRow } from "./hop-rounds.ts";
import { asks, type BenchEngine } from "./webrtc-raw.ts";
import { raw, session, type Way } from "./webrtc-ways.ts";

const sizes = [100, 1024, 16 * 1024, 64 * 1024, 256 * 1024] as const;
const [, , peer = "", engine] = process.argv;
const isLong = process.argv.includes("--long");
/** Of the one that is several times as fast as its engine fewer tell enough; the one that is as fast needs many. */
const rounds = isLong ? 15 : engine === "werift" ? 3 : 9;
const roundsOfSmall = isLong ? 9 : 5;
const floodMs = 130;
/** Of frames of which that would be a few: how a flood begins and ends would be most of it. */
const largeFloodMs = 300;
/** Short and many: the system moves processes from core to core now and then, and a round trip takes twice as long for a while. */
const pingTurns = isLong ? 31 : 15;
const pingMs = 20;
const mostPings = 60;
/** Of what a session adds, which is less than what a process loses that begins anew: until its code is in the caches of the processor. */
const addedPingMs = 40;
/** Code that has run a few thousand times is compiled to the end: before that a round trip takes three times as long, of either. */
const warmFloodMs = 500;
const warmPings = 6_000;
const warmPingMs = 4_000;
/** Of a sender who never waits. */
const pourMs = 600;
const poursInTurn = 256;

/** Megabytes (10^6) a second, until the other side has them all, and milliseconds of processor time of both for one. */
async function flood(way: Way, size: number, ms: number): Promise<{ readonly rate: number; readonly cpu: number }> {
  const [begin, beginCpu] = [performance.now(), cpuMs(way.child)];
  let count = 0;
  for (; performance.now() - begin < ms; count++) {
    await way.send(new Uint8Array(size));
    // Sending must not keep what comes back from being heard.
    if (count % 16 === 15) await new Promise((resolve) => setImmediate(resolve));
  }
  const receipt = way.back(1);
  await way.send(Uint8Array.of(asks.receipt));
  await receipt;
  const mb = (count * size) / 1e6;
  return { rate: (mb * 1_000) / (performance.now() - begin), cpu: (cpuMs(way.child) - beginCpu) / mb };
}

/** Milliseconds there and back, of what has nothing to wait for. */
async function ping(way: Way, size: number, ms: number, most = Number.POSITIVE_INFINITY): Promise<number> {
  const times: number[] = [];
  const end = performance.now() + ms;
  while (times.length < most && performance.now() < end) {
    const begin = performance.now();
    // Every message that it may go in asks to come back.
    const back = way.back(size);
    await way.send(new Uint8Array(size).fill(asks.echo));
    await back;
    times.push(performance.now() - begin);
  }
  return median(times);
}

/** Megabytes a second that have arrived when a sender that waits for nothing has sent for a while. The way is of no use afterwards. */
async function pour(way: Way, size: number): Promise<number> {
  const before = await way.received();
  const begin = performance.now();
  while (performance.now() - begin < pourMs) {
    for (let count = 0; count < poursInTurn; count++) way.pour(new Uint8Array(size));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const arrived = (await way.received()) - before;
  const ms = performance.now() - begin;
  await way.kill();
  return arrived / 1e3 / ms;
}

/** The median of a turn in which nobody disturbed either process: a quarter of the turns were as good or better. */
function undisturbed(medians: readonly number[]): number {
  return medians.toSorted((a, b) => a - b)[medians.length >> 2] ?? Number.NaN;
}

/** What a session should do at least, as a share of what its engine does alone. */
function throughputGoal(engine: BenchEngine, size: number): string | undefined {
  if (size === 100) return engine === "werift" ? undefined : ">= 0.9";
  return size >= 16 * 1024 ? ">= 0.95" : undefined;
}

async function measured(engine: BenchEngine): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  const [ours, theirs] = await Promise.all([session(engine, peer), raw(engine, peer)]);
  const row = (
    size: number,
    what: readonly [string, string],
    own: readonly number[],
    other: readonly number[],
    goal?: string,
  ): void => {
    const [metric, unit] = what;
    rows.push({
      case: `${ours.name}, ${size} B`,
      metric,
      unit,
      ours: rounded(median(own)),
      peer: rounded(median(other)),
      peerName: theirs.name,
      // Round by round: a machine that others use as well is not as fast in all of them.
      ratio: rounded(median(own.map((one, round) => one / (other[round] ?? Number.NaN)))),
      goal: goal ?? null,
    });
  };
  await Promise.all(
    [ours, theirs].map(async (way) => {
      await flood(way, 100, warmFloodMs);
      await ping(way, 100, warmPingMs, warmPings);
    }),
  );
  for (const size of sizes) {
    const figures = [ours, theirs].map((way) => ({
      way,
      rates: [] as number[],
      cpu: [] as number[],
      pings: [] as number[],
    }));
    // What else the machine does meets both alike.
    for (let round = 0; round < (size < 16 * 1024 ? roundsOfSmall : rounds); round++) {
      for (const { way, rates, cpu } of figures) {
        const flooded = await flood(way, size, size < 64 * 1024 ? floodMs : largeFloodMs);
        rates.push(flooded.rate);
        cpu.push(flooded.cpu);
      }
    }
    for (let turn = 0; turn < pingTurns; turn++) {
      for (const { way, pings } of figures) {
        pings.push(size > 1024 ? await ping(way, size, pingMs, mostPings) : await ping(way, size, addedPingMs));
      }
    }
    const [own, other] = figures;
    if (own === undefined || other === undefined) continue;
    row(size, ["throughput", "MB/s"], own.rates, other.rates, throughputGoal(engine, size));
    row(size, ["processor, both sides", "ms/MB"], own.cpu, other.cpu);
    row(size, ["there and back, median", "ms"], own.pings, other.pings);
    if (size > 1024) continue;
    rows.push({
      case: `${ours.name}, ${size} B`,
      metric: "there and back, added by the session",
      unit: "ms",
      ours: Number((undisturbed(own.pings) - undisturbed(other.pings)).toFixed(3)),
      peer: null,
      peerName: null,
      ratio: null,
      goal: "<= 0.05",
    });
  }
  const poured = [[await pour(ours, 100)], [await pour(theirs, 100)]] as const;
  const goal = engine === "werift" ? ">= 100" : ">= 0.9";
  row(100, ["arrives of what is sent without waiting", "MB/s"], ...poured, goal);
  return rows;
}

process.send?.(await measured(engine as BenchEngine));
process.disconnect();
process.exit(0);
