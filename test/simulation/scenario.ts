import type { PolicyPlan } from "../../runtime/interface/plan.ts";
import { drawing } from "../../runtime/simulation/drawing.ts";

/** Where the remote of a client finds its pipeline. */
export type TargetSpec =
  | { readonly kind: "worker"; readonly worker: string }
  | { readonly kind: "service"; readonly prefer: "round_robin" | "fastest" | "least_loaded" | "adaptive" }
  | { readonly kind: "local" };

export interface WorkerSpec {
  readonly name: string;
  /** It always has the same id at the services; otherwise they choose one for each start. */
  readonly fixedId: boolean;
  /** It listens itself; otherwise it is only reached through the services. */
  readonly listens: boolean;
  /** Milliseconds that it takes for a frame; 0: none, in line. */
  readonly slowMs: number;
  /** Milliseconds from its start until its pipelines can be opened: what they stand on has to be loaded first. */
  readonly loadMs: number;
}

export interface ClientSpec {
  readonly name: string;
  /** Streams that it keeps up, one session each. */
  readonly streams: number;
  readonly targets: readonly TargetSpec[];
  readonly policy: Partial<PolicyPlan>;
  /** Milliseconds between two frames. */
  readonly everyMs: readonly [number, number];
  /** Frames that it sends at once now and then; 0 for none. */
  readonly burst: number;
  /** The share of its frames that are the first of such a burst. */
  readonly burstShare: number;
  /** Its consumers stop reading now and then, for so many milliseconds at most. */
  readonly pausesMs: number;
}

/** What a remote tells of itself. `back`: it has gone back to an earlier target. */
export type RemoteMoment = "connecting" | "connected" | "failed" | "back";

/** What goes wrong, and when, in milliseconds from the beginning. Names are those of machines. */
export type Fault = {
  readonly atMs: number;
  /** So long after the next time that a remote tells this, as what is half done then is what breaks; where none does, it happens all the same. */
  readonly after?: { readonly moment: RemoteMoment; readonly ms: number };
} & (
  | { readonly kind: "cut"; readonly from: string; readonly to: string; readonly both: boolean; readonly forMs: number }
  | { readonly kind: "slow"; readonly from: string; readonly to: string; readonly byMs: number; readonly forMs: number }
  | { readonly kind: "break"; readonly from: string; readonly to: string; readonly told: 0 | 1 | 2 }
  | { readonly kind: "mute"; readonly from: string; readonly to: string }
  | { readonly kind: "crash"; readonly machine: string; readonly off: boolean; readonly forMs: number }
  | { readonly kind: "leave"; readonly machine: string; readonly forMs: number }
  | { readonly kind: "pause"; readonly machine: string; readonly forMs: number }
  | { readonly kind: "jump"; readonly machine: string; readonly byMs: number }
  | { readonly kind: "wall"; readonly machine: string; readonly byMs: number }
);

/** One life, drawn from a seed. Faults can be left out of it, and the rest stays as it is. */
export interface Scenario {
  readonly seed: number;
  readonly services: readonly string[];
  readonly workers: readonly WorkerSpec[];
  readonly clients: readonly ClientSpec[];
  /** Frames that wait at most in a queue of a pipeline. */
  readonly queueFrames: number;
  /** Somebody watches what is registered. */
  readonly watcher: boolean;
  /** Somebody registers ids that are others'. */
  readonly thief: boolean;
  /** In the end it is asked again and again who is chosen, which takes as long as all before. */
  readonly choices: boolean;
  readonly faults: readonly Fault[];
}

interface Draw {
  next(): number;
  /** A whole number, `most` excluded. */
  between(least: number, most: number): number;
  chance(share: number): boolean;
  of<T>(all: readonly T[]): T;
}

function drawOf(seed: number): Draw {
  const { next } = drawing(seed);
  const between = (least: number, most: number): number => least + Math.floor(next() * (most - least));
  return { next, between, chance: (share) => next() < share, of: (all) => all[between(0, all.length)] as never };
}

/**
 * What a life has of everything, at most one less than each number. Most mistakes show with few machines and in little time, and so most
 * lives are small: there are several of them in the time of a large one.
 */
interface Size {
  /** Shares of the lives in which there is a second one of each, or who watches, or who steals. */
  readonly secondService: number;
  readonly secondClient: number;
  readonly watcher: number;
  readonly thief: number;
  readonly workers: number;
  readonly streams: number;
  readonly faults: number;
  /** Clients go back to their first target, which is the first to fail; most of what follows happens when they do. */
  readonly returns?: true;
  /** Until when faults begin, in milliseconds; and how long one lasts, as a multiple of the shortest. */
  readonly lastMs: number;
  readonly span: number;
}

const none = { secondService: 0, secondClient: 0, watcher: 0, thief: 0 };
const few = { workers: 3, streams: 2, faults: 4, lastMs: 1_300, span: 70 };

