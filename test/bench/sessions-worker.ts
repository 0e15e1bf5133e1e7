/**
 * One contender of the bench of sessions in a process of its own, whose heap holds nothing else: opens so many sessions, sends
 * each a frame every 20 ms, evenly spread, and answers with what that took.
 */
import type { Frame } from "../../runtime/interface/frame.ts";
import { contenders, type ContenderName, type Push } from "./sessions-contenders.ts";

export interface SessionsTask {
  readonly name: ContenderName;
  readonly sessions: number;
  readonly seconds: number;
}

export interface SessionsAnswer {
  /** Processor time of opening one, microseconds. */
  readonly openUs: number;
  /** Of one session, once it is open and has carried frames. */
  readonly heapBytes: number;
  readonly rssBytes: number;
  /** Share of one core, in percent. */
  readonly cpuPercent: number;
  /** From when a frame was due to when it left the pipeline. */
  readonly p50Us: number;
  readonly p99Us: number;
  /** Frames a second that left all pipelines. */
  readonly framesPerSecond: number;
}

const periodUs = 20_000;
const stepUs = 1_000;
const steps = periodUs / stepUs;
const warmSeconds = 2;
/** Of so many sessions, one is timed: to read the clock for each frame would cost more than the frame. */
const timedEvery = 7;

const nowUs = (): number => performance.now() * 1000;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function memory(): { readonly heap: number; readonly rss: number } {
  if (globalThis.gc === undefined) throw new Error("the worker runs with --expose-gc");
  for (let round = 0; round < 3; round += 1) globalThis.gc();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { heap: heapUsed + arrayBuffers, rss };
}

/** Media time of a frame is when it is due, from the start of the feed. */
class Feed {
  #pushes: readonly Push[] = [];
  #startUs = 0;
  #step = 0;
  #stopped = false;

  start(pushes: readonly Push[]): void {
    this.#pushes = pushes;
    this.#startUs = nowUs();
    this.#turn();
  }

  get elapsedUs(): number {
    return nowUs() - this.#startUs;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** One step at a time, also where it is late: who works in microtasks or by turns has to come to it in between. */
  readonly #turn = (): void => {
    if (this.#stopped) return;
    if (this.#step * stepUs <= this.elapsedUs) {
      const timestampUs = this.#step * stepUs;
      const seq = Math.floor(this.#step / steps);
      for (let index = this.#step % steps; index < this.#pushes.length; index += steps) {
        const frame: Frame = { timestampUs, seq, epoch: 0, flags: 0, payload: index };
        this.#pushes[index]?.(frame);
      }
      this.#step += 1;
    }
    if (this.#step * stepUs <= this.elapsedUs) setImmediate(this.#turn);
    else setTimeout(this.#turn, 1);
  };
}

async function run({ name, sessions, seconds }: SessionsTask): Promise<SessionsAnswer> {
  const open = await contenders[name]();
  const feed = new Feed();
  const delays: number[] = [];
  let frames = 0;
  let timing = false;
  const count: Push = () => void (frames += 1);
  const time: Push = ({ timestampUs }) => {
    frames += 1;
    if (timing) delays.push(feed.elapsedUs - timestampUs);
  };
  const before = memory();
  const opening = process.cpuUsage();
  const pushes: Push[] = [];
  for (let index = 0; index < sessions; index += 1) pushes.push(await open(index % timedEvery === 0 ? time : count));
  const opened = process.cpuUsage(opening);

  feed.start(pushes);
  await wait(warmSeconds * 1000);
  frames = 0;
  timing = true;
  const startUs = nowUs();
  const start = process.cpuUsage();
  await wait(seconds * 1000);
  const { user, system } = process.cpuUsage(start);
  const tookUs = nowUs() - startUs;
  const sent = frames;
  feed.stop();
  const sorted = Float64Array.from(delays).toSorted();
  delays.length = 0;
  await wait(50);
  const after = memory();
  return {
    openUs: (opened.user + opened.system) / sessions,
    heapBytes: (after.heap - before.heap) / sessions,
    rssBytes: (after.rss - before.rss) / sessions,
    cpuPercent: ((user + system) / tookUs) * 100,
    p50Us: sorted[sorted.length >> 1] ?? Number.NaN,
    p99Us: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
    framesPerSecond: sent / (tookUs / 1e6),
  };
}

process.once("message", (task: SessionsTask) => {
  void run(task).then((answer) => process.send?.(answer, () => process.exit(0)));
});
