import { MeshError } from "../interface/errors.ts";
import type { MeshEvent, OnEvent } from "../interface/events.ts";
import type { PeerPlan, Plan, RemotePlan, TargetPlan } from "../interface/plan.ts";
import type {
  PipelineEndpoint,
  PipelineSession,
  SessionDescription,
  SessionRequest,
  TransportFallback,
} from "../interface/session.ts";
import type { Topology } from "../interface/topology.ts";
import { nothingListens } from "../interface/transport.ts";
import type { NodeRegistry, PipelineDeps } from "../pipeline/deps.ts";
import { pipelineEndpoint } from "../pipeline/endpoint.ts";
import { resolveValue, resolveValues } from "../pipeline/parameters.ts";
import type { OpenRemote } from "../pipeline/running-remote.ts";
import { SplitMemory } from "../pipeline/splits/split-memory.ts";
import type { PlaceOf } from "../pipeline/value-place.ts";
import type { WatchdogLimits } from "../pipeline/watchdog.ts";
import { HFPipelineNode } from "../remote/hf-pipeline-node.ts";
import { TargetMemory } from "../remote/target-health.ts";
import type { HFTarget } from "../remote/targets.ts";
import type { HeartbeatOptions } from "../remote/heartbeat.ts";
import { Patience } from "../remote/patience.ts";
import { chooseAddress, type ChosenAddress } from "./choose-address.ts";
import { transportFor } from "./connect.ts";
import { pointingToDoctor } from "./doctor-hint.ts";
import type { CloseOptions, PeersLeaving, ServedPeer } from "./draining.ts";
import { OpenSessions } from "./open-sessions.ts";
import type { MeshPlatform } from "./platform.ts";
import type { ServiceLookup } from "./service-lookup.ts";
import type { CandidateMemory } from "./service-target.ts";
import type { SharedEndpoints } from "./shared-runs.ts";
import { topologyPeers } from "./topology-peers.ts";

export type { CloseOptions } from "./draining.ts";
export type { MeshPlatform } from "./platform.ts";

export interface LaunchOptions {
  /** The peers of the plan to run here; all of them by default. */
  readonly peers?: readonly string[];
  readonly registry: NodeRegistry;
  readonly onEvent?: OnEvent;
  /** Signaling services that the peers make themselves known to, beside those of their program, and ask for others. */
  readonly registers?: readonly string[];
  /** Signaling services that are asked first for pipelines, without the peers being registered there. */
  readonly discovers?: readonly string[];
  /** The ids of peers at those services, by their names; left out, they get one. */
  readonly ids?: Readonly<Record<string, string>>;
  readonly heartbeat?: HeartbeatOptions;
  /** When nodes that do not answer are reported, and given up; by default they are reported after 10 s. */
  readonly watchdog?: WatchdogLimits;
  /**
   * `placeOf`, while a program is developed: whole values are looked at as they come out of a node, with fields, ranges and
   * patterns; left out, their kind is. At the borders of a pipeline whole values are looked at in any case.
   */
  readonly checks?: PlaceOf;
}

export interface RunningPeer {
  readonly name: string;
  /** Where it listens, with the actual ports. */
  readonly addresses: readonly string[];
}

/** Peers of a plan that run in this process. */
export interface Mesh extends AsyncDisposable {
  readonly peers: readonly RunningPeer[];
  /** Opens a session with a pipeline of the plan, in this process. */
  open(pipeline: string, request: SessionRequest): Promise<PipelineSession>;
  /** Every session that runs here now. */
  sessions(): readonly SessionDescription[];
  /** The peers that run here, their pipelines and sessions, and what those are connected to (spec R13.3). */
  topology(): Topology;
  /**
   * Ends the sessions that were opened here, takes nobody new, and waits for the calls that were taken, and for sessions of
   * callers where it is told to; then ends all and stops listening. Peers leave one after the other, each before those that
   * it calls. Calling it again waits for the same end, and may make it come sooner.
   */
  close(options?: CloseOptions): Promise<void>;
}