/** The share of each kind among all lives; of `calls` there is no service, of `registry` no client. */
const kinds = {
  calls: { share: 0.38, size: { ...few, ...none, secondClient: 0.05 } },
  returns: { share: 0.14, size: { ...few, ...none, workers: 4, returns: true } },
  registry: { share: 0.1, size: { ...few, ...none, secondService: 0.1, watcher: 0.4, thief: 0.5, workers: 4 } },
  both: { share: 0.31, size: { ...few, secondService: 0.05, secondClient: 0.05, watcher: 0.2, thief: 0.05 } },
  large: {
    share: 0.07,
    size: {
      secondService: 0.4,
      secondClient: 0.5,
      watcher: 0.5,
      thief: 0.5,
      workers: 4,
      streams: 3,
      faults: 6,
      lastMs: 3_500,
      span: 200,
    },
  },
} satisfies Readonly<Record<string, { readonly share: number; readonly size: Size }>>;

type Kind = keyof typeof kinds;

function kindOf(draw: Draw): Kind {
  let left = draw.next();
  for (const [kind, { share }] of Object.entries(kinds)) {
    if (left < share) return kind as Kind;
    left -= share;
  }
  return "both";
}

export function scenarioOf(seed: number): Scenario {
  const draw = drawOf(seed);
  const kind = kindOf(draw);
  const size: Size = kinds[kind].size;
  const upTo = (second: number): number => (draw.chance(second) ? 2 : 1);
  const services = Array.from(
    { length: kind === "calls" || kind === "returns" ? 0 : upTo(size.secondService) },
    (_, index) => `s${index + 1}`,
  );
  const workers = Array.from(
    { length: draw.between(size.returns === true ? 2 : 1, size.workers) },
    (_, index): WorkerSpec => ({
      name: `w${index + 1}`,
      fixedId: draw.chance(0.4),
      listens: kind === "calls" || kind === "returns" || draw.chance(0.75),
      slowMs: draw.chance(size.returns === true ? 0.1 : 0.3) ? draw.between(2, 20) : 0,
      loadMs: draw.chance(0.25) ? draw.between(50, 1_500) : 0,
    }),
  );
  const clients = Array.from({ length: kind === "registry" ? 0 : upTo(size.secondClient) }, (_, index) =>
    clientOf(draw, `c${index + 1}`, { services, workers, size }),
  );
  const machines = { services, workers: workers.map(({ name }) => name), clients: clients.map(({ name }) => name) };
  return {
    seed,
    services,
    workers,
    clients,
    queueFrames: draw.of([1, 4, 64]),
    watcher: draw.chance(size.watcher),
    thief: draw.chance(size.thief),
    choices: draw.chance(0.2),
    faults: faultsOf(draw, machines, size, clients),
  };
}

/** Milliseconds between two frames: what is eager is held up by whoever is slower, and so there is something on every way. */
const everyMs = { calm: [100, 400], fast: [30, 90], eager: [2, 12] } as const;
const busy = ["fast", "eager"] as const;
const paces = ["calm", "calm", ...busy] as const;

interface Callable {
  readonly services: readonly string[];
  readonly workers: readonly WorkerSpec[];
  readonly size: Size;
}

function clientOf(draw: Draw, name: string, { services, workers, size }: Callable): ClientSpec {
  const listening = workers.filter(({ listens }) => listens);
  const storm = size.returns !== true && draw.chance(0.06);
  const targets: TargetSpec[] = size.returns === true ? inTurn(draw, listening) : [];
  for (let count = targets.length > 0 ? 0 : draw.between(1, 4); count > 0; count -= 1) {
    const kind = draw.next();
    const isDirect = listening.length > 0 && (kind < 0.45 || services.length === 0);
    if (isDirect) targets.push({ kind: "worker", worker: draw.of(listening).name });
    else targets.push({ kind: "service", prefer: draw.of(["round_robin", "fastest", "least_loaded", "adaptive"]) });
  }
  if (draw.chance(0.2)) targets.push({ kind: "local" });
  return {
    name,
    streams: storm ? draw.between(5, 8) : draw.between(1, size.streams),
    targets: storm ? targets.slice(0, 1) : targets,
    policy: {
      retryTimes: storm ? 15 : draw.between(0, 4),
      backoffMinMs: storm ? 5 : 100,
      backoffMaxMs: storm ? 40 : draw.of([300, 2_000, 10_000]),
      standby: draw.chance(0.6),
      ...(draw.chance(0.15) && { resumeMs: draw.of([0, 1_000, 3_000]) }),
      ...((size.returns === true || draw.chance(0.35)) && { failbackAfterMs: draw.between(0, draw.of([100, 1_500])) }),
      ...(draw.chance(0.3) && {
        breaker: { failures: draw.between(1, 4), windowMs: 10_000, openMs: draw.between(200, 3_000) },
      }),
    },
    everyMs: storm ? everyMs.calm : everyMs[draw.of(size.returns === true ? busy : paces)],
    burst: draw.chance(0.3) ? draw.between(3, 60) : 0,
    burstShare: draw.of([0.02, 0.2]),
    pausesMs: draw.chance(0.3) ? draw.between(20, 400) : 0,
  };
}

