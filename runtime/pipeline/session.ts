import { whenAborted } from "../interface/abort.ts";
import { MeshError } from "../interface/errors.ts";
import { named } from "../interface/named.ts";
import { randomId } from "../interface/random.ts";
import type { RequestContext } from "../interface/request-context.ts";
import type {
  LivePorts,
  PipelineSession,
  PlatformTracks,
  SessionDescription,
  SessionEnd,
} from "../interface/session.ts";
import type { Blueprint } from "./blueprint.ts";
import { EntryLink } from "./border.ts";
import { CallerLink, Heard } from "./caller-link.ts";
import { cutBetween } from "./declared-fields.ts";
import { Ending } from "./ending.ts";
import { Epochs } from "./epochs.ts";
import type { Wire } from "./graph.ts";
import { resolveValue } from "./parameters.ts";
import { Carriage } from "./pump.ts";
import { SessionContext } from "./session-context.ts";
import type { SessionCommon, SessionInit } from "./session-common.ts";
import { describeSession } from "./session-description.ts";
import { SessionNodes } from "./session-nodes.ts";
import { SessionRemotes } from "./session-remotes.ts";
import { KeyFrameRoutes, type KeyFrameSource } from "./key-frame-routes.ts";
import { DirectTracks, liveOfPipeline } from "./live-links.ts";
import { Soon } from "./soon.ts";
import { SplitMemory } from "./splits/split-memory.ts";
import { Splits } from "./splits/splits.ts";
import type { Way } from "./spread.ts";
import { Wiring, type WiringParts } from "./wiring.ts";

const unsettled: PipelineSession["formats"] = { inputs: {}, outputs: {} };

