import { formatType, type FlowType, type Schemas } from "../interface/caps.ts";
import { MeshError } from "../interface/errors.ts";
import type { Link } from "../interface/link.ts";
import type { NodeContext, NodeDefinition, Params } from "../interface/node.ts";
import type { NodePlan, PipelinePlan, PortPlan, RemotePlan } from "../interface/plan.ts";
import { randomId } from "../interface/random.ts";
import type {
  NodeDescription,
  PipelineSession,
  SessionDescription,
  SessionEnd,
  SessionRequest,
} from "../interface/session.ts";
import type { BoundedChannel } from "./bounded-channel.ts";
import { EntryLink, MergedLink, pump } from "./border.ts";
import type { PipelineDeps } from "./deps.ts";
import { Graph } from "./graph.ts";
import { Meter } from "./meter.ts";
import { settle, type Cells, type PortTypes } from "./negotiation.ts";
import { resolveValues } from "./parameters.ts";
import { describeExpected, kindCheck } from "./payload-check.ts";
import { RunningNode } from "./running-node.ts";
import type { RunningRemote } from "./running-remote.ts";
import { Turns } from "./turns.ts";
import { Waiters } from "./waiters.ts";
import { Wiring } from "./wiring.ts";

export interface SessionInit {
  readonly plan: PipelinePlan;
  readonly schemas: Schemas;
  readonly params: Params;
  /** Narrowed by the caller's formats, not fixed yet. */
  readonly cells: Cells;
  /** What the caller and the pipeline have in common, by port. */
  readonly met: PortTypes;
  readonly definitions: ReadonlyMap<string, NodeDefinition>;
  readonly request: SessionRequest;
  readonly deps: PipelineDeps;
}

/** One running use of a local pipeline. */
export class LocalSession implements PipelineSession {
  readonly id: string;
  readonly inputs: Record<string, EntryLink> = {};
  readonly closed: Promise<SessionEnd>;
  readonly #init: SessionInit;
  readonly #wiring: Wiring;
  readonly #abort = new AbortController();
  readonly #nodes = new Map<string, RunningNode>();
  readonly #remotes = new Map<string, RunningRemote>();
  readonly #borders: EntryLink[] = [];
  readonly #turns: Turns;
  readonly #meter: Meter;
  readonly #epochs = { current: 0 };
  #formats: PipelineSession["formats"] = { inputs: {}, outputs: {} };
  #resolveClosed: (end: SessionEnd) => void = () => undefined;
  #closing: Promise<void> | undefined;
  #started = false;
  #pendingOutputs: number;
  #pendingRemotes: number;
  #looking = false;

  constructor(init: SessionInit) {
    const { plan, request, deps } = init;
    this.#init = init;
    this.id = randomId(deps.random);
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    this.#turns = new Turns(deps.clock);
    this.#meter = new Meter(deps.clock);
    this.#pendingOutputs = Object.keys(request.outputs).length;
    this.#pendingRemotes = plan.remotes.length;
    const graph = new Graph(plan, {
      isSync: (node) => init.definitions.get(node)?.sync === true,
      isWanted: (output) => Object.hasOwn(request.outputs, output),
    });
    this.#wiring = new Wiring(graph, deps.clock);
  }

  get formats(): PipelineSession["formats"] {
    return this.#formats;
  }

  /** Opens all nodes and remotes and starts. @throws {MeshError} the first failure; nothing is left open then */
  async open(): Promise<void> {
    const { signal } = this.#init.request;
    if (signal.aborted) throw MeshError.from(signal.reason, "cancelled");
    const onAbort = (): void => void this.close(MeshError.from(signal.reason, "cancelled"));
    signal.addEventListener("abort", onAbort, { once: true });
    const over = this.closed.then(({ error }) => {
      signal.removeEventListener("abort", onAbort);
      throw error ?? new MeshError("cancelled", "The session was closed while it opened.");
    });
    over.catch(() => undefined);
    const opening = this.#openAll();
    try {
      await Promise.race([opening, over]);
    } catch (error) {
      opening.catch(() => undefined);
      await this.close(MeshError.from(error));
      throw (await this.closed).error ?? MeshError.from(error);
    }
    this.#start();
  }

  close(error?: MeshError): Promise<void> {
    this.#closing ??= this.#tearDown(error ?? new MeshError("cancelled", "The session was closed by its caller."));
    return this.#closing;
  }

