import type { Frame } from "../../interface/frame.ts";
import type { SplitPlan } from "../../interface/plan.ts";
import { AllRoom, AnyRoom } from "../gate.ts";
import type { Outlet, Room } from "../outlet.ts";
import type { Spread } from "../spread.ts";
import { loadOf, type BranchLoad, type LoadProbe } from "./load.ts";
import type { BranchPolicy } from "./policy.ts";
import { branchPolicy } from "./policy-of.ts";
import type { SplitTally } from "./split-memory.ts";

type AnyPlan = Extract<SplitPlan, { kind: "any" }>;

/** `any` of a session: sends each frame, or the whole session, by one of the branches. Ports that merge share it. */
export class AnySplit {
  readonly #plan: AnyPlan;
  readonly #tally: SplitTally;
  readonly #policy: BranchPolicy;
  /** Choices made so far, where each frame is distributed. */
  #turn = 0;
  #chosen: number | undefined;
  #leave: (() => void) | undefined;

  constructor(plan: AnyPlan, tally: SplitTally) {
    this.#plan = plan;
    this.#tally = tally;
    this.#policy = branchPolicy(plan.policy, plan.field ?? []);
  }

  /** The branches of one port as one way. */
  spread(branches: ReadonlyMap<number, Spread>): Spread {
    const all = Array.from({ length: this.#plan.branches }, (_, index): Spread => {
      return branches.get(index) ?? { outlet: undefined, rooms: [], probes: [] };
    });
    const bySession = this.#plan.each === "session";
    const rooms = all.map((one) => new AllRoom(one.rooms));
    // By its hash a frame has one way only, whatever room there is; so all of them must have some.
    const room = bySession
      ? new ChosenRoom(rooms, () => this.#chosen)
      : this.#plan.policy === "hash"
        ? new AllRoom(rooms)
        : new AnyRoom(rooms);
    const pick = bySession
      ? (frame: Frame) => (this.#chosen ??= this.#chooseSession(all, frame))
      : (frame: Frame) => this.#choose(all, frame);
    return {
      outlet: new ChosenOutlet(all, pick),
      rooms: [room],
      probes: all.flatMap((one) => one.probes),
    };
  }

  /** The session is over. */
  close(): void {
    this.#leave?.();
    this.#leave = undefined;
  }

  #choose(all: readonly Spread[], frame: Frame): number {
    const loads = all.map((one): BranchLoad => loadOf(one.probes, one.rooms, 0));
    const turn = this.#turn;
    this.#turn = turn + 1;
    return this.#policy(loads, turn, frame.payload);
  }

  #chooseSession(all: readonly Spread[], frame: Frame): number {
    const tally = this.#tally;
    const loads = all.map((one, index): BranchLoad => {
      const { serviceMs } = loadOf(tally.probes(index), [], 0);
      return { ...loadOf(one.probes, one.rooms, tally.sessions(index)), serviceMs };
    });
    const turn = tally.turn;
    tally.turn = turn + 1;
    const chosen = this.#policy(loads, turn, frame.payload);
    const probes = all[chosen]?.probes ?? [];
    const probe: LoadProbe = {
      get waiting() {
        return loadOf(probes, [], 0).waiting;
      },
      get serviceMs() {
        return loadOf(probes, [], 0).serviceMs;
      },
    };
    this.#leave = tally.join(chosen, probe);
    return chosen;
  }
}

/** Sends each frame by one of several ways. */
export class ChosenOutlet implements Outlet {
  /** Frames for which there was no way. */
  dropped = 0;
  readonly #ways: readonly Spread[];
  readonly #pick: (frame: Frame) => number;

  constructor(ways: readonly Spread[], pick: (frame: Frame) => number) {
    this.#ways = ways;
    this.#pick = pick;
  }

  offer(frame: Frame): void {
    const outlet = this.#ways[this.#pick(frame)]?.outlet;
    if (outlet === undefined) this.dropped += 1;
    else outlet.offer(frame);
  }

  end(): void {
    for (const { outlet } of this.#ways) outlet?.end();
  }
}

/** The room of the branch that was chosen; until then, of any. */
class ChosenRoom implements Room {
  readonly #rooms: readonly Room[];
  readonly #chosen: () => number | undefined;
  readonly #any: AnyRoom;

  constructor(rooms: readonly Room[], chosen: () => number | undefined) {
    this.#rooms = rooms;
    this.#chosen = chosen;
    this.#any = new AnyRoom(rooms);
  }

  get writable(): boolean {
    const chosen = this.#chosen();
    return chosen === undefined ? this.#any.writable : (this.#rooms[chosen]?.writable ?? true);
  }

  onRoom(listener: () => void): void {
    this.#any.onRoom(listener);
  }
}
