import type { Life } from "./life.ts";
import type { Fault } from "./scenario.ts";

/** Lets a fault happen; resolves when it is over, and what can come back has. */
export async function inject(life: Life, fault: Fault): Promise<void> {
  const { world } = life;
  const { network } = world;
  switch (fault.kind) {
    case "cut": {
      const [from, to] = [world.machine(fault.from), world.machine(fault.to)];
      network.block(from, to);
      if (fault.both) network.block(to, from);
      await world.wait(fault.forMs);
      network.unblock(from, to);
      if (fault.both) network.unblock(to, from);
      return;
    }
    case "slow": {
      const ways = [
        network.way(world.machine(fault.from), world.machine(fault.to)),
        network.way(world.machine(fault.to), world.machine(fault.from)),
      ];
      for (const way of ways) way.extraUs += fault.byMs * 500;
      await world.wait(fault.forMs);
      for (const way of ways) way.extraUs -= fault.byMs * 500;
      return;
    }
    case "break": {
      const [from, to] = [world.machine(fault.from), world.machine(fault.to)];
      world.rtc.break(from, to, fault.told);
      world.sockets.break(from, to, fault.told > 0);
      return;
    }
    case "mute": {
      const [from, to] = [world.machine(fault.from), world.machine(fault.to)];
      world.rtc.mute(from, to);
      world.sockets.mute(from, to);
      return;
    }
    case "crash": {
      const { process } = world.machine(fault.machine);
      if (process === undefined) return;
      life.kill(process, fault.off);
      await world.wait(fault.forMs);
      await begin(life, fault.machine);
      return;
    }
    case "leave": {
      if (world.machine(fault.machine).process === undefined) return;
      await life.leave(fault.machine);
      await world.wait(fault.forMs);
      await begin(life, fault.machine);
      return;
    }
    case "pause": {
      const { process } = world.machine(fault.machine);
      if (process === undefined) return;
      process.hold();
      await world.wait(fault.forMs);
      process.release();
      return;
    }
    case "jump": {
      const machine = world.machine(fault.machine);
      machine.monotonicUs += fault.byMs * 1_000;
      machine.wallMs += fault.byMs;
      life.jumped(fault.machine, fault.byMs);
      return;
    }
    case "wall":
      world.machine(fault.machine).wallMs += fault.byMs;
  }
}

/** The program of a machine, which has come up again. */
async function begin(life: Life, name: string): Promise<void> {
  if (life.world.machine(name).process !== undefined) return;
  if (name.startsWith("s")) await life.startService(name);
  else if (name.startsWith("w")) life.startWorker(name);
  else life.startClient(name);
}
