import { MeshError } from "../../runtime/interface/errors.ts";
import type { MeshEvent } from "../../runtime/interface/events.ts";
import type { Plan } from "../../runtime/interface/plan.ts";
import { serveService, type RunningService } from "../../runtime/signaling/service/serve.ts";
import { unwellOf } from "./choices.ts";
import { Client } from "./client.ts";
import { inject } from "./faults.ts";
import { EndlessLife } from "../../runtime/simulation/loop.ts";
import type { Process } from "../../runtime/simulation/machine.ts";
import { Moments } from "./moments.ts";
import { Observer } from "./observer.ts";
import { planOf, servicePort } from "./program.ts";
import type { Fault, Scenario } from "./scenario.ts";
import { Thief } from "./thief.ts";
import { Attempts } from "./truth/attempts.ts";
import { Registrations } from "./truth/registrations.ts";
import { Streams } from "./truth/streams.ts";
import { Worker } from "./worker.ts";
import { World } from "../../runtime/simulation/world.ts";

export interface Outcome {
  /** What does not hold that always has to; empty when all is well. */
  readonly broken: readonly string[];
  readonly events: number;
  /** Of virtual time. */
  readonly ms: number;
  readonly frames: number;
}

/** More says nothing new. */
const brokenAtMost = 12;

/**
 * From the last fault on: until each client has streams that give something again, in milliseconds. A worker that has lost its power gets
 * its id back when the lease has run out that it had before.
 */
const streamsBackMs = 60_000;
/** Until what is registered is what runs: a lease of those that are gone, and some attempts of those that were refused. */
const registeredMs = 60_000;
/** Until what closes is closed, and nobody is left of those whose callers have gone. */
const freeMs = 45_000;
/** Until what is closed has let go of everything: a process that has nothing else to do ends then. */
const lingersMs = 5_000;

