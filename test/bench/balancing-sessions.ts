import { Balancer } from "../../runtime/balancing/balancer.ts";
import { LoadMeter } from "../../runtime/balancing/load-meter.ts";
import { place } from "../../runtime/balancing/place.ts";
import { reportEveryMs } from "../../runtime/balancing/report-load.ts";
import { delay } from "../../runtime/interface/clock.ts";
import { MeshError } from "../../runtime/interface/errors.ts";
import type { Random } from "../../runtime/interface/random.ts";
import { drawing } from "../../runtime/simulation/drawing.ts";
import { Timeline } from "./balancing-events.ts";

/** Slots of each kind of server; there are four of each. */
const sizes = [2, 4, 6, 8, 12, 16];
const ofEach = 4;
const balancers = 4;
/** Milliseconds: of a session, exponential with this mean; until a session is there; until a report is there. */
const sessionMs = 60_000;
const connectMs = 200;
const networkMs = 20;
const load = 0.85;

export interface PlacedSessions {
  readonly sessions: number;
  /** Shares, 0 to 1: of those that began at a server that had no free slot; of those that nobody took. */
  readonly over: number;
  readonly refused: number;
}

interface SessionServer {
  readonly slots: number;
  readonly meter: LoadMeter;
  active: number;
}

/** Finds a server for a session and has it begin there. @throws when nobody takes it */
type Place = (begin: (server: number, onEnd?: () => void) => void) => Promise<unknown>;

interface PlaceInit {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly servers: readonly SessionServer[];
}

type MakePlace = (init: PlaceInit) => { readonly place: Place; readonly report: () => void };

/** The module as it ships, with servers that refuse when they are full. */
export const oursWithRefusal: MakePlace = ({ timeline, random, servers }) => {
  const init = { policy: "least_loaded", overflow: "refuse", clock: timeline, random } as const;
  const balancer = new Balancer({ ...init, arrivalMs: connectMs + networkMs });
  const full = new MeshError("resource-exhausted", "There is no free slot.");
  return {
    place: (begin) =>
      place(balancer, {}, async (id) => {
        await delay(timeline, connectMs);
        const { active, slots } = servers[Number(id)] as SessionServer;
        if (active >= slots) throw full;
        begin(Number(id));
      }),
    report() {
      const reports = servers.map(({ meter }) => meter.report());
      timeline.after(networkMs, () => {
        for (const [index, one] of reports.entries()) balancer.report(String(index), one);
      });
    },
  };
};

/** Power of two choices by the sessions that this balancer has at a server (Envoy's least request), or in turn. */
export function withoutReports(policy: "envoy" | "round_robin"): MakePlace {
  return ({ timeline, random, servers }) => {
    const own = servers.map(() => 0);
    let turn = 0;
    const draw = (): number => Math.floor(random.next() * servers.length);
    return {
      async place(begin) {
        const [one, other] = [draw(), draw()];
        turn += 1;
        const server =
          policy === "round_robin" ? turn % servers.length : (own[other] ?? 0) < (own[one] ?? 0) ? other : one;
        own[server] = (own[server] ?? 0) + 1;
        await delay(timeline, connectMs);
        begin(server, () => void (own[server] = (own[server] ?? 0) - 1));
      },
      report: () => undefined,
    };
  };
}

/** @param forMs simulated milliseconds of arrivals that count, after three times the length of a session */
export async function sessions(make: MakePlace, seed: number, forMs: number): Promise<PlacedSessions> {
  const timeline = new Timeline();
  const random = drawing(seed);
  const servers = sizes.flatMap((slots) =>
    Array.from({ length: ofEach }, (): SessionServer => ({ slots, meter: new LoadMeter(timeline, slots), active: 0 })),
  );
  const slots = servers.reduce((sum, server) => sum + server.slots, 0);
  const exponential = (mean: number): number => -mean * Math.log(1 - random.next());
  const views = Array.from({ length: balancers }, (_, index) =>
    make({ timeline, random: drawing(seed * 1_000 + index + 1), servers }),
  );
  const warmUpMs = 3 * sessionMs;
  const endMs = warmUpMs + forMs;
  const counts = { sessions: 0, over: 0, refused: 0 };

  const report = (): void => {
    for (const view of views) view.report();
    timeline.after(reportEveryMs, report);
  };
  report();

  const arrive = (): void => {
    timeline.after(exponential(sessionMs / (slots * load)), arrive);
    const counted = timeline.wallMs() >= warmUpMs;
    const lastsMs = exponential(sessionMs);
    const view = views[Math.floor(random.next() * balancers)];
    if (counted) counts.sessions += 1;
    const begin = (index: number, onEnd?: () => void): void => {
      const server = servers[index] as SessionServer;
      if (counted && server.active >= server.slots) counts.over += 1;
      server.active += 1;
      const work = server.meter.arrived();
      timeline.after(lastsMs, () => {
        server.active -= 1;
        work.ended();
        onEnd?.();
      });
    };
    view?.place(begin).catch(() => {
      if (counted) counts.refused += 1;
    });
  };
  arrive();
  await timeline.runAsync(() => timeline.wallMs() < endMs);
  return { ...counts, over: counts.over / counts.sessions, refused: counts.refused / counts.sessions };
}
