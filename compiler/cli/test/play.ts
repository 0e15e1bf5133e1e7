import { performance } from "node:perf_hooks";
import type { FlowType } from "../../../runtime/interface/caps.ts";
import { MeshError } from "../../../runtime/interface/errors.ts";
import type { MeshEvent } from "../../../runtime/interface/events.ts";
import type { Link } from "../../../runtime/interface/link.ts";
import type { Transport } from "../../../runtime/interface/transport.ts";
import { launchPlan, type Mesh } from "../../../runtime/mesh/launch.ts";
import type { MeshPlatform } from "../../../runtime/mesh/platform.ts";
import { shareRuns } from "../../../runtime/mesh/shared-runs.ts";
import { resolveValues, type Env } from "../../../runtime/pipeline/parameters.ts";
import { placeOf } from "../../../runtime/pipeline/value-place.ts";
import { serveService } from "../../../runtime/signaling/service/serve.ts";
import type { Process } from "../../../runtime/simulation/machine.ts";
import { World } from "../../../runtime/simulation/world.ts";
import { captureConsole } from "../run/console.ts";
import type { InputFile } from "../run/input-file.ts";
import type { Registry } from "../run/registry.ts";
import { portType } from "../run/session-run.ts";
import { inflict } from "./inflict.ts";
import { NodeWork } from "./node-work.ts";
import { timeText, type Happening, type Recording } from "./recording.ts";
import type { Scenario, Step } from "./scenario.ts";
import { endKey, withWays, type StagedPlan } from "./staged-plan.ts";
import { happeningOf } from "./happening.ts";
import type { Seen } from "./watching.ts";

/** One way, in microseconds: two machines of one network. */
const pace = { latencyUs: 500, jitterUs: 0 };

/** How long the outputs of a pipeline may take to end, once its inputs have. */
const endingMs = 10_000;

/** How long virtual time stands still for the same node, in milliseconds of real time. */
const patienceMs = 10_000;

/** Lines, of text or JSON, are fed at this distance. */
const lineMs = 100;

export interface Play {
  readonly scenario: Scenario;
  readonly staged: StagedPlan;
  readonly registry: Registry;
  readonly inputs: ReadonlyMap<string, InputFile>;
  readonly env: Env;
  /** The same numbers for the same seed. */
  readonly seed: number;
  /** Of real time. */
  readonly limitMs: number;
  /** What is done to the mesh: the steps of the scenario, or nothing. */
  readonly steps: readonly Step[];
}

/** Plays a scenario on machines, a network and a clock of its own, and tells what was seen. Never rejects. */
export async function play(init: Play): Promise<Recording> {
  await loaded();
  const one = new Playing(init);
  return one.recording();
}

/** What the runtime loads when it is needed: on virtual time everything else would be over by then. */
async function loaded(): Promise<unknown> {
  return Promise.all([
    import("../../../runtime/mesh/service-target.ts"),
    import("../../../runtime/mesh/service-lookup.ts"),
    import("../../../runtime/mesh/known-capabilities.ts"),
    import("../../../runtime/mesh/registering.ts"),
    import("../../../runtime/calls/batch-endpoint.ts"),
  ]);
}

class Playing {
  readonly #init: Play;
  readonly #world: World;
  readonly #work = new NodeWork();
  readonly #staged: ReturnType<typeof withWays>;
  readonly #outputs = new Map<string, Seen[]>();
  readonly #fed = new Map<string, Seen[]>();
  readonly #targets: { atMs: number; remote: string; target: string; session: string }[] = [];
  readonly #timeline: Happening[] = [];
  readonly #startedMs = performance.now();
  #startMs = 0;
  #session = "";
  #failure: Recording["failure"];
  #heldSinceMs: number | undefined;

  constructor(init: Play) {
    this.#init = init;
    this.#world = new World(init.seed, { calm: () => this.#calm(), paceOf: () => pace, lateUs: 0 });
    const { scenario, staged } = init;
    this.#staged = withWays(staged, scenario.pipeline, scenario.expectations, this.#nowMs);
  }

  readonly #nowMs = (): number => this.#world.nowMs - this.#startMs;

  readonly note = (text: string): void => void this.#timeline.push({ atMs: this.#nowMs(), text });

