import { LoadMeter, type MeteredWork } from "../../runtime/balancing/load-meter.ts";
import { reportEveryMs } from "../../runtime/balancing/report-load.ts";
import type { Contender, ContenderInit } from "./balancing-contenders.ts";
import { drawing } from "../../runtime/simulation/drawing.ts";
import { Timeline } from "./balancing-events.ts";

/** Of six servers each; there are twice as many. */
const speeds = [1, 1, 1, 0.5, 0.5, 0.25];
const slots = 4;
const balancers = 4;
/** Milliseconds that the work of a call takes at speed 1: lognormal, of this mean and this deviation of the logarithm. */
const meanMs = 20;
const sigma = 1;
/** One way. */
const networkMs = 1;
/** A server is so many times slower for so long, after so long on the average. */
const slowdown = { factor: 4, forMs: 2_000, everyMs: 20_000 };

export interface CallsInit {
  readonly make: (init: ContenderInit) => Contender;
  /** Of the work that all servers could do. */
  readonly load: number;
  readonly seed: number;
  readonly slowdowns: boolean;
  /** What is measured, in milliseconds of simulated time, after as much as a quarter more. */
  readonly forMs: number;
}

interface Waiting {
  readonly workMs: number;
  readonly metered: MeteredWork;
  readonly done: () => void;
}

/** A queue, and so many that work on it. */
class Server {
  readonly meter: LoadMeter;
  slow = false;
  readonly #timeline: Timeline;
  readonly #speed: number;
  readonly #queue: Waiting[] = [];
  #working = 0;

  constructor(timeline: Timeline, speed: number) {
    this.#timeline = timeline;
    this.#speed = speed;
    this.meter = new LoadMeter(timeline, slots);
  }

  take(workMs: number, done: () => void): void {
    const call = { workMs, metered: this.meter.arrived(), done };
    if (this.#working < slots) this.#work(call);
    else this.#queue.push(call);
  }

  #work({ workMs, metered, done }: Waiting): void {
    this.#working += 1;
    metered.started();
    const takesMs = (workMs / this.#speed) * (this.slow ? slowdown.factor : 1);
    this.#timeline.after(takesMs, () => {
      this.#working -= 1;
      metered.ended();
      const next = this.#queue.shift();
      if (next !== undefined) this.#work(next);
      done();
    });
  }
}

/** @returns the latencies of all calls that were made in the time, in milliseconds, in rising order */
export function calls({ make, load, seed, slowdowns, forMs }: CallsInit): Float64Array {
  const timeline = new Timeline();
  // The same calls and slowdowns for each contender; what it draws itself is drawn elsewhere.
  const random = drawing(seed);
  const servers = [...speeds, ...speeds].map((speed) => new Server(timeline, speed));
  const views = Array.from({ length: balancers }, (_, index) =>
    make({ servers: servers.length, clock: timeline, random: drawing(seed * 1_000 + index + 1) }),
  );
  const capacity = (2 * speeds.reduce((sum, speed) => sum + speed, 0) * slots) / meanMs;
  const exponential = (mean: number): number => -mean * Math.log(1 - random.next());
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  const warmUpMs = forMs / 4;
  const endMs = warmUpMs + forMs;

  if (slowdowns) {
    for (const server of servers) {
      for (let atMs = exponential(slowdown.everyMs); atMs < endMs;) {
        timeline.after(atMs, () => void (server.slow = true));
        timeline.after(atMs + slowdown.forMs, () => void (server.slow = false));
        atMs += slowdown.forMs + exponential(slowdown.everyMs);
      }
    }
  }
  for (const [index, server] of servers.entries()) {
    const push = (): void => {
      const report = server.meter.report();
      timeline.after(networkMs, () => {
        for (const view of views) view.reported?.(index, report);
      });
      timeline.after(reportEveryMs, push);
    };
    timeline.after((reportEveryMs * index) / servers.length, push);
  }

  const latencies: number[] = [];
  let out = 0;
  const arrive = (): void => {
    const bornMs = timeline.wallMs();
    if (bornMs >= endMs) return;
    out += 1;
    timeline.after(exponential(1 / (capacity * load)), arrive);
    const view = views[Math.floor(random.next() * balancers)] as Contender;
    const workMs = meanMs * Math.exp(sigma * normal() - (sigma * sigma) / 2);
    const { server, answered } = view.send();
    const found = servers[server] as Server;
    timeline.after(networkMs, () =>
      found.take(workMs, () => {
        const report = found.meter.report();
        timeline.after(networkMs, () => {
          answered(report);
          out -= 1;
          if (bornMs >= warmUpMs) latencies.push(timeline.wallMs() - bornMs);
        });
      }),
    );
  };
  arrive();
  // Those that are out at the end are waited for, or the slowest would not count.
  timeline.run(() => timeline.wallMs() < endMs || out > 0);
  return Float64Array.from(latencies).toSorted();
}

/** @param share from 0 to 1 */
export function quantile(rising: Float64Array, share: number): number {
  return rising[Math.min(rising.length - 1, Math.floor(rising.length * share))] ?? Number.NaN;
}