  describe(): SessionDescription {
    const { plan, cells } = this.#init;
    const remotes = [...this.#remotes.values()].map((remote) => remote.describe());
    const standIns = remotes.map(({ id, state }): NodeDescription => {
      const running = state === "connected" ? "running" : state === "connecting" ? "opening" : state;
      const frames = Object.keys(plan.remotes.find((one) => one.id === id)?.inputs ?? {})
        .flatMap((port) => this.#wiring.before(id, port))
        .reduce((sum, channel) => sum + channel.frames - channel.size - channel.dropped, 0);
      return { id, node: "HFPipelineNode", state: running, frames, workMs: undefined };
    });
    return {
      id: this.id,
      pipeline: plan.name,
      nodes: [...[...this.#nodes.values()].map((node) => node.describe()), ...standIns],
      remotes,
      streams: [...this.#wiring.queues].map(([wire, channel]) => ({
        name: wire.name,
        format: formatType(cells.fixed(wire.link.type)),
        frames: channel.frames,
        bytes: channel.bytes,
        dropped: channel.dropped,
        queued: channel.size,
        hopMs: channel.hopMs,
      })),
    };
  }

  // ---- opening ------------------------------------------------------------------------------------------------

  async #openAll(): Promise<void> {
    const { plan, cells, met } = this.#init;
    const open = new Set(plan.remotes.filter((remote) => isOpen(remote, cells)));
    // What a remote settles on may be what its neighbours here have to speak, so that comes first, one after another.
    for (const remote of open) {
      const agreed = await this.#remote(remote).open();
      for (const side of ["inputs", "outputs"] as const) {
        for (const [port, type] of Object.entries(agreed[side])) {
          const own = remote[side][port]?.type;
          if (own !== undefined) cells.narrow(own, type);
        }
      }
    }
    cells.fix();
    this.#formats = settle(plan, met, cells);
    for (const port of Object.keys(plan.inputs)) {
      const type = this.#formats.inputs[port];
      if (type === undefined) {
        for (const channel of this.#wiring.behind(undefined, port)) channel.end();
        continue;
      }
      this.inputs[port] = this.#border(port, this.#wiring.behind(undefined, port), type);
    }
    for (const node of plan.nodes) this.#nodes.set(node.id, this.#node(node));
    for (const [id, node] of this.#nodes) {
      const outputs = Object.keys(plan.nodes.find((one) => one.id === id)?.outputs ?? {});
      const inline = (to: string, port: string) => (this.#nodes.get(to) as RunningNode).outlet(port);
      node.connect(this.#wiring.node(id, outputs, inline));
    }
    await Promise.all([
      ...plan.nodes.map((node) => this.#openNode(node)),
      ...plan.remotes.filter((remote) => !open.has(remote)).map((remote) => this.#remote(remote).open()),
    ]);
  }

  #node(plan: NodePlan): RunningNode {
    const { deps, schemas, definitions } = this.#init;
    return new RunningNode({
      plan,
      pipeline: this.#init.plan.name,
      sync: definitions.get(plan.id)?.sync === true,
      formats: this.#fixed(plan.outputs),
      schemas,
      clock: deps.clock,
      log: deps.log,
      turns: this.#turns,
      meter: this.#meter,
      epochs: this.#epochs,
      onFailure: (error) => {
        if (this.#closing !== undefined) return;
        deps.onEvent({ kind: "node-failed", session: this.id, node: plan.id, error, location: plan.location });
        void this.close(error);
      },
      onEnd: () => this.#look(),
    });
  }

  async #openNode(plan: NodePlan): Promise<void> {
    const { deps, params, cells, definitions } = this.#init;
    const node = this.#nodes.get(plan.id);
    const definition = definitions.get(plan.id);
    if (node === undefined || definition === undefined) return;
    const context: NodeContext = {
      id: plan.id,
      location: plan.location,
      session: { id: this.id },
      clock: deps.clock,
      random: deps.random,
      log: (level, message, fields) => deps.log(level, message, { node: plan.id, ...fields }),
      signal: this.#abort.signal,
      formats: { inputs: this.#fixed(plan.inputs), outputs: this.#fixed(plan.outputs) },
      emit: node.emit,
    };
    await node.open(() => {
      const values = resolveValues(plan.params, {
        params,
        env: deps.env,
        cells: (index) => cells.value(index),
        location: plan.location,
      });
      return definition.open(values, context);
    });
  }

  #fixed(ports: Readonly<Record<string, PortPlan>>): Record<string, FlowType> {
    return Object.fromEntries(Object.entries(ports).map(([port, { type }]) => [port, this.#init.cells.fixed(type)]));
  }

  #remote(plan: RemotePlan): RunningRemote {
    const { deps, cells, params, schemas } = this.#init;
    const types = (ports: Readonly<Record<string, PortPlan>>, linked: (port: string) => boolean) =>
      Object.fromEntries(
        Object.entries(ports)
          .filter(([port]) => linked(port))
          .map(([port, { type }]) => [port, cells.fill(type)]),
      );
    const outputs: Record<string, Link> = {};
    for (const port of Object.keys(plan.outputs)) {
      const channels = this.#wiring.behind(plan.id, port);
      if (channels.length > 0) outputs[port] = this.#border(`${plan.id}.${port}`, channels);
    }
    const remote = deps.openRemote({
      plan,
      pipeline: this.#init.plan.name,
      session: this.id,
      params,
      formats: {
        inputs: types(plan.inputs, (port) => this.#wiring.before(plan.id, port).length > 0),
        outputs: types(plan.outputs, (port) => Object.hasOwn(outputs, port)),
      },
      schemas,
      outputs,
      signal: this.#abort.signal,
      deadlineUs: this.#init.request.deadlineUs,
      onEvent: deps.onEvent,
    });
    this.#remotes.set(plan.id, remote);
    return remote;
  }

  /** @param type checks the payloads; left out for what has been checked where it came from */
  #border(name: string, channels: readonly BoundedChannel[], type?: FlowType): EntryLink {
    const link = new EntryLink({
      name,
      channels,
      onAbort: (error) => void this.close(error),
      ...(type !== undefined && { check: kindCheck(type, this.#init.schemas), expected: describeExpected(type) }),
    });
    this.#borders.push(link);
    return link;
  }

  // ---- running ------------------------------------------------------------------------------------------------

  #start(): void {
    const { plan, request } = this.#init;
    this.#started = true;
    for (const node of this.#nodes.values()) node.start();
    for (const node of this.#nodes.values()) node.run();
    for (const [port, { link }] of Object.entries(request.outputs)) {
      void this.#carry(this.#wiring.before(undefined, port), link, () => {
        this.#pendingOutputs -= 1;
        this.#look();
      });
    }
    for (const { id, inputs } of plan.remotes) {
      const remote = this.#remotes.get(id);
      for (const port of Object.keys(inputs)) {
        const link = remote?.inputs[port];
        if (link !== undefined) void this.#carry(this.#wiring.before(id, port), link, () => undefined);
      }
      void remote?.closed.then(({ error }) => {
        if (error !== undefined) {
          void this.close(error);
          return;
        }
        for (const port of Object.keys(inputs)) for (const channel of this.#wiring.before(id, port)) channel.discard();
        this.#pendingRemotes -= 1;
        this.#look();
      });
    }
    this.#look();
  }

  /** Carries all that merges into one link outside, and ends the link when all of it has ended. */
  async #carry(channels: readonly BoundedChannel[], link: Link, done: () => void): Promise<void> {
    const { signal } = this.#abort;
    const target = channels.length > 1 ? new MergedLink(link) : link;
    const one = (channel: BoundedChannel): Promise<void> => {
      const waiters = new Waiters();
      channel.onReadable(() => waiters.wake());
      return pump(channel, target, (until) => waiters.wait(until), signal);
    };
    try {
      await Promise.all(channels.map(one));
      link.end();
      done();
    } catch (error) {
      if (!signal.aborted) void this.close(MeshError.from(error));
    }
  }

  /** Looks, when all that happens now has happened, whether the session is at its end. */
  #look(): void {
    if (this.#looking || !this.#started) return;
    this.#looking = true;
    queueMicrotask(() => {
      this.#looking = false;
      if (this.#closing === undefined && this.#isDone()) this.#closing = this.#tearDown(undefined);
    });
  }

  /**
   * Done when all outputs that somebody wants have ended, or, where nobody wants one, all nodes. Nodes that are about to
   * end by themselves are waited for: a file beside an output is written to its last frame.
   */
  #isDone(): boolean {
    const nodes = [...this.#nodes.values()];
    if (Object.keys(this.#init.request.outputs).length === 0) {
      return this.#pendingRemotes === 0 && nodes.every((node) => node.ended);
    }
    return this.#pendingOutputs === 0 && !nodes.some((node) => node.draining);
  }

  async #tearDown(error: MeshError | undefined): Promise<void> {
    const reason = error ?? new MeshError("cancelled", "The session has ended.");
    this.#abort.abort(reason);
    for (const link of this.#borders) link.shut(reason);
    for (const channel of this.#wiring.queues.values()) channel.abort(reason);
    await Promise.allSettled([
      ...[...this.#nodes.values()].map((node) => node.close(reason)),
      ...[...this.#remotes.values()].map((remote) => remote.close(error)),
    ]);
    this.#resolveClosed({ error });
  }
}

function isOpen(remote: RemotePlan, cells: Cells): boolean {
  return [...Object.values(remote.inputs), ...Object.values(remote.outputs)].some(({ type }) => cells.isOpen(type));
}
