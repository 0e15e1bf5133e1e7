import type { FlowType, Schemas } from "../interface/caps.ts";
import { MeshError } from "../interface/errors.ts";
import type { Link } from "../interface/link.ts";
import type { NodeContext, NodeDefinition, NodeInstance, Params } from "../interface/node.ts";
import type { NodePlan, PipelinePlan, PortPlan, RemotePlan } from "../interface/plan.ts";
import { randomId } from "../interface/random.ts";
import type { PipelineSession, SessionDescription, SessionEnd, SessionRequest } from "../interface/session.ts";
import { AbortFan } from "./abort-fan.ts";
import type { BoundedChannel } from "./bounded-channel.ts";
import { EntryLink, MergedLink, type EntryLinkInit, type Tickets } from "./border.ts";
import { CallerLink } from "./caller-link.ts";
import type { PipelineDeps } from "./deps.ts";
import { cutBetween } from "./declared-fields.ts";
import { Ending, EndingRemote } from "./ending.ts";
import { Epochs } from "./epochs.ts";
import type { Graph } from "./graph.ts";
import { openInstance } from "./instance.ts";
import { settle, type Cells, type PortTypes } from "./negotiation.ts";
import { resolveValue, resolveValues } from "./parameters.ts";
import { describeExpected, valueCheck } from "./payload-check.ts";
import { pump } from "./pump.ts";
import { RunningNode, type InstanceContext } from "./running-node.ts";
import type { RunningRemote } from "./running-remote.ts";
import { describeSession } from "./session-description.ts";
import { stallOf } from "./stall.ts";
import { SignalledContext } from "./signalled-context.ts";
import { SplitMemory } from "./splits/split-memory.ts";
import { Splits } from "./splits/splits.ts";
import type { Way } from "./spread.ts";
import { Turns } from "./turns.ts";
import { defaultWatchdog, Watchdog } from "./watchdog.ts";
import { Wiring, type WiringParts } from "./wiring.ts";

export interface SessionInit {
  readonly plan: PipelinePlan;
  readonly schemas: Schemas;
  readonly params: Params;
  /** Narrowed by the caller's formats, not fixed yet. */
  readonly cells: Cells;
  /** What the caller and the pipeline have in common, by port. */
  readonly met: PortTypes;
  readonly definitions: ReadonlyMap<string, NodeDefinition>;
  /** For the outputs that the caller wants. */
  readonly graph: Graph;
  readonly request: SessionRequest;
  readonly deps: PipelineDeps;
  /** Its formats are settled and its inputs are there; what comes waits until all is open. */
  readonly onSettled?: (session: PipelineSession) => void;
}

/** One running use of a local pipeline. */
export class LocalSession implements PipelineSession {
  readonly id: string;
  readonly inputs: Record<string, EntryLink> = {};
  readonly closed: Promise<SessionEnd>;
  readonly #init: SessionInit;
  readonly #graph: Graph;
  readonly #wiring: Wiring;
  readonly #parts: WiringParts;
  readonly #splits: Splits;
  readonly #watchdog: Watchdog;
  readonly #abort = new AbortFan();
  readonly #ending: Ending;
  readonly #nodes = new Map<string, RunningNode>();
  readonly #remotes = new Map<string, RunningRemote>();
  readonly #borders: EntryLink[] = [];
  /** By the name of a remote: what it sends comes in here. */
  readonly #remoteBorders = new Map<string, EntryLink[]>();
  /** By the name of a remote: the newest epoch that it was told of; what it gets is no older, whoever has sent it. */
  readonly #told = new Map<string, number>();
  /** By the name of a batch remote: the calls that it has in work. */
  readonly #tickets = new Map<string, Tickets>();
  readonly #turns: Turns;
  readonly #epochs: Epochs;
  /** The newest epoch that the caller has told of; what it gets is no older. */
  #heard = 0;
  #formats: PipelineSession["formats"] = { inputs: {}, outputs: {} };
  #resolveClosed: (end: SessionEnd) => void = () => undefined;
  #closing: Promise<void> | undefined;