/**
 * Starts peers of a plan: each listens and serves the pipelines that it runs.
 * @throws {MeshError} `address-in-use`, `invalid-argument` for a peer that the plan does not have; nothing is left running then
 */
export async function launchPlan(plan: Plan, platform: MeshPlatform, options: LaunchOptions): Promise<Mesh> {
  const mesh = new LocalMesh(plan, platform, options);
  try {
    await mesh.start();
  } catch (error) {
    await mesh.close();
    throw error;
  }
  return mesh;
}

class LocalMesh implements Mesh {
  readonly peers: RunningPeer[] = [];
  readonly #plan: Plan;
  readonly #platform: MeshPlatform;
  readonly #options: LaunchOptions;
  readonly #served: ServedPeer[] = [];
  /** Sessions that were opened by this process itself. */
  readonly #own = new Set<PipelineSession>();
  /** Lets go of the connections that are kept for whoever calls next. */
  readonly #letGo: (() => Promise<void>)[] = [];
  readonly #sessions: OpenSessions;
  readonly #deps: PipelineDeps;
  readonly #memory: TargetMemory;
  readonly #endpoints = new Map<string, PipelineEndpoint>();
  #lookup: Promise<ServiceLookup> | undefined;
  #shared: SharedEndpoints | undefined;
  /** Comes with what serves: a page, which serves nobody, need not load it. */
  #leave: typeof PeersLeaving | undefined;
  #leaving: PeersLeaving | undefined;
  #closing: Promise<void> | undefined;

