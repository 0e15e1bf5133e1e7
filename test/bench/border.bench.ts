import { lastMark } from "./border-peer.ts";
import { bare, session, start, type Way } from "./border-ways.ts";
import { median, percentile, rounded, type BenchRow } from "./hop-rounds.ts";

export const title = "Frames to a process beside, over WebRTC: sessions of ours beside bare data channels of werift";

const peerName = "werift, 128 KiB in its queue";
const rounds = process.argv.includes("--long") ? 5 : 3;
const voiceMs = 20;
const voices = 100;

/** MB/s of so many payloads of a size, from the first to the answer to the last. */
async function throughput(open: () => Promise<Way>, size: number, count: number): Promise<number> {
  const way = await open();
  const done = new Promise<void>((resolve) => (way.onDone = resolve));
  const startMs = performance.now();
  for (let index = 1; index <= count; index += 1) {
    const sent = way.bulk(new Uint8Array(size).fill(index === count ? lastMark : 1));
    if (sent !== undefined) await sent;
  }
  await done;
  const ms = performance.now() - startMs;
  await way.close();
  return (size * count) / 1_000 / ms;
}

/** Milliseconds for a voice to go and come back, one every 20 ms, while bulk data goes as fast as it can. */
async function voiceTimes(open: () => Promise<Way>): Promise<number[]> {
  const way = await open();
  const sentMs: number[] = [];
  const times: number[] = [];
  const all = new Promise<void>((resolve) => {
    way.onVoice = (payload) => {
      times.push(performance.now() - (sentMs[payload[0] ?? 0] ?? Number.NaN));
      if (times.length === voices) resolve();
    };
  });
  const timer = setInterval(() => {
    if (sentMs.length === voices) return;
    sentMs.push(performance.now());
    way.voice(new Uint8Array(200).fill(sentMs.length - 1));
  }, voiceMs);
  let over = false;
  void all.then(() => (over = true));
  while (!over) {
    const sent = way.bulk(new Uint8Array(16_000).fill(1));
    await (sent ?? new Promise((resolve) => setImmediate(resolve)));
  }
  clearInterval(timer);
  await way.close();
  return times;
}

export async function run(): Promise<{ readonly rows: readonly BenchRow[]; readonly notes: readonly string[] }> {
  const { child, addresses } = await start();
  try {
    const [sessions = "", channels = ""] = addresses;
    const ways = [() => session(sessions), () => bare(channels)] as const;
    const rows: BenchRow[] = [];
    for (const { name, size, counts, goal } of [
      { name: "frames of 100 B", size: 100, counts: [5_000, 800], goal: ">= 5" },
      { name: "frames of 1,920 B", size: 1_920, counts: [1_500, 1_500], goal: null },
      { name: "frames of 16,000 B", size: 16_000, counts: [300, 300], goal: null },
    ] as const) {
      const figures: number[][] = [[], []];
      for (let round = 0; round < rounds; round += 1) {
        for (const [index, way] of ways.entries()) {
          figures[index]?.push(await throughput(way, size, counts[index] ?? 0));
        }
      }
      rows.push(row(name, "throughput", "MB/s", figures, (all) => Math.max(...all), goal));
    }
    const voice: number[][] = [await voiceTimes(ways[0]), await voiceTimes(ways[1])];
    rows.push(row("voice beside bulk data", "there and back, median", "ms", voice, median, null));
    rows.push(row("voice beside bulk data", "there and back, 95 %", "ms", voice, (all) => percentile(all, 0.95), null));
    return {
      rows,
      notes: [
        "Throughput is the best of the rounds, each over a connection of its own; both sides in processes of their own.",
        "A voice waits for one message at most on our side, and then behind what is on its way: what the path holds, and what passes in 10 ms.",
      ],
    };
  } finally {
    child.stdin?.end();
  }
}

function row(
  name: string,
  metric: string,
  unit: string,
  figures: readonly (readonly number[])[],
  of: (all: readonly number[]) => number,
  goal: string | null,
): BenchRow {
  const [ours, peer] = [of(figures[0] ?? []), of(figures[1] ?? [])];
  return {
    case: name,
    metric,
    unit,
    ours: rounded(ours),
    peer: rounded(peer),
    peerName,
    ratio: rounded(ours / peer),
    goal,
  };
}
