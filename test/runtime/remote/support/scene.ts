import type { FlowType, Schemas } from "../../../../runtime/interface/caps.ts";
import type { Clock } from "../../../../runtime/interface/clock.ts";
import type { PipelineDescription } from "../../../../runtime/interface/description.ts";
import { MeshError } from "../../../../runtime/interface/errors.ts";
import type { Frame, Payload } from "../../../../runtime/interface/frame.ts";
import type { Link } from "../../../../runtime/interface/link.ts";
import { defineNode, type NodeDefinition } from "../../../../runtime/interface/node.ts";
import type { PipelineEndpoint, PipelineSession, SessionRequest } from "../../../../runtime/interface/session.ts";
import type { Plan } from "../../../../runtime/interface/plan.ts";
import { describePipeline } from "../../../../runtime/pipeline/description.ts";
import { pipelineEndpoint } from "../../../../runtime/pipeline/endpoint.ts";
import { remotePipeline } from "../../../../runtime/remote/caller.ts";
import { servePipelines, type PipelineHost, type ServedPipeline } from "../../../../runtime/remote/host.ts";
import { memoryNetwork, type MemoryNetwork } from "../../../../runtime/transports/memory/network.ts";
import type { PipelineDeps } from "../../../../runtime/pipeline/deps.ts";
import { PipelineBuilder, planWith } from "../../../support/pipeline-plan-builder.ts";
import { seededRandom } from "../../../support/real-clock.ts";
import { RawPeer } from "./raw-peer.ts";
import { virtualClock, type VirtualClock } from "./virtual-clock.ts";

export const text: FlowType = { kind: "scalar", name: "text" };

/** `a -> Echo() -> b`, of one type throughout. */
export function echoPlan(type: FlowType = text, schemas: Schemas = {}): Plan {
  const echo = new PipelineBuilder("P", { a: type }, { b: type })
    .node("Echo", { in: type }, { out: type })
    .link("a", "Echo.in")
    .link("Echo.out", "b");
  return { ...planWith(echo), schemas };
}

/** What the executor needs, for nodes by the names in the plan. */
export function depsFor(clock: Clock, nodes: Readonly<Record<string, NodeDefinition>>): PipelineDeps {
  return {
    clock,
    random: seededRandom(1),
    log: () => undefined,
    env: () => undefined,
    registry: (node) => {
      const found = nodes[node.node];
      if (found === undefined) throw new MeshError("invalid-argument", `There is no code for \`${node.node}\`.`);
      return found;
    },
    openRemote: () => {
      throw new Error("this test has no remotes");
    },
    onEvent: () => undefined,
  };
}

/** Sends on what it gets, with a mark behind it when there is one. */
export const marking = (mark: string): NodeDefinition =>
  defineNode({
    sync: true,
    open: (_, { emit }) => ({
      process: (frame) => void emit("out", mark === "" ? frame.payload : `${String(frame.payload)}${mark}`),
    }),
  });

export interface Scene {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
}

export function scene(): Scene {
  const clock = virtualClock();
  return { clock, network: memoryNetwork({ clock }) };
}

/** The pipeline `P` of a program as a host serves it. */
export function servedFrom(plan: Plan, endpoint: PipelineEndpoint): ServedPipeline {
  const { pipelines, schemas } = plan;
  const describe = (): PipelineDescription => describePipeline("P", pipelines["P"]!, schemas, {}, () => undefined);
  return { endpoint, schemas, describe };
}

/** Serves the pipeline `P` of a program at `memory://server`. */
export async function serve(
  { clock, network }: Scene,
  init: {
    readonly plan?: Plan;
    readonly nodes?: Record<string, NodeDefinition>;
    readonly endpoint?: PipelineEndpoint;
    readonly maxConnections?: number;
  } = {},
): Promise<PipelineHost> {
  const plan = init.plan ?? echoPlan();
  const deps = depsFor(clock, init.nodes ?? { Echo: marking("") });
  const endpoint = init.endpoint ?? pipelineEndpoint(plan, "P", deps);
  const host = servePipelines({
    find: (name) => (name === "P" ? servedFrom(plan, endpoint) : undefined),
    names: () => ["P"],
    clock,
    ...(init.maxConnections !== undefined && { maxConnections: init.maxConnections }),
  });
  await network.transport("server").listen("memory://server", host.accept);
  return host;
}

