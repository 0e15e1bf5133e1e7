import type { Random } from "../interface/random.ts";
import type { MeshPlatform } from "../mesh/platform.ts";
import { servePeer } from "../mesh/serving.ts";
import * as calls from "../remote/calls.ts";
import { directSignaling } from "../signaling/direct.ts";
import { webrtcTransport } from "../transports/webrtc/transport.ts";
import { drawing } from "./drawing.ts";
import { Rtc } from "./engine.ts";
import { EventLoop } from "./loop.ts";
import { Machine, Process } from "./machine.ts";
import { Network, type Pace } from "./network.ts";
import { Sockets } from "./sockets.ts";

const usualLatenessUs = 1_500;

export interface WorldOptions {
  /** Waited for before time goes on; see `EventLoop`. */
  readonly calm?: () => Promise<void>;
  /** How fast the ways are; drawn by default. */
  readonly paceOf?: (random: Random) => Pace;
  /** How late timers are at most as a rule, in microseconds. */
  readonly lateUs?: number;
  /** The share of connections on which what is sent within a moment comes in one packet, for all channels; none by default. */
  readonly packed?: number;
}

/** Machines, what is between them, and the time that they all live in. */
export class World {
  readonly loop: EventLoop;
  readonly machines = new Map<string, Machine>();
  readonly network: Network;
  readonly sockets: Sockets;
  readonly rtc: Rtc;
  readonly #seed: number;
  readonly #lateUs: number;
  #processes = 0;

  constructor(seed: number, { calm, paceOf, lateUs = usualLatenessUs, packed = 0 }: WorldOptions = {}) {
    this.#seed = seed;
    this.#lateUs = lateUs;
    this.loop = new EventLoop(calm);
    this.network = new Network(this.loop, drawing(seed * 2 + 1), paceOf);
    this.sockets = new Sockets(this.network, this.machines);
    this.rtc = new Rtc(this.network, packed);
  }

  get nowMs(): number {
    return this.loop.nowUs / 1_000;
  }

  addMachine(name: string): Machine {
    const machine = new Machine(name, this.network.random);
    this.machines.set(name, machine);
    return machine;
  }

  machine(name: string): Machine {
    const found = this.machines.get(name);
    if (found === undefined) throw new Error(`there is no machine ${name}`);
    return found;
  }

  /** A program begins on a machine; it has the numbers of its seed, of no other process. */
  start(machine: Machine): Process {
    this.#processes += 1;
    const process = new Process(
      this.loop,
      machine,
      drawing(this.#seed * 1_000 + this.#processes),
      this.#processes,
      this.#lateUs,
    );
    machine.isOff = false;
    machine.process = process;
    return process;
  }

  /** @param off the machine with it */
  kill(process: Process, off: boolean): void {
    process.kill();
    process.machine.isOff = off;
    this.sockets.died(process, off);
    this.rtc.died(process, off || this.network.random.next() < 0.5);
  }

  /** What a mesh needs, with everything real but what is at the edge. */
  platform(process: Process): MeshPlatform {
    const { clock, random } = process;
    const connect = this.sockets.connect(process);
    const signaling = directSignaling({ clock, connect, listen: this.sockets.listen(process) });
    return {
      clock,
      random,
      log: () => undefined,
      env: () => undefined,
      transports: [webrtcTransport({ clock, engine: this.rtc.engine(process), signaling })],
      calls: async () => calls,
      serve: servePeer,
      signal: connect,
    };
  }

  /** Time passes by the world's own clock, whatever those of its machines show. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.loop.after(ms * 1_000, resolve));
  }

  /** @returns false when it does not hold within the time; looked at every 50 ms */
  async holds(what: () => boolean, withinMs: number): Promise<boolean> {
    for (const untilMs = this.nowMs + withinMs; ;) {
      if (what()) return true;
      if (this.nowMs >= untilMs) return false;
      await this.wait(50);
    }
  }
}
