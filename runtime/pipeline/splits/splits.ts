import type { Clock } from "../../interface/clock.ts";
import { MeshError } from "../../interface/errors.ts";
import type { JsonValue } from "../../interface/frame.ts";
import type { BranchPlan, PipelinePlan, PlanValue, SplitPlan } from "../../interface/plan.ts";
import { AllRoom } from "../gate.ts";
import type { Outlet } from "../outlet.ts";
import type { Choice, Spread } from "../spread.ts";
import { AnySplit, ChosenOutlet } from "./any-split.ts";
import { FirstSplit } from "./first-split.ts";
import { routeBy, type RouteCase } from "./route.ts";
import type { SplitMemory } from "./split-memory.ts";

export interface SplitsInit {
  readonly pipeline: PipelinePlan;
  readonly memory: SplitMemory;
  readonly clock: Clock;
  /** Values of cases, known when a session opens. */
  readonly resolve: (value: PlanValue) => JsonValue;
  readonly onFailure: (error: unknown) => void;
}

type Split =
  | { readonly kind: "any"; readonly any: AnySplit }
  | { readonly kind: "first"; readonly first: FirstSplit; readonly nodes: ReadonlySet<string> }
  | { readonly kind: "route"; readonly spread: (branches: ReadonlyMap<number, Spread>) => Spread };

/** The splits of one session. */
export class Splits {
  readonly #init: SplitsInit;
  readonly #splits = new Map<string, Split>();
  readonly #routes: ChosenOutlet[] = [];

  constructor(init: SplitsInit) {
    this.#init = init;
    for (const plan of init.pipeline.splits ?? []) this.#splits.set(plan.id, this.#make(plan));
  }

  readonly choice: Choice = (id, branches) => {
    const split = this.#get(id);
    switch (split.kind) {
      case "any":
        return split.any.spread(branches);
      case "first":
        return split.first.spread(branches);
      case "route":
        return split.spread(branches);
      default:
        return split satisfies never;
    }
  };

  /** A way by which only those answers go on with which branches have won; the innermost comes first. */
  won(branches: readonly BranchPlan[], outlet: Outlet): Outlet {
    return branches.toReversed().reduce((inner, { split, branch }) => {
      const found = this.#get(split);
      return found.kind === "first" ? found.first.won(branch, inner) : inner;
    }, outlet);
  }

  /** Frames for which no case of a `route` held. */
  get dropped(): number {
    return this.#routes.reduce((sum, route) => sum + route.dropped, 0);
  }

  /** @param nodes those in which the epoch has ended */
  flush(nodes: ReadonlySet<string>, epoch: number): void {
    for (const split of this.#splits.values()) {
      if (split.kind === "first" && [...split.nodes].some((node) => nodes.has(node))) split.first.flush(epoch);
    }
  }

  close(error: MeshError): void {
    for (const split of this.#splits.values()) {
      if (split.kind === "any") split.any.close();
      else if (split.kind === "first") split.first.close(error);
    }
  }

  #get(id: string): Split {
    const found = this.#splits.get(id);
    if (found !== undefined) return found;
    const { name, location } = this.#init.pipeline;
    const message = `The plan of pipeline \`${name}\` has no split \`${id}\`, to which a link belongs.`;
    throw new MeshError("invalid-argument", message, { location, hint: "Build the `.mesh` file again." });
  }

  #make(plan: SplitPlan): Split {
    const { pipeline, memory, clock, resolve, onFailure } = this.#init;
    switch (plan.kind) {
      case "any":
        return { kind: "any", any: new AnySplit(plan, memory.tally(pipeline.name, plan.id, plan.branches)) };
      case "first": {
        const inside = pipeline.links.filter((link) => link.branch?.some((one) => one.split === plan.id));
        const nodes = new Set(inside.flatMap((link) => link.to.node ?? []));
        const hedging =
          plan.hedged === true ? memory.hedging(pipeline.name, plan.id, clock, plan.staggerMs) : undefined;
        return { kind: "first", first: new FirstSplit(plan, clock, onFailure, hedging), nodes };
      }
      case "route": {
        const cases = plan.cases.map((one): RouteCase => ("equals" in one ? { equals: resolve(one.equals) } : one));
        const route = routeBy(plan.field, cases);
        return {
          kind: "route",
          spread: (branches) => {
            const ways = plan.cases.map(
              (_, index) => branches.get(index) ?? { outlet: undefined, rooms: [], probes: [] },
            );
            const outlet = new ChosenOutlet(ways, (frame) => route(frame.payload));
            this.#routes.push(outlet);
            const room = new AllRoom(ways.flatMap((one) => one.rooms));
            return { outlet, rooms: [room], probes: ways.flatMap((one) => one.probes) };
          },
        };
      }
      default:
        return plan satisfies never;
    }
  }
}