/** Lets everything of a scenario happen, and holds it against what has to hold. Never rejects. */
export async function life(scenario: Scenario): Promise<Outcome> {
  const one = new Life(scenario);
  const { loop } = one.world;
  try {
    await loop.run(one.run());
  } catch (error) {
    const words = error instanceof EndlessLife ? "it does not end: " : "";
    one.breaks(`${words}${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  const frames = one.streams.all.reduce((sum, { got }) => sum + got.length, 0);
  return { broken: one.broken, events: loop.events, ms: one.world.nowMs, frames };
}

interface Service {
  readonly process: Process;
  readonly truth: Registrations;
  readonly running: RunningService;
}

export class Life {
  readonly world: World;
  readonly broken: string[] = [];
  readonly streams: Streams;
  readonly scenario: Scenario;
  readonly workers = new Map<string, Worker>();
  readonly clients = new Map<string, Client>();
  readonly services = new Map<string, Service>();
  readonly #moments: Moments;
  readonly #plan: Plan;
  readonly #attempts = new Map<Process, Attempts>();
  /** Processes that were closed in good order, and have to be free of everything in the end. */
  readonly #closed = new Set<Process>();

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    this.world = new World(scenario.seed, { packed: 0.5 });
    this.#moments = new Moments(this.world);
    this.streams = new Streams(() => this.world.nowMs, this.breaks);
    this.#plan = planOf(scenario);
  }

  readonly breaks = (what: string): void => {
    if (this.broken.length < brokenAtMost) this.broken.push(`${Math.round(this.world.nowMs)} ms: ${what}`);
  };

  async run(): Promise<void> {
    const { services, workers, clients, watcher, thief, faults } = this.scenario;
    for (const { name } of workers) this.world.addMachine(name);
    for (const { name } of clients) this.world.addMachine(name);
    for (const name of services) this.world.addMachine(name);
    for (const name of services) await this.startService(name);
    for (const { name } of workers) this.startWorker(name);
    const observers = services.map((name) => new Observer(this.world, this.#extra(`observer-${name}`), name));
    if (watcher) for (const one of observers) one.start();
    const ids = workers.flatMap(({ name, fixedId }) => (fixedId ? [`id-${name}`] : []));
    const stealing =
      thief && ids.length > 0 ? new Thief(this.world, this.#extra("thief"), services[0] as string, ids) : undefined;
    await this.world.wait(200);
    stealing?.start();
    for (const { name } of clients) this.startClient(name);
    await this.#faults();
    await stealing?.close();
    if (!watcher) for (const one of observers) one.start();
    await this.#streamsAreBack();
    await Promise.all([...this.clients.values()].map((client) => this.#stops(client)));
    await this.#isRegistered(observers);
    await this.#end(observers, stealing);
    const calm = faults.length === 0;
    this.streams.judge(calm);
    for (const one of this.#attempts.values()) one.judge(this.breaks);
  }

  // ---- programs ----------------------------------------------------------------------------------------------------

  async startService(name: string): Promise<void> {
    const process = this.world.start(this.world.machine(name));
    const truth = new Registrations(name, process.clock.nowUs, this.breaks);
    const running = await serveService(
      { clock: process.clock, random: process.random, listen: this.world.sockets.listen(process, truth.tap) },
      { host: name, port: servicePort },
    );
    this.services.set(name, { process, truth, running });
  }

  startWorker(name: string): void {
    const spec = this.scenario.workers.find((one) => one.name === name);
    if (spec === undefined) throw new Error(`there is no worker ${name}`);
    const process = this.world.start(this.world.machine(name));
    const worker = new Worker({ ...this.#common(process), spec, broken: this.breaks });
    this.workers.set(name, worker);
    this.#runs(worker.start());
  }

  startClient(name: string): void {
    const spec = this.scenario.clients.find((one) => one.name === name);
    if (spec === undefined) throw new Error(`there is no client ${name}`);
    const process = this.world.start(this.world.machine(name));
    const attempts = new Attempts(spec, `${name}.${process.incarnation}`);
    this.#attempts.set(process, attempts);
    const onEvent = (event: MeshEvent): void => {
      attempts.note(event, this.world.nowMs);
      this.#moments.note(event);
    };
    const keeps = spec.policy.resumeMs !== 0 && this.scenario.workers.every(({ slowMs }) => slowMs === 0);
    const client = new Client({ ...this.#common(process), spec, keeps, onEvent });
    this.clients.set(name, client);
    this.#runs(client.start());
  }

  kill(process: Process, off: boolean): void {
    this.world.kill(process, off);
    const name = process.machine.name;
    const client = this.clients.get(name);
    if (client?.process === process) {
      for (const stream of client.current.values()) stream.orphaned = true;
      this.clients.delete(name);
    }
    if (this.workers.get(name)?.process === process) this.workers.delete(name);
    if (this.services.get(name)?.process === process) this.services.delete(name);
  }

  /** A worker stops in good order. */
  async leave(name: string): Promise<void> {
    const worker = this.workers.get(name);
    if (worker === undefined) return;
    this.workers.delete(name);
    await this.#closes(worker.process, new Promise((resolve) => worker.process.deliver(() => resolve(worker.close()))));
    if (!worker.process.isDead) {
      // One that gets no time lets nothing go.
      const { process } = worker;
      do await this.world.holds(() => !process.isHeld && this.#held(process) === "", lingersMs);
      while (process.isHeld);
      this.#free(worker.process);
      this.world.kill(worker.process, false);
    }
  }

  /** The clock of a machine has jumped. */
  jumped(name: string, byMs: number): void {
    this.services.get(name)?.truth.jumped(byMs);
    const client = this.clients.get(name);
    if (client !== undefined) this.#attempts.get(client.process)?.jumped(byMs);
  }

  #extra(name: string): Process {
    return this.world.start(this.world.addMachine(name));
  }

  #common(process: Process) {
    const { services } = this.scenario;
    return { world: this.world, process, plan: this.#plan, services, streams: this.streams };
  }

  /** What a program does for itself; that it fails is a mistake of it. */
  #runs(program: Promise<void>): void {
    program.catch((error: unknown) => this.breaks(`a program fails: ${(error as Error).stack}`));
  }

  // ---- phases ------------------------------------------------------------------------------------------------------

  async #faults(): Promise<void> {
    const pending: Promise<void>[] = [];
    for (const fault of this.scenario.faults) {
      await this.world.wait(Math.max(0, fault.atMs - this.world.nowMs));
      pending.push(this.#inject(fault));
    }
    await Promise.all(pending);
    await this.world.wait(500);
  }

  async #inject(fault: Fault): Promise<void> {
    if (fault.after !== undefined) {
      await this.#moments.next(fault.after.moment);
      await this.world.wait(fault.after.ms);
    }
    await inject(this, fault);
  }

  /** Each stream gives something again, that was sent after the last fault. */
  async #streamsAreBack(): Promise<void> {
    const sinceMs = this.world.nowMs;
    const missing = (): string[] =>
      [...this.clients.values()].flatMap((client) =>
        Array.from({ length: client.spec.streams }, (_, index) => index).flatMap((index) => {
          const stream = client.current.get(index);
          const last = stream?.got.at(-1);
          const isBack = last !== undefined && (stream?.acceptedMs[last.number] ?? 0) >= sinceMs;
          return isBack
            ? []
            : [`${stream?.name ?? `${client.spec.name}, stream ${index}`} (${String(client.failure)})`];
        }),
      );
    if (await this.world.holds(() => missing().length === 0, streamsBackMs)) return;
    this.breaks(`nothing comes through ${streamsBackMs} ms after the last fault: ${missing().join(", ")}`);
  }

  async #stops(client: Client): Promise<void> {
    const stopped = client.stop();
    let over = false;
    void stopped.then(() => (over = true));
    if (await this.world.holds(() => over, streamsBackMs)) return;
    this.breaks(`${client.spec.name} has ended its streams, and they are not over ${streamsBackMs} ms later`);
  }

  /** What runs is registered, once, and nothing else is; it is told so by all ways of asking; and nobody has sessions any more. */
  async #isRegistered(observers: readonly Observer[]): Promise<void> {
    for (const observer of observers) {
      let state = "";
      let found: Awaited<ReturnType<Observer["discover"]>>;
      for (const untilMs = this.world.nowMs + registeredMs; ;) {
        found = await observer.discover();
        // Not those of processes that were before them, nor of one that another service still refuses: they are gone in a moment.
        const wanted = [...this.workers.values()].map((one) => one.idAt(observer.service));
        const busy = found
          ?.filter(({ load }) => load?.inFlight !== 0)
          .map(({ peer, load }) => `${peer}: ${load?.inFlight}`);
        const watched = observer.watched;
        const ids = found?.map(({ peer }) => peer).toSorted();
        state = JSON.stringify({ wanted, busy, watched, ids });
        const isTold = [ids, watched].every((told) => String(told) === String(wanted.toSorted()));
        if (isTold && !wanted.includes(undefined) && busy?.length === 0) break;
        if (this.world.nowMs > untilMs) {
          this.breaks(
            `${observer.service} does not tell what there is, ${registeredMs} ms after the last fault: ${state}`,
          );
          return;
        }
        await this.world.wait(500);
      }
      if (this.scenario.choices) await this.#choosesWell(observer);
    }
    const left = (): string[] =>
      [...this.workers.values()].filter(({ sessions }) => sessions > 0).map(({ spec }) => spec.name);
    if (await this.world.holds(() => left().length === 0, freeMs)) return;
    this.breaks(`there are sessions left on ${left().join(", ")}, and nobody has any`);
  }

  /** What a service chooses among peers that nobody calls: those that tell of their load, and others that never do. */
  async #choosesWell(observer: Observer): Promise<void> {
    const quiet = await observer.register("Quiet", 2);
    const told = async (): Promise<string[]> =>
      ((await observer.discover()) ?? []).map((one) => `${one.peer} ${one.epoch}`);
    for (let before = await told(); ;) {
      const peers = before.map((one) => one.split(" ")[0] as string);
      const among = [
        { pipeline: "Work", peers },
        { pipeline: "Quiet", peers: quiet },
      ];
      const unwell = await unwellOf(this.world, observer, among);
      const after = await told();
      // Who notices only now that nothing comes from the service any more has registered anew meanwhile.
      if (String(after) === String(before)) {
        for (const what of unwell) this.breaks(what);
        return;
      }
      before = after;
    }
  }

  // ---- the end -----------------------------------------------------------------------------------------------------

  async #end(observers: readonly Observer[], thief: Thief | undefined): Promise<void> {
    for (const client of this.clients.values()) await this.#closes(client.process, client.close());
    for (const worker of this.workers.values()) await this.#closes(worker.process, worker.close());
    for (const observer of observers) await this.#closes(observer.process, observer.close());
    if (thief !== undefined) this.#closed.add(thief.process);
    for (const { process, running } of this.services.values()) await this.#closes(process, running.close());
    const isFree = (): boolean => [...this.#closed].every((process) => this.#held(process) === "");
    await this.world.holds(isFree, lingersMs);
    for (const process of this.#closed) this.#free(process);
  }

  async #closes(process: Process, closing: Promise<void>): Promise<void> {
    let over = false;
    closing.then(
      () => (over = true),
      (error: unknown) => this.breaks(`${process.machine.name} does not close: ${MeshError.from(error).message}`),
    );
    await this.world.holds(() => over || process.isDead, freeMs);
    if (process.isDead) return;
    if (!over) this.breaks(`${process.machine.name} is not closed after ${freeMs} ms`);
    this.#closed.add(process);
  }

  #free(process: Process): void {
    const held = this.#held(process);
    if (held !== "") this.breaks(`${process.machine.name} is closed, and has ${held}`);
    this.#closed.delete(process);
  }

  #held(process: Process): string {
    const { sockets, rtc } = this.world;
    const counts = { timers: process.timers, sockets: sockets.openOf(process), connections: rtc.openOf(process) };
    return Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([what, count]) => `${count} ${what}`)
      .join(" and ");
  }
}