  constructor(plan: Plan, platform: MeshPlatform, options: LaunchOptions) {
    this.#plan = plan;
    this.#platform = platform;
    this.#options = options;
    this.#sessions = new OpenSessions(platform.clock, this.#emit);
    this.#memory = new TargetMemory(platform.clock);
    const { clock, random, log, env } = platform;
    this.#deps = {
      clock,
      random,
      log,
      env,
      registry: options.registry,
      openRemote: this.#openRemote,
      splits: new SplitMemory(),
      onEvent: this.#emit,
      ...(options.watchdog !== undefined && { watchdog: options.watchdog }),
      ...(options.checks !== undefined && { checks: options.checks }),
    };
  }

  async start(): Promise<void> {
    if (reachesOut(this.#plan) || (this.#options.registers ?? []).length > 0) {
      const { transports, calls, env } = this.#platform;
      const schemes = schemesOf(this.#plan, env);
      // What is found by signaling, and calls that it passes on, come by whatever there is.
      if (usesSignaling(this.#plan, this.#options.registers)) for (const { scheme } of transports) schemes.add(scheme);
      const used = transports.filter(({ scheme }) => schemes.has(scheme));
      await Promise.all([calls(), ...used.map((transport) => transport.prepare?.())]);
      for (const transport of used) {
        const letGo = await transport.keepIdle?.();
        if (letGo !== undefined) this.#letGo.push(letGo);
      }
    }
    if (isShared(this.#plan)) {
      const share = await this.#platform.share?.();
      this.#shared = share?.(this.#plan, this.#deps, this.#sessions);
    }
    for (const name of this.#options.peers ?? Object.keys(this.#plan.peers)) {
      const peer = Object.hasOwn(this.#plan.peers, name) ? this.#plan.peers[name] : undefined;
      if (peer === undefined) {
        const known = Object.keys(this.#plan.peers).join(", ") || "none";
        throw new MeshError("invalid-argument", `The plan has no peer \`${name}\`; its peers are: ${known}.`);
      }
      await this.#startPeer(peer);
    }
  }

  async open(pipeline: string, request: SessionRequest): Promise<PipelineSession> {
    const owners = Object.values(this.#plan.peers).filter(({ runs }) => runs.some((run) => run.pipeline === pipeline));
    const here = owners.find(({ name }) => this.peers.some((peer) => peer.name === name));
    const run = here?.runs.find((one) => one.pipeline === pipeline);
    const endpoint = (here && run && this.#shared?.of(here, run)) ?? this.#endpoint(pipeline);
    if (this.#closing !== undefined) throw stops();
    const session = await this.#sessions.open((here ?? owners[0])?.name ?? "", pipeline, endpoint, request);
    this.#own.add(session);
    void session.closed.then(() => this.#own.delete(session));
    if (this.#closing !== undefined) void session.close(stops());
    return session;
  }

  /** @throws {MeshError} `pipeline-not-found` */
  #endpoint(pipeline: string): PipelineEndpoint {
    const known = this.#endpoints.get(pipeline) ?? pipelineEndpoint(this.#plan, pipeline, this.#deps);
    this.#endpoints.set(pipeline, known);
    return known;
  }

  sessions(): readonly SessionDescription[] {
    return this.#sessions.describe();
  }

  topology(): Topology {
    const { clock, env } = this.#platform;
    const peers = topologyPeers({ plan: this.#plan, peers: this.peers, sessions: this.#sessions, env });
    return { version: 1, atMs: clock.wallMs(), peers };
  }

  close(options: CloseOptions = {}): Promise<void> {
    this.#leaving?.hasten(options);
    this.#closing ??= this.#stop(options);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  readonly #emit = (event: MeshEvent): void => this.#options.onEvent?.(event);

  async #stop(options: CloseOptions): Promise<void> {
    const { clock } = this.#platform;
    const peers = this.#served;
    const leave = { plan: this.#plan, clock, onEvent: this.#emit, peers };
    this.#leaving = this.#leave && new this.#leave(leave, options);
    const own = [...this.#own].map((session) => session.close(stops()));
    await this.#leaving?.run();
    await Promise.allSettled([...own, this.#sessions.close(stops())]);
    await Promise.allSettled(peers.flatMap(({ listeners }) => listeners.map((listener) => listener.close())));
    await Promise.allSettled(this.#letGo.map((letGo) => letGo()));
    (await this.#lookup)?.close();
  }

  async #startPeer(peer: PeerPlan): Promise<void> {
    const addresses: string[] = [];
    const { serve } = this.#platform;
    if (serve === undefined && peer.listens.length > 0) throw nothingListens();
    const served: ServedPeer = { name: peer.name, hosts: [], listeners: [] };
    this.#served.push(served);
    await serve?.({
      peer,
      plan: this.#plan,
      platform: this.#platform,
      sessions: this.#sessions,
      endpointOf: (run) => {
        const shared = this.#shared?.of(peer, run);
        return { endpoint: shared ?? this.#endpoint(run.pipeline), shared: shared !== undefined };
      },
      heartbeat: this.#options.heartbeat,
      registers: this.#registersOf(peer),
      id: this.#options.ids?.[peer.name],
      onEvent: this.#emit,
      leaveBy: (leave) => (this.#leave = leave),
      onHost: (host) => served.hosts.push(host),
      onListener: (listener) => {
        served.listeners.push(listener);
        if (listener.address === "") return;
        addresses.push(listener.address);
        this.#emit({ kind: "peer-listening", peer: peer.name, address: listener.address });
      },
    });
    this.peers.push({ name: peer.name, addresses });
  }

  readonly #openRemote: OpenRemote = (init) => {
    const { clock, random, standIns } = this.#platform;
    const given = standIns?.(init.plan, init.pipeline)?.map((endpoint, index): HFTarget => {
      const { text } = init.plan.targets[index] ?? { text: "a stand-in" };
      return { text, params: {}, endpoint };
    });
    const declared = init.plan.targets.map((target): HFTarget => {
      const { id: remote, location } = init.plan;
      let last: TransportFallback | undefined;
      const onFallback = (fallback: TransportFallback | undefined): void => {
        last = fallback;
        if (fallback === undefined) return;
        const { session, onEvent } = init;
        onEvent({ kind: "remote-transport", session, remote, target: target.text, ...fallback, location });
      };
      return {
        text: target.text,
        params:
          target.kind === "local"
            ? resolveValues(target.params, { params: init.params, env: this.#platform.env, location })
            : {},
        endpoint: this.#targetEndpoint(target, init, onFallback),
        fallback: () => last,
      };
    });
    const targets = given ?? declared;
    const health = this.#memory.of(init.pipeline, init.plan.id, init.plan.policy, targets.length);
    return new HFPipelineNode({ ...init, targets, health, clock, random });
  };

  #targetEndpoint(
    target: TargetPlan,
    init: Parameters<OpenRemote>[0],
    onFallback: (fallback: TransportFallback | undefined) => void,
  ): PipelineEndpoint {
    const remote = init.plan;
    const { location } = remote;
    if (target.kind === "local") return this.#endpoint(target.pipeline);
    if (target.kind === "service") return this.#serviceEndpoint(target, init, onFallback);
    // An address may only be known once its peer runs, so it is looked up when it is dialled.
    const uriOf = (): ChosenAddress => {
      if (target.kind === "uri") {
        return { address: String(resolveValue(target.uri, { params: {}, env: this.#platform.env, location })) };
      }
      const { address, ...more } = this.#addressOf(target.peer, remote);
      return { address: `${address}/${target.pipeline}`, ...more };
    };
    const heartbeat = { ...this.#options.heartbeat, patience: new Patience() };
    return {
      standBy: async (signal) => {
        const { address } = uriOf();
        return transportFor(this.#platform, address).standBy?.(address, { signal });
      },
      open: async (request) => {
        const { address, fallback } = uriOf();
        onFallback(fallback);
        return this.#endpointAt(address, remote, heartbeat).open(request);
      },
    };
  }

  /** The pipeline at an address. */
  #endpointAt(
    uri: string,
    remote: RemotePlan,
    heartbeat: HeartbeatOptions = { ...this.#options.heartbeat, patience: new Patience() },
  ): Pick<PipelineEndpoint, "open"> {
    const { policy } = remote;
    return {
      open: async (request) => {
        const { clock, random } = this.#platform;
        const { remotePipeline } = await this.#platform.calls();
        const transport = transportFor(this.#platform, uri);
        const streamed = remotePipeline({
          transport,
          uri,
          clock,
          random,
          connectTimeoutMs: policy.connectTimeoutMs,
          heartbeat,
        });
        if (remote.batch !== true) return pointingToDoctor(uri, () => streamed.open(request));
        const { batchEndpoint } = await import("../calls/batch-endpoint.ts");
        const idempotent = remote.idempotent === true;
        const { unary } = transport;
        const batch = batchEndpoint({ uri, unary, streamed, policy, idempotent, clock, random });
        return pointingToDoctor(uri, () => batch.open(request));
      },
    };
  }

  /** What signaling services know of. */
  #serviceEndpoint(
    target: ServiceTarget,
    { plan: remote, pipeline, params }: Parameters<OpenRemote>[0],
    onFallback: (fallback: TransportFallback | undefined) => void,
  ): PipelineEndpoint {
    const { env, clock, random, signal: connect, transports } = this.#platform;
    const types = this.#plan.pipelines[pipeline]?.params ?? [];
    const conditions = [...target.where, ...(remote.requires ?? [])];
    const memory: CandidateMemory = {};
    const endpoint = async (): Promise<PipelineEndpoint> => {
      const [{ serviceEndpoint }, { ServiceLookup }, { knownConditions }] = await Promise.all([
        import("./service-target.ts"),
        import("./service-lookup.ts"),
        import("./known-capabilities.ts"),
      ]);
      if (connect === undefined) {
        const why = `\`${target.text}\` cannot be looked up: no signaling service can be asked here.`;
        throw new MeshError("peer-unreachable", why, { location: remote.location });
      }
      this.#lookup ??= Promise.resolve(new ServiceLookup({ clock, random, connect }));
      return serviceEndpoint({
        target,
        remote,
        services: this.#services(),
        lookup: await this.#lookup,
        where: () => knownConditions(conditions, { params, types, env }),
        schemes: transports.map(({ scheme }) => scheme),
        onFallback,
        at: (uri) => this.#endpointAt(uri, remote),
        standByAt: async (uri, signal) => transportFor(this.#platform, uri).standBy?.(uri, { signal }),
        random,
        memory,
      });
    };
    return {
      others: true,
      standBy: async (signal) => (await endpoint()).standBy?.(signal),
      open: async (request) => (await endpoint()).open(request),
    };
  }

  #registersOf({ registers, location }: PeerPlan): string[] {
    const { env } = this.#platform;
    const own = registers.map((one) => String(resolveValue(one, { params: {}, env, location })));
    return [...new Set([...(this.#options.registers ?? []), ...own])];
  }

  /** Where pipelines are looked for: the services of the peers that run here, else those of any peer of the program. */
  #services(): string[] {
    const { discovers = [] } = this.#options;
    const all = Object.values(this.#plan.peers);
    const here = all.filter(({ name }) => this.peers.some((peer) => peer.name === name));
    const ours = here.flatMap((peer) => this.#registersOf(peer));
    const any = ours.length > 0 ? ours : all.flatMap((peer) => this.#registersOf(peer));
    return [...new Set([...discovers, ...(this.#options.registers ?? []), ...any])];
  }

  #addressOf(key: string, remote: RemotePlan): ChosenAddress {
    const peer = this.#plan.peers[key];
    const running = this.peers.find((one) => one.name === peer?.name)?.addresses;
    const { env, transports } = this.#platform;
    const declared = peer?.listens.map((one) =>
      String(resolveValue(one, { params: {}, env, location: peer.location })),
    );
    const schemes = transports.map(({ scheme }) => scheme);
    return chooseAddress(key, running ?? declared ?? [], remote, schemes);
  }
}

type ServiceTarget = Extract<TargetPlan, { kind: "service" }>;

function isShared({ peers }: Plan): boolean {
  return Object.values(peers).some(({ runs }) => runs.some((run) => run.shared === true));
}

function stops(): MeshError {
  return new MeshError("cancelled", "The peer stops.");
}

/** The schemes of all addresses in the plan, as far as they can be read before they are used. */
function schemesOf({ peers, pipelines }: Plan, env: MeshPlatform["env"]): Set<string> {
  const remotes = Object.values(pipelines).flatMap(({ remotes: all }) => all);
  const targets = remotes.flatMap((remote) => remote.targets.flatMap((one) => (one.kind === "uri" ? [one.uri] : [])));
  const values = [...Object.values(peers).flatMap(({ listens }) => listens), ...targets];
  const texts = values.map((value) => {
    if ("literal" in value) return String(value.literal);
    return "env" in value ? (env(value.env) ?? String(value.default ?? "")) : "";
  });
  return new Set(
    texts.flatMap((text) => /^[A-Za-z][A-Za-z0-9.-]*(?=(?:\+wss?)?:)/.exec(text)?.[0].toLowerCase() ?? []),
  );
}

function usesSignaling({ peers, pipelines }: Plan, registers: readonly string[] = []): boolean {
  return (
    registers.length > 0 ||
    Object.values(peers).some((peer) => peer.registers.length > 0) ||
    Object.values(pipelines).some(({ remotes }) =>
      remotes.some(({ targets }) => targets.some(({ kind }) => kind === "service")),
    )
  );
}

/** True for a plan whose peers listen or call others. */
function reachesOut({ peers, pipelines }: Plan): boolean {
  return (
    Object.values(peers).some(({ listens, registers }) => listens.length + registers.length > 0) ||
    Object.values(pipelines).some(({ remotes }) =>
      remotes.some(({ targets }) => targets.some(({ kind }) => kind !== "local")),
    )
  );
}