  async recording(): Promise<Recording> {
    const release = captureConsole((_, text) => this.note(`printed: ${text}`));
    try {
      await this.#world.loop.run(this.#run());
    } catch (error) {
      this.#fails(MeshError.from(error));
    } finally {
      release();
    }
    const endMs = this.#nowMs();
    await this.#work.close();
    const passed = new Map(this.#staged.passed);
    for (const [port, seen] of this.#fed) passed.set(endKey("from", { box: undefined, port }), seen);
    const fed = [...this.#fed.values()].flatMap((seen) => seen.at(-1)?.atMs ?? []);
    return {
      outputs: this.#outputs,
      passed,
      targets: this.#targets.filter(({ session }) => session === this.#session),
      timeline: this.#timeline,
      fedMs: fed.length === 0 ? undefined : Math.max(...fed),
      endMs,
      failure: this.#failure,
    };
  }

  async #run(): Promise<void> {
    const { scenario, steps } = this.#init;
    const { plan, hosts, services } = this.#staged;
    const processes = new Map([...hosts].map(([key, host]) => [key, this.#started(host)]));
    for (const { host, port } of services) await this.#serve(host, port);
    const owner = Object.keys(plan.peers).find((key) =>
      plan.peers[key]?.runs.some((run) => run.pipeline === scenario.pipeline),
    );
    let mesh: Mesh | undefined;
    for (const [key, process] of processes) {
      const launched = await this.#launch(process, [key]);
      if (key === owner) mesh = launched;
    }
    const process = (owner === undefined ? undefined : processes.get(owner)) ?? this.#started("scenario");
    mesh ??= await this.#launch(process, []);
    this.#startMs = this.#world.nowMs;
    const { loop } = this.#world;
    for (const step of steps) {
      loop.after(step.atMs * 1000, () => {
        this.note(step.text);
        inflict(this.#world, step.what, processes, hosts);
      });
    }
    const untilMs = lastMs(scenario);
    const over = this.#inSession(mesh, process, owner, untilMs);
    // Who is killed says nothing more: the scenario is over when all has been waited for.
    await Promise.race([over, this.#world.wait(untilMs).then(() => (process.isDead ? undefined : over))]);
  }

  /** Opens a session, feeds it, and resolves when it is over. */
  async #inSession(mesh: Mesh, process: Process, owner: string | undefined, untilMs: number): Promise<void> {
    const { scenario, inputs, env } = this.#init;
    const { plan } = this.#staged;
    const pipeline = plan.pipelines[scenario.pipeline];
    if (pipeline === undefined) throw new Error(`no pipeline ${scenario.pipeline}`);
    const peer = owner === undefined ? undefined : plan.peers[owner];
    const run = peer?.runs.find((one) => one.pipeline === scenario.pipeline);
    const ends = Object.entries(pipeline.inputs).flatMap(([port, { type, optional }]): [string, FlowType][] => {
      const given = inputs.get(port)?.type;
      return given !== undefined
        ? [[port, given]]
        : optional === true || type.kind === "signal"
          ? []
          : [[port, portType(pipeline, type)]];
    });
    const session = await mesh.open(scenario.pipeline, {
      params:
        run === undefined || peer === undefined
          ? {}
          : resolveValues(run.params, { params: {}, env, location: peer.location }),
      inputs: Object.fromEntries(ends),
      outputs: Object.fromEntries(
        Object.entries(pipeline.outputs).map(([port, { type }]) => [
          port,
          { type: portType(pipeline, type), link: this.#sink(port) },
        ]),
      ),
      schemas: plan.schemas,
      signal: new AbortController().signal,
    });
    this.#session = session.id;
    this.note(`a session with ${scenario.name} is open`);
    let isOver = false;
    const closed = session.closed.then(({ error }) => {
      isOver = true;
      if (error !== undefined) this.#fails(error);
      this.note(error === undefined ? "the session is over" : `the session has failed: ${error.message}`);
    });
    const feeding = [...inputs].map(async ([port, file]) => {
      const link = session.inputs[port];
      if (link !== undefined) await this.#feed(port, link, file, process, () => isOver);
    });
    await Promise.race([closed, Promise.all([...feeding, this.#world.wait(Math.max(0, untilMs - this.#nowMs()))])]);
    if (isOver) return;
    process.deliver(() => Object.values(session.inputs).forEach((link) => link.end()));
    await Promise.race([closed, this.#world.wait(endingMs)]);
  }

  /** Feeds a file as time goes on; a process that is held or gone takes nothing. */
  async #feed(port: string, link: Link, file: InputFile, process: Process, isOver: () => boolean): Promise<void> {
    const seen: Seen[] = [];
    this.#fed.set(port, seen);
    const beganMs = this.#nowMs();
    let seq = 0;
    for (const { atMs: ofFrame, flags, payload } of file.frames) {
      const atMs = file.seconds === undefined ? seq * lineMs : ofFrame;
      const waitMs = atMs - (this.#nowMs() - beganMs);
      if (waitMs > 0) await this.#world.wait(waitMs);
      await new Promise<void>((resolve) => process.deliver(resolve));
      if (isOver()) return;
      if (!link.writable) await link.ready();
      const timestampUs = Math.round(atMs * 1000);
      seen.push({ atMs: this.#nowMs(), timestampUs });
      link.send({ timestampUs, seq, epoch: 0, flags, payload });
      seq += 1;
    }
  }

  #sink(port: string): Link {
    const seen: Seen[] = [];
    this.#outputs.set(port, seen);
    return {
      writable: true,
      ready: () => Promise.resolve(),
      send: ({ timestampUs }) => {
        if (seen.length === 0) this.note(`${port}: the first frame`);
        seen.push({ atMs: this.#nowMs(), timestampUs });
      },
      end: () => this.note(`${port}: the end, after ${seen.length} frame${seen.length === 1 ? "" : "s"}`),
      abort: () => undefined,
    };
  }

  #started(host: string): Process {
    const machine = this.#world.machines.get(host) ?? this.#world.addMachine(host);
    return this.#world.start(machine);
  }

  async #serve(host: string, port: number): Promise<void> {
    const process = this.#started(host);
    const { clock, random } = process;
    await serveService({ clock, random, listen: this.#world.sockets.listen(process) }, { host, port });
  }

  async #launch(process: Process, peers: readonly string[]): Promise<Mesh> {
    const { env, registry } = this.#init;
    const base = this.#world.platform(process);
    const platform: MeshPlatform = {
      ...base,
      env,
      log: (level, message) => {
        if (level === "warn" || level === "error") this.note(`${peers.join()} says: ${message}`);
      },
      share: async () => shareRuns,
      transports: base.transports.flatMap((one) => [one, alsoAs("grpc", one)]),
    };
    return launchPlan(this.#staged.plan, platform, {
      peers,
      registry: (node) => this.#staged.nodes.get(node.id) ?? this.#work.watch(registry(node), node.id),
      checks: placeOf,
      onEvent: this.#onEvent,
    });
  }

  readonly #onEvent = (event: MeshEvent): void => {
    const text = happeningOf(event);
    if (text !== undefined) this.note(text);
    if (event.kind === "remote-connected") this.#targets.push({ ...event, atMs: this.#nowMs() });
  };

  #fails({ message, hint }: MeshError): void {
    this.#failure ??= { message: `After ${timeText(this.#nowMs())}: ${message}`, hint };
  }

  /** Before time goes on: what runs outside of it is let finish. */
  async #calm(): Promise<void> {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const nowMs = performance.now();
      if (nowMs - this.#startedMs > this.#init.limitMs) {
        throw new MeshError("deadline-exceeded", `it takes longer than ${timeText(this.#init.limitMs)} of real time.`, {
          hint: "Give it more with `--timeout`.",
        });
      }
      if (this.#work.busy === undefined) break;
      this.#heldSinceMs ??= nowMs;
      if (nowMs - this.#heldSinceMs > patienceMs) {
        const names = this.#work.leave().map((name) => `\`${name}\``);
        this.note(
          `${names.join(", ")} has been at work for ${timeText(patienceMs)} of real time; the clock goes on without it`,
        );
        break;
      }
      await Promise.race([this.#work.change(), new Promise((resolve) => setTimeout(resolve, 50))]);
    }
    this.#heldSinceMs = undefined;
  }
}

/** When all has been done to the mesh, and all that is expected has had its time. */
function lastMs({ steps, expectations }: Scenario): number {
  const times = [
    ...steps.map(({ atMs }) => atMs),
    ...expectations.map((one) => one.fromMs + (("withinMs" in one ? one.withinMs : undefined) ?? 0)),
  ];
  return Math.max(0, ...times);
}

/** The same way under another scheme: what is simulated carries both alike, and questions go over sessions. */
function alsoAs(scheme: string, transport: Transport): Transport {
  const inner = (uri: string): string => uri.replace(/^[^:]+/, transport.scheme);
  return {
    scheme,
    dial: (uri, options) => transport.dial(inner(uri), options),
    listen: async (uri, accept, calls, from) => {
      const listener = await transport.listen(inner(uri), accept, calls, from);
      return {
        address: listener.address.replace(/^[^:]+/, scheme),
        drain: () => listener.drain?.(),
        close: () => listener.close(),
      };
    },
  };
}