/** One running use of a local pipeline. */
export class LocalSession implements PipelineSession {
  readonly id: string;
  readonly inputs = named<EntryLink>();
  readonly closed: Promise<SessionEnd>;
  readonly #init: SessionInit;
  readonly #common: SessionCommon;
  readonly #soon = new Soon();
  readonly #wiring: Wiring;
  readonly #nodes: SessionNodes;
  readonly #remotes: SessionRemotes | undefined;
  #splits: Splits | undefined;
  readonly #ending: Ending;
  readonly #keyFrames: KeyFrameRoutes;
  #carriages: readonly Carriage[] = [];
  #epochs: Epochs | undefined;
  /** The newest epoch that the caller has told of; what it gets is no older. */
  readonly #heard = new Heard();
  #formats = unsettled;
  #resolveClosed: (end: SessionEnd) => void = () => undefined;
  /** While it opens: gives that up. */
  #giveUp: ((error: MeshError) => void) | undefined;
  #unlisten: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(init: SessionInit) {
    const { plan, graph, schemas, request, deps } = init;
    this.#init = init;
    this.id = randomId(deps.random);
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    const routes = new KeyFrameRoutes({ graph, clock: deps.clock, source: (vertex) => this.#keyFrameSource(vertex) });
    this.#keyFrames = routes;
    this.#wiring = new Wiring(graph, deps.clock, schemas, ({ link: { from } }) => {
      // Its writer is in the midst of sending.
      queueMicrotask(() => void routes.from(from.node, from.port));
    });
    this.#common = {
      init,
      session: new SessionContext(this.id, request.context),
      soon: this.#soon,
      wiring: this.#wiring,
      onFailure: (error) => void this.close(error),
      onNodeEnd: () => this.#ending.look(),
      onEpoch: (from, epoch) => {
        const entry = ({ link }: Wire): boolean => link.from.node === from.node && link.from.port === from.port;
        this.#epoch.follow(graph.reach(from.node, from.port), entry, epoch);
      },
    };
    this.#nodes = new SessionNodes(this.#common);
    this.#remotes = plan.remotes.length === 0 ? undefined : new SessionRemotes(this.#common);
    this.#ending = new Ending({
      clock: deps.clock,
      outputs: Object.keys(request.outputs).length,
      nodes: this.#nodes,
      carried: () => this.#remotes?.carried ?? 0,
      onDone: (cut) => this.#end(cut),
    });
  }

  get formats(): PipelineSession["formats"] {
    return this.#formats;
  }

  get live(): LivePorts {
    const { graph, plan } = this.#init;
    return liveOfPipeline(graph, plan.inputs, plan.outputs);
  }

  get tracks(): PlatformTracks | undefined {
    const remotes = this.#remotes;
    return remotes && new DirectTracks(this.#init.graph, (id) => remotes.get(id)?.tracks);
  }

  underWay(input: string): number {
    const counts = this.#init.graph.from(undefined, input).map((wire) => {
      const { node, port } = wire.link.to;
      const remote = node === undefined ? undefined : this.#remotes?.get(node);
      return (this.#wiring.queueOf(wire)?.size ?? 0) + (remote?.underWay?.(port) ?? 0);
    });
    return Math.max(0, ...counts);
  }

  /** Opens all nodes and remotes and starts. @throws {MeshError} the first failure; nothing is left open then */
  async open(): Promise<void> {
    const { signal } = this.#init.request;
    if (signal.aborted) throw MeshError.from(signal.reason, "cancelled");
    this.#unlisten = whenAborted(signal, () => void this.close(MeshError.from(signal.reason, "cancelled")));
    try {
      await new Promise<void>((resolve, reject) => {
        this.#giveUp = reject;
        this.#openAll().then(resolve, reject);
      });
    } catch (error) {
      await this.close(MeshError.from(error));
      throw (await this.closed).error ?? MeshError.from(error);
    } finally {
      this.#giveUp = undefined;
    }
    this.#start();
  }

  close(error?: MeshError): Promise<void> {
    this.#closing ??= this.#tearDown(error ?? new MeshError("cancelled", "The session was closed by its caller."));
    return this.#closing;
  }

  adopt(context: RequestContext): void {
    this.#common.session.adopt(context);
    for (const remote of this.#remotes?.all ?? []) remote.adopt?.(this.#common.session.passedOn);
  }

  describe(): SessionDescription {
    const { plan, cells, request } = this.#init;
    return describeSession({
      id: this.id,
      plan,
      cells,
      nodes: this.#nodes.all,
      remotes: this.#remotes?.all ?? [],
      wiring: this.#wiring,
      inputs: this.inputs,
      border: request.border?.(),
    });
  }

  // ---- opening ------------------------------------------------------------------------------------------------

  async #openAll(): Promise<void> {
    const { plan, met, cells, blueprints } = this.#init;
    const wiring = this.#wiring;
    const nodes = this.#nodes;
    const parts: WiringParts = {
      splits: () => this.#madeSplits,
      nodes,
      outputs: (id) => nodes.get(id)?.shape.ports ?? [],
      triggers: (node, port) => this.#triggers(node, port),
    };
    const remotes = await this.#remotes?.openUnsettled(parts);
    cells.fix();
    const blueprint = blueprints.of(met, cells);
    this.#formats = blueprint.formats;
    nodes.build(blueprint);
    for (const port of Object.keys(plan.inputs)) this.#openInput(port, blueprint, parts);
    this.#init.onSettled?.(this);
    await Promise.all([nodes.open(), ...(remotes ?? []).map((remote) => this.#remotes?.open(remote, parts))]);
    for (const node of nodes.all) {
      for (const output of node.outputs) output.connect(wiring.spread(node.id, output.name, parts).outlet);
      node.connect(wiring.rooms(node.id, parts));
    }
    wiring.connected();
  }

  #openInput(port: string, blueprint: Blueprint, parts: WiringParts): void {
    const type = blueprint.formats.inputs[port];
    const spread = this.#wiring.spread(undefined, port, parts);
    if (type === undefined) {
      spread.outlet?.end();
      return;
    }
    const { request, schemas, plan } = this.#init;
    const [sent, own] = [request.inputs[port], plan.inputs[port]?.type];
    const cut = sent && own && cutBetween(sent, own, { producer: request.schemas, consumer: schemas });
    this.inputs[port] = new EntryLink({
      name: port,
      spread,
      cut,
      check: blueprint.checks.get(port),
      type,
      onEpoch: (epoch) => {
        this.#heard.hear(epoch);
        this.#common.onEpoch({ port }, epoch);
      },
      onAbort: this.#common.onFailure,
    });
  }

  get #madeSplits(): Splits {
    const { plan, params, deps } = this.#init;
    this.#splits ??= new Splits({
      pipeline: plan,
      memory: deps.splits ?? new SplitMemory(),
      clock: deps.clock,
      resolve: (value) => resolveValue(value, { params, env: deps.env, location: plan.location }),
      onFailure: (error) => this.#callFailed(MeshError.from(error)),
    });
    return this.#splits;
  }

  // ---- epochs -------------------------------------------------------------------------------------------------

  /** Most sessions have but one, so it is made for the second. */
  get #epoch(): Epochs {
    const { outputs } = this.#init.request;
    this.#epochs ??= new Epochs({
      wiring: this.#wiring,
      onNodes: (nodes, epoch) => this.#flushNodes(nodes, epoch),
      onOutputs: (ports, epoch) => {
        for (const port of ports) outputs[port]?.link.flush?.(epoch);
      },
    });
    return this.#epochs;
  }

  /** The flushes of the program that a frame at a port sets off. */
  #triggers(node: string | undefined, port: string): Way[] {
    return (this.#init.plan.flushes ?? [])
      .filter(({ from }) => from.node === node && from.port === port)
      .map((flush): Way => {
        const region = { nodes: new Set(flush.nodes), outputs: new Set(flush.outputs) };
        return {
          outlet: { offer: () => this.#epoch.begin(region), end: () => undefined },
          rooms: [],
          branch: flush.branch ?? [],
        };
      });
  }

  #flushNodes(nodes: ReadonlySet<string>, epoch: number): void {
    this.#splits?.flush(nodes, epoch);
    for (const id of nodes) this.#nodes.get(id)?.flush(epoch);
    this.#remotes?.flush(nodes, epoch);
  }

  // ---- key frames ---------------------------------------------------------------------------------------------

  #keyFrameSource(vertex: string | undefined): KeyFrameSource | undefined {
    if (vertex === undefined) return { requestKeyFrame: (port) => this.inputs[port]?.requestKeyFrame() === true };
    return this.#nodes.get(vertex) ?? this.#remotes?.keyFrameSource(vertex);
  }

  // ---- running ------------------------------------------------------------------------------------------------

  #start(): void {
    const { plan, request, schemas } = this.#init;
    this.#nodes.start();
    this.#carriages = Object.entries(request.outputs).map(([port, { type, link }]) => {
      if (type.kind === "video") link.onKeyFrameRequest?.(() => this.#keyFrames.into(undefined, port));
      const own = plan.outputs[port]?.type;
      const cut = own && cutBetween(own, type, { producer: schemas, consumer: request.schemas });
      const channels = this.#wiring.before(undefined, port);
      return new Carriage(channels, new CallerLink(link, this.#heard, cut, channels.length > 1), {
        soon: this.#soon,
        onEnd: () => {
          link.end();
          this.#ending.outputEnded();
        },
        onFailure: this.#common.onFailure,
      });
    });
    // A source may have ended the session meanwhile.
    if (this.#closing !== undefined) return;
    for (const carriage of this.#carriages) carriage.start();
    this.#remotes?.start(this.#ending, this.#keyFrames);
    this.#ending.start();
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
    this.#unlisten?.();
    this.#ending.close();
    for (const carriage of this.#carriages) carriage.stop(reason);
    this.#remotes?.stop(reason);
    this.#nodes.stop();
    this.#splits?.close(reason);
    for (const link of Object.values(this.inputs)) link.shut(reason);
    this.#wiring.abort(reason);
    const closed = Promise.all([this.#nodes.close(reason), this.#remotes?.close(error)]);
    this.#giveUp?.(reason);
    await closed;
    this.#resolveClosed({ error });
  }
}