  constructor(init: SessionInit) {
    const { plan, request, deps } = init;
    this.#init = init;
    this.id = randomId(deps.random);
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    this.#turns = new Turns(deps.clock);
    this.#watchdog = new Watchdog(deps.clock, deps.watchdog ?? defaultWatchdog);
    this.#ending = new Ending({
      clock: deps.clock,
      outputs: Object.keys(request.outputs).length,
      nodes: this.#nodes,
      carried: () => this.#carried,
      onDone: (cut) => this.#end(cut),
    });
    this.#graph = init.graph;
    this.#wiring = new Wiring(this.#graph, deps.clock, init.schemas);
    this.#splits = new Splits({
      pipeline: plan,
      memory: deps.splits ?? new SplitMemory(),
      clock: deps.clock,
      resolve: (value) => resolveValue(value, { params: init.params, env: deps.env, location: plan.location }),
      onFailure: (error) => this.#callFailed(MeshError.from(error)),
    });
    this.#epochs = new Epochs({
      queues: this.#wiring.queues,
      onNodes: (nodes, epoch) => this.#flushNodes(nodes, epoch),
      onOutputs: (outputs, epoch) => {
        for (const port of outputs) request.outputs[port]?.link.flush?.(epoch);
      },
    });
    this.#parts = {
      splits: this.#splits,
      inlet: (node, port) => (this.#nodes.get(node) as RunningNode).inlet(port),
      outputs: (node) => Object.keys(plan.nodes.find((one) => one.id === node)?.outputs ?? {}),
      probe: (node) => this.#nodes.get(node),
      triggers: (node, port) => this.#triggers(node, port),
    };
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
    return describeSession({
      id: this.id,
      plan,
      cells,
      nodes: this.#nodes,
      remotes: this.#remotes,
      wiring: this.#wiring,
      inputs: this.inputs,
    });
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
          const unequal = own && cells.narrow(own, type);
          if (unequal !== undefined) throw unequalSides(remote, port, unequal);
        }
      }
    }
    cells.fix();
    this.#formats = settle(plan, met, cells);
    for (const node of plan.nodes) this.#nodes.set(node.id, this.#node(node));
    for (const port of Object.keys(plan.inputs)) this.#openInput(port);
    this.#init.onSettled?.(this);
    await Promise.all([
      ...[...this.#nodes.values()].map((node) => node.open()),
      ...plan.remotes.filter((remote) => !open.has(remote)).map((remote) => this.#remote(remote).open()),
    ]);
    for (const [id, node] of this.#nodes) {
      for (const [port, output] of node.outputs) output.connect(this.#wiring.spread(id, port, this.#parts).outlet);
      node.connect(this.#wiring.rooms(id, this.#parts));
    }
  }

  #openInput(port: string): void {
    const type = this.#formats.inputs[port];
    const spread = this.#wiring.spread(undefined, port, this.#parts);
    if (type === undefined) {
      spread.outlet?.end();
      return;
    }
    const region = this.#graph.reach(undefined, port);
    const { request, schemas, plan } = this.#init;
    const [sent, own] = [request.inputs[port], plan.inputs[port]?.type];
    const cut = sent && own && cutBetween(sent, own, { producer: request.schemas, consumer: schemas });
    this.inputs[port] = this.#border({
      name: port,
      spread,
      cut,
      check: valueCheck(type, this.#init.schemas),
      expected: describeExpected(type),
      onEpoch: (epoch) => {
        this.#heard = Math.max(this.#heard, epoch);
        this.#epochs.follow(region, ({ link }) => link.from.node === undefined && link.from.port === port, epoch);
      },
    });
  }

  #node(plan: NodePlan): RunningNode {
    const { deps, schemas, definitions } = this.#init;
    const event = { session: this.id, node: plan.id, location: plan.location } as const;
    return new RunningNode(
      {
        plan,
        pipeline: this.#init.plan.name,
        sync: definitions.get(plan.id)?.sync === true,
        called: this.#graph.called.has(plan.id),
        formats: this.#fixed(plan.outputs),
        schemas,
        checks: deps.checks,
        clock: deps.clock,
        log: deps.log,
        turns: this.#turns,
        watchdog: this.#watchdog,
        make: (context) => this.#openInstance(plan, context),
        onFailure: (error) => {
          if (this.#closing !== undefined) return;
          deps.onEvent({ kind: "node-failed", ...event, error });
          void this.close(error);
        },
        onRestart: (error, attempt) => deps.onEvent({ kind: "node-restarting", ...event, error, attempt }),
        onStalled: (forMs, why) => {
          const told = stallOf(plan.id, forMs, why);
          deps.log("warn", told.message, { node: plan.id });
          deps.onEvent({ ...event, ...told.event });
        },
        onEnd: () => this.#ending.look(),
      },
      this.#wiring.feed(plan.id),
    );
  }

  async #openInstance(plan: NodePlan, { abort, clock, ...own }: InstanceContext): Promise<NodeInstance> {
    const { deps, params, cells, definitions } = this.#init;
    const definition = definitions.get(plan.id);
    if (definition === undefined) throw new MeshError("internal", "its code is not there");
    const context: NodeContext = new SignalledContext(abort, {
      id: plan.id,
      location: plan.location,
      session: { id: this.id },
      clock,
      random: deps.random,
      log: (level, message, fields) => deps.log(level, message, { node: plan.id, ...fields }),
      formats: { inputs: this.#fixed(plan.inputs), outputs: this.#fixed(plan.outputs) },
      ...own,
    });
    const values = resolveValues(plan.params, {
      params,
      env: deps.env,
      cells: (index) => cells.value(index),
      location: plan.location,
    });
    return openInstance(definition, plan, values, context);
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
    if (plan.batch === true && this.#graph.called.has(plan.id)) this.#tickets.set(plan.id, []);
    for (const port of Object.keys(plan.outputs)) {
      const border = this.#remoteBorder(plan, port);
      if (border !== undefined) outputs[port] = border;
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
      signal: this.#abort.part().signal,
      deadlineUs: this.#init.request.deadlineUs,
      onEvent: deps.onEvent,
    });
    this.#remotes.set(plan.id, remote);
    return remote;
  }

  /** Where an output of a remote comes in; undefined where nothing reads it. */
  #remoteBorder(plan: RemotePlan, port: string): EntryLink | undefined {
    const spread = this.#wiring.spread(plan.id, port, this.#parts);
    if (spread.outlet === undefined) return undefined;
    const region = this.#graph.reach(plan.id, port);
    const tickets = this.#tickets.get(plan.id);
    const border = this.#border({
      name: `${plan.id}.${port}`,
      spread,
      ...(tickets !== undefined && { tickets }),
      onEpoch: (epoch) =>
        this.#epochs.follow(region, ({ link }) => link.from.node === plan.id && link.from.port === port, epoch),
    });
    this.#remoteBorders.set(plan.id, [...(this.#remoteBorders.get(plan.id) ?? []), border]);
    return border;
  }

  #border(init: Omit<EntryLinkInit, "onAbort">): EntryLink {
    const link = new EntryLink({ ...init, onAbort: (error) => void this.close(error) });
    this.#borders.push(link);
    return link;
  }

  // ---- epochs -------------------------------------------------------------------------------------------------

  /** The flushes of the program that a frame at a port sets off. */
  #triggers(node: string | undefined, port: string): Way[] {
    return (this.#init.plan.flushes ?? [])
      .filter(({ from }) => from.node === node && from.port === port)
      .map((flush): Way => {
        const region = { nodes: new Set(flush.nodes), outputs: new Set(flush.outputs) };
        return {
          outlet: { offer: () => this.#epochs.begin(region), end: () => undefined },
          rooms: [],
          branch: flush.branch ?? [],
        };
      });
  }

  #flushNodes(nodes: ReadonlySet<string>, epoch: number): void {
    this.#splits.flush(nodes, epoch);
    for (const id of nodes) {
      this.#nodes.get(id)?.flush(epoch);
      for (const border of this.#remoteBorders.get(id) ?? []) border.adopt(epoch);
      if (this.#remotes.has(id)) this.#told.set(id, epoch);
      for (const link of Object.values(this.#remotes.get(id)?.inputs ?? {})) link.flush?.(epoch);
      const tickets = this.#tickets.get(id);
      if (tickets !== undefined) tickets.length = 0;
    }
  }

  // ---- running ------------------------------------------------------------------------------------------------

  #start(): void {
    const { plan, request } = this.#init;
    for (const node of this.#nodes.values()) node.start();
    for (const node of this.#nodes.values()) node.run();
    for (const [port, { type, link }] of Object.entries(request.outputs)) {
      const own = plan.outputs[port]?.type;
      const cut = own && cutBetween(own, type, { producer: this.#init.schemas, consumer: request.schemas });
      const caller = new CallerLink(link, () => this.#heard, cut);
      const channels = this.#wiring.before(undefined, port);
      void this.#carry(channels, channels.length > 1 ? new MergedLink(caller) : caller).then((ok) => {
        if (!ok) return;
        link.end();
        this.#ending.outputEnded();
      });
    }
    for (const { id, inputs } of plan.remotes) this.#startRemote(id, Object.keys(inputs));
    this.#ending.start();
  }

  #startRemote(id: string, inputs: readonly string[]): void {
    const remote = this.#remotes.get(id);
    const onward = this.#wiring.onward(id);
    const end = new EndingRemote(id, onward);
    this.#ending.add(end);
    const tickets = this.#tickets.get(id);
    const looped: { readonly link: Link; readonly back: readonly BoundedChannel[] }[] = [];
    const carried = inputs.map(async (port): Promise<boolean> => {
      const link = remote?.inputs[port];
      if (link === undefined) return true;
      const channels = this.#wiring.before(id, port);
      const back = channels.filter((channel) => !onward.includes(channel));
      const current = new CallerLink(link, () => this.#told.get(id) ?? 0, undefined);
      const target = channels.length > 1 ? new MergedLink(current) : current;
      if (back.length > 0) looped.push({ link, back });
      void this.#carry(back, target, tickets);
      const ok = await this.#carry(
        channels.filter((channel) => onward.includes(channel)),
        target,
        tickets,
      );
      if (ok && back.length === 0) link.end();
      return ok;
    });
    // As with a node, what closes a loop ends with all that comes from elsewhere.
    void Promise.all(carried).then((all) => {
      if (onward.length === 0 || !all.every(Boolean)) return;
      for (const { link, back } of looped) {
        for (const channel of back) channel.discard();
        link.end();
      }
    });
    void remote?.closed.then(({ error }) => {
      if (error !== undefined) {
        void this.close(error);
        return;
      }
      for (const port of inputs) for (const channel of this.#wiring.before(id, port)) channel.discard();
      end.ended = true;
      this.#ending.look();
    });
  }

  /** Carries all that merges into one link outside to its end; false when it was stopped. */
  async #carry(channels: readonly BoundedChannel[], link: Link, tickets?: Tickets): Promise<boolean> {
    try {
      await Promise.all(channels.map((channel) => pump(channel, link, this.#abort.part(), tickets)));
      return true;
    } catch (error) {
      if (!this.#abort.aborted) void this.close(MeshError.from(error));
      return false;
    }
  }

  /** Frames that have gone to remotes or come from them. */
  get #carried(): number {
    const sent = this.#init.plan.remotes.flatMap(({ id }) => this.#wiring.onward(id));
    const came = [...this.#remoteBorders.values()].flat();
    return (
      sent.reduce((sum, channel) => sum + channel.frames - channel.size, 0) +
      came.reduce((sum, border) => sum + border.frames, 0)
    );
  }

  /** All branches of a `first` have failed at a frame; the error is that of the last node. */
  #callFailed(error: MeshError): void {
    const { node, location } = error;
    if (this.#closing === undefined && node !== undefined && location !== undefined) {
      this.#init.deps.onEvent({ kind: "node-failed", session: this.id, node, error, location });
    }
    void this.close(error);
  }

  #end(cut: readonly string[]): void {
    if (cut.length > 0) {
      const names = cut.map((id) => `\`${id}\``).join(", ");
      this.#init.deps.log("warn", `The session ends without ${names}: nothing has come of it for too long`, {
        session: this.id,
      });
    }
    this.#closing ??= this.#tearDown(undefined);
  }

  async #tearDown(error: MeshError | undefined): Promise<void> {
    const reason = error ?? new MeshError("cancelled", "The session has ended.");
    this.#ending.close();
    this.#abort.abort(reason);
    this.#watchdog.close();
    this.#splits.close(reason);
    for (const link of this.#borders) link.shut(reason);
    for (const channel of this.#wiring.queues.values()) channel.abort(reason);
    await Promise.allSettled([
      ...[...this.#nodes.values()].map((node) => node.close(reason)),
      ...[...this.#remotes.values()].map((remote) => remote.close(error)),
    ]);
    this.#resolveClosed({ error });
  }
}

function unequalSides({ id, location }: RemotePlan, port: string, dimension: string): MeshError {
  const message = `\`${id}.${port}\` was settled with a ${dimension} that has to be the same as another dimension, and is not.`;
  return new MeshError("format-mismatch", message, { location });
}

function isOpen(remote: RemotePlan, cells: Cells): boolean {
  return [...Object.values(remote.inputs), ...Object.values(remote.outputs)].some(({ type }) => cells.isOpen(type));
}
