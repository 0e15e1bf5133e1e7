import type { BranchPlan } from "../interface/plan.ts";
import { Broadcast, type Outlet, type Room } from "./outlet.ts";
import type { LoadProbe } from "./splits/load.ts";

/** One of the ways out of a port. */
export interface Way {
  readonly outlet: Outlet;
  /** What must have room before a frame may take it. */
  readonly rooms: readonly Room[];
  readonly probe?: LoadProbe | undefined;
  /** The branches that it belongs to, the outermost split first. */
  readonly branch: readonly BranchPlan[];
}

/** Several ways as one. */
export interface Spread {
  /** Undefined where there is no way at all. */
  readonly outlet: Outlet | undefined;
  readonly rooms: readonly Room[];
  readonly probes: readonly LoadProbe[];
}

/** Makes one way of the branches of a split. */
export type Choice = (split: string, branches: ReadonlyMap<number, Spread>) => Spread;

/** Where the frames of a port go: by all ways that stand in no split, and by those that its splits choose. */
export function spread(ways: readonly Way[], choice: Choice): Spread {
  const [only] = ways;
  // Mostly it is one, whose rooms nodes in a row then share.
  if (only !== undefined && ways.length === 1 && only.branch.length === 0) {
    return { outlet: only.outlet, rooms: only.rooms, probes: only.probe === undefined ? [] : [only.probe] };
  }
  const plain = ways.filter(({ branch }) => branch.length === 0);
  const inside = ways.filter(({ branch }) => branch.length > 0);
  const chosen = [...grouped(inside, ({ split }) => split)].map(([split, members]) => {
    const branches = [...grouped(members, ({ branch }) => branch)].map(([index, one]): [number, Spread] => [
      index,
      spread(
        one.map((way) => ({ ...way, branch: way.branch.slice(1) })),
        choice,
      ),
    ]);
    return choice(split, new Map(branches));
  });
  const outlets = [...plain, ...chosen].flatMap(({ outlet }) => (outlet === undefined ? [] : [outlet]));
  return {
    outlet: outlets.length > 1 ? new Broadcast(outlets) : outlets[0],
    rooms: [...plain, ...chosen].flatMap(({ rooms }) => rooms),
    probes: [...plain.flatMap(({ probe }) => probe ?? []), ...chosen.flatMap(({ probes }) => probes)],
  };
}

/** By what the outermost branch of each says. */
function grouped<K>(ways: readonly Way[], keyOf: (branch: BranchPlan) => K): Map<K, Way[]> {
  const groups = new Map<K, Way[]>();
  for (const way of ways) {
    const [outermost] = way.branch;
    if (outermost === undefined) continue;
    const key = keyOf(outermost);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [way]);
    else group.push(way);
  }
  return groups;
}