/** Waits at `memory://server` as a host that the test speaks for. */
export async function rawHost({ network }: Scene): Promise<{ readonly peers: RawPeer[] }> {
  const peers: RawPeer[] = [];
  await network.transport("server").listen("memory://server", (connection) => {
    peers.push(new RawPeer(connection));
  });
  return { peers };
}

/** Dials `memory://server/P` as a caller that the test speaks for. */
export async function rawCaller({ network }: Scene, name = "stranger"): Promise<RawPeer> {
  const { signal } = new AbortController();
  return new RawPeer(await network.transport(name).dial("memory://server/P", { signal }));
}

export interface TestLink extends Link {
  readonly frames: Frame[];
  readonly payloads: Payload[];
  readonly ends: number;
  readonly aborts: MeshError[];
  /** Frames it takes before it has no room; may be raised. */
  room: number;
  /** Whoever waits for room is refused from now on. */
  refuse(error: MeshError): void;
}

/** A link that keeps what it gets and everything that happens to it. */
export function testLink(room = Number.POSITIVE_INFINITY): TestLink {
  const frames: Frame[] = [];
  const aborts: MeshError[] = [];
  const waiting = new Set<{ resolve: () => void; reject: (error: MeshError) => void }>();
  let ends = 0;
  let refused: MeshError | undefined;
  return {
    frames,
    aborts,
    get payloads() {
      return frames.map((frame) => frame.payload);
    },
    get ends() {
      return ends;
    },
    get room() {
      return room;
    },
    set room(limit) {
      room = limit;
      for (const one of waiting) one.resolve();
      waiting.clear();
    },
    get writable() {
      return refused === undefined && frames.length < room;
    },
    ready() {
      if (refused !== undefined) return Promise.reject(refused);
      if (frames.length < room) return Promise.resolve();
      return new Promise((resolve, reject) => void waiting.add({ resolve, reject }));
    },
    send: (frame) => void frames.push(frame),
    end: () => void (ends += 1),
    abort: (error) => void aborts.push(error),
    refuse(error) {
      refused = error;
      for (const one of waiting) one.reject(error);
      waiting.clear();
    },
  };
}

/** Opens a session with `memory://server/P` through the protocol. */
export function call(
  { clock, network }: Scene,
  init: {
    readonly input?: FlowType;
    readonly output?: FlowType;
    readonly schemas?: Schemas;
    readonly signal?: AbortSignal;
    readonly connectTimeoutMs?: number;
    readonly params?: SessionRequest["params"];
    readonly pipeline?: string;
    readonly onInterrupted?: SessionRequest["onInterrupted"];
  } = {},
): { readonly opening: Promise<PipelineSession>; readonly b: TestLink } {
  const b = testLink();
  const endpoint = remotePipeline({
    transport: network.transport("caller"),
    uri: `memory://server/${init.pipeline ?? "P"}`,
    clock,
    random: seededRandom(2),
    ...(init.connectTimeoutMs !== undefined && { connectTimeoutMs: init.connectTimeoutMs }),
  });
  const opening = endpoint.open({
    params: init.params ?? {},
    inputs: { a: init.input ?? text },
    outputs: { b: { type: init.output ?? text, link: b } },
    schemas: init.schemas ?? {},
    signal: init.signal ?? new AbortController().signal,
    onInterrupted: init.onInterrupted,
  });
  opening.catch(() => undefined);
  return { opening, b };
}

export function frameOf(payload: Payload, seq = 0, epoch = 0): Frame {
  return { timestampUs: seq * 1_000, seq, epoch, flags: 0, payload };
}

/** The error of a promise that must reject with one of the runtime. */
export async function failureOf(promise: Promise<unknown>): Promise<MeshError> {
  const error = await promise.then(
    () => new Error("it succeeded"),
    (reason: unknown) => reason,
  );
  if (error instanceof MeshError) return error;
  throw error;
}

/** Writes payloads with back-pressure, then ends. */
export async function feed(session: PipelineSession, port: string, payloads: Iterable<Payload>): Promise<void> {
  const link = session.inputs[port] as Link;
  let seq = 0;
  for (const payload of payloads) {
    if (!link.writable) await link.ready();
    link.send(frameOf(payload, seq));
    seq += 1;
  }
  link.end();
}
