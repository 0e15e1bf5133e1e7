import type { Process } from "../../../runtime/simulation/machine.ts";
import type { World } from "../../../runtime/simulation/world.ts";
import type { Step } from "./scenario.ts";

/** Does to the mesh what a step says. @param hosts the machines of the peers, by their keys */
export function inflict(
  world: World,
  what: Step["what"],
  processes: ReadonlyMap<string, Process>,
  hosts: ReadonlyMap<string, string>,
): void {
  const process = "peer" in what ? processes.get(what.peer) : undefined;
  const [a, b] = "peers" in what ? what.peers.map((key) => world.machine(hosts.get(key) ?? key)) : [];
  const ways =
    a === undefined || b === undefined
      ? []
      : ([
          [a, b],
          [b, a],
        ] as const);
  switch (what.kind) {
    case "kill":
      if (process?.isDead === false) world.kill(process, false);
      break;
    case "pause":
      if (process?.isHeld === false) process.hold();
      break;
    case "resume":
      if (process?.isHeld === true) process.release();
      break;
    case "cut":
      for (const [from, to] of ways) if (world.network.isOpen(from, to)) world.network.block(from, to);
      break;
    case "heal":
      for (const [from, to] of ways) if (!world.network.isOpen(from, to)) world.network.unblock(from, to);
      break;
    case "delay":
      for (const [from, to] of ways) world.network.way(from, to).extraUs = what.byMs * 1000;
      break;
    case "lose":
      for (const [from, to] of ways) {
        world.network.way(from, to).loss = what.share < 1 ? what.share : 0;
        // A path that loses everything is none.
        if (what.share >= 1 && world.network.isOpen(from, to)) world.network.block(from, to);
      }
      break;
    default:
      what satisfies never;
  }
}