/** Each once, from any of them on. */
function inTurn(draw: Draw, workers: readonly WorkerSpec[]): TargetSpec[] {
  const start = draw.between(0, workers.length);
  return [...workers.slice(start), ...workers.slice(0, start)].map(({ name: worker }) => ({ kind: "worker", worker }));
}

/** From when on faults begin, in milliseconds, and how long one lasts at least. */
const firstMs = 300;
const leastMs = 30;

/** The share of faults that follow what a remote does; how soon at least, and how late, as a multiple of that. */
const afterShare = 0.3;
const afterLeastMs = 0.1;
const afterSpan = 3_000;

interface Machines {
  readonly services: readonly string[];
  readonly workers: readonly string[];
  readonly clients: readonly string[];
}

/** What the remotes of a life can tell. */
function momentsOf(clients: readonly ClientSpec[]): readonly RemoteMoment[] {
  if (clients.length === 0) return [];
  const goesBack = clients.some(({ targets, policy }) => policy.failbackAfterMs !== undefined && targets.length > 1);
  return ["connecting", "connected", "failed", ...(goesBack ? (["back"] as const) : [])];
}

function faultsOf(draw: Draw, machines: Machines, size: Size, clients: readonly ClientSpec[]): Fault[] {
  const { faults: most, lastMs, span, returns } = size;
  const count = draw.chance(0.03) ? 0 : draw.between(1, most);
  const moments = momentsOf(clients);
  const faults = Array.from({ length: count }, (): Fault => {
    const fault = faultOf(draw, draw.between(firstMs, lastMs), machines, span);
    if (moments.length === 0 || !draw.chance(afterShare)) return fault;
    return { ...fault, after: { moment: draw.of(moments), ms: afterLeastMs * afterSpan ** draw.next() } };
  });
  const [first] = clients[0]?.targets ?? [];
  if (returns === true && first?.kind === "worker") faults.push(...goingAndBack(draw, first.worker, machines));
  return faults.toSorted((a, b) => a.atMs - b.atMs);
}

/** The first target is gone for long enough for another to take its place; and when it is gone back to, that other one goes. */
function goingAndBack(draw: Draw, first: string, { workers }: Machines): Fault[] {
  const crash = { kind: "crash", off: draw.chance(0.4) } as const;
  const [atMs, forMs] = [draw.between(600, 1_000), draw.between(800, 1_800)];
  const after = { moment: "back", ms: afterLeastMs * afterSpan ** draw.next() } as const;
  return [
    { ...crash, atMs, machine: first, forMs },
    {
      ...crash,
      atMs: atMs + 1,
      machine: draw.of(workers.filter((one) => one !== first)),
      forMs: draw.between(leastMs, 1_000),
      after,
    },
  ];
}

function faultOf(draw: Draw, atMs: number, { services, workers, clients }: Machines, span: number): Fault {
  // Most of what matters is between a client and its workers.
  const sides: readonly (readonly [readonly string[], readonly string[]])[] = [
    [clients, workers],
    [clients, workers],
    [workers, services],
    [clients, services],
  ];
  const [ones, others] = draw.of(sides.filter((pair) => pair.every(({ length }) => length > 0)));
  const [one, other] = [draw.of(ones), draw.of(others)];
  const [from, to] = draw.chance(0.5) ? [one, other] : [other, one];
  const machine = draw.of([...workers, ...workers, ...services, ...clients.slice(0, 1)]);
  // Short ones are as likely as long ones: limits are at all scales.
  const forMs = Math.floor(leastMs * span ** draw.next());
  const kind = draw.next();
  if (kind < 0.2) return { atMs, kind: "cut", from, to, both: draw.chance(0.5), forMs };
  if (kind < 0.28) return { atMs, kind: "slow", from, to, byMs: draw.between(20, 1_500), forMs };
  if (kind < 0.45) return { atMs, kind: "break", from, to, told: draw.of([0, 1, 2]) };
  if (kind < 0.53) return { atMs, kind: "mute", from, to };
  if (kind < 0.73) return { atMs, kind: "crash", machine, off: draw.chance(0.4), forMs };
  if (kind < 0.8) return { atMs, kind: "leave", machine: draw.of(workers), forMs };
  if (kind < 0.92) return { atMs, kind: "pause", machine, forMs };
  if (kind < 0.97) return { atMs, kind: "jump", machine, byMs: draw.between(10, 20_000) };
  return { atMs, kind: "wall", machine, byMs: draw.between(-100_000, 100_000) };
}
