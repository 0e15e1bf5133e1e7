/**
 * The plan: what the compiler writes and the runtime runs. Plain, versioned data, checked by Zod where it is read.
 *
 * Pipelines are flat: a pipeline that stands where a node may is inlined, and the converters of `~>` are ordinary
 * nodes marked `inserted`.
 */
import { z } from "zod";
import { capabilitySchemas } from "./capabilities.ts";
import type { Dimension, FlowType, Schema } from "./caps.ts";
import type { JsonValue } from "./frame.ts";

// What peers provide and pipelines require is part of the plan.
export {
  comparable,
  compareValues,
  conditionHolds,
  literalsOnly,
  partHolds,
  valuesAt,
  type Capability,
  type CapabilityValue,
  type Condition,
  type ConditionPart,
  type KnownValue,
  type Verdict,
} from "./capabilities.ts";

/** The only version this runtime reads. */
export const planVersion = 1;

const name = z.string().min(1).max(256);

/** Lines and columns count from 1. */
const location = z.object({ file: z.string(), line: z.int().min(1), column: z.int().min(1) });

const resolution = z.object({ width: z.int().positive(), height: z.int().positive() });
const dimensionValue = z.union([z.string(), z.number(), resolution]);
const alternative = z.union([
  dimensionValue,
  z.strictObject({ min: dimensionValue.optional(), max: dimensionValue.optional() }),
]);
const dimension = z.union([
  z.array(alternative).min(1).max(64),
  z.strictObject({ cell: z.int().min(0) }),
]) as z.ZodType<Dimension>;

export const flowType: z.ZodType<FlowType> = z.lazy(() =>
  z.discriminatedUnion("kind", [
    z.object({ kind: z.enum(["audio", "video", "tensor"]), dims: z.record(z.string(), dimension) }),
    z.object({
      kind: z.literal("scalar"),
      name: z.enum([
        "text",
        "bytes",
        "json",
        "bool",
        "int",
        "float",
        "duration",
        "frequency",
        "size",
        "bitrate",
        "framerate",
        "resolution",
        "decibel",
        "percentage",
        "channels",
        "version",
      ]),
      min: z.number().optional(),
      max: z.number().optional(),
      pattern: z.string().max(1024).optional(),
    }),
    z.object({ kind: z.literal("signal") }),
    z.object({ kind: z.literal("named"), name }),
    z.object({ kind: z.literal("list"), element: flowType }),
    z.object({ kind: z.literal("optional"), element: flowType }),
    z.object({ kind: z.literal("map"), element: flowType }),
  ]),
) as z.ZodType<FlowType>;

export const schema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("record"),
    fields: z.array(z.object({ name, type: flowType, optional: z.boolean() })).max(1024),
  }),
  z.object({ kind: z.literal("enum"), values: z.array(z.string()).max(1024) }),
]) as z.ZodType<Schema>;

const json: z.ZodType<JsonValue> = z.json() as z.ZodType<JsonValue>;

/** A value known when a pipeline is launched: a literal, a parameter of the pipeline, an environment variable. */
const value = z.union([
  z.strictObject({ literal: json }),
  z.strictObject({ param: name }),
  z.strictObject({ env: name, default: json.optional() }),
]);
export type PlanValue = z.infer<typeof value>;

const port = z.object({
  type: flowType,
  /** May be left unconnected. */
  optional: z.boolean().optional(),
});

const parameter = z.object({ name, type: flowType, default: value.optional() });

const node = z.object({
  id: name,
  /** The name of the node in the language. */
  node: name,
  /** Undefined for an abstract node, which gets its code at launch. */
  implementation: z.object({ module: name, export: name }).optional(),
  params: z.record(name, value),
  inputs: z.record(name, port),
  outputs: z.record(name, port),
  /** Put in by the compiler for a `~>`. */
  inserted: z.boolean().optional(),
  location,
});

const target = z.discriminatedUnion("kind", [
  /** A pipeline of a declared peer, by the name under which it runs there. */
  z.object({ kind: z.literal("peer"), peer: name, pipeline: name, text: z.string() }),
  z.object({ kind: z.literal("uri"), uri: value, text: z.string() }),
  /** A pipeline of this plan, run in this process. */
  z.object({ kind: z.literal("local"), pipeline: name, params: z.record(name, value), text: z.string() }),
  /** Any pipeline of this name that the signaling service knows and for whose peer all of `where` holds. */
  z.object({
    kind: z.literal("service"),
    service: name,
    where: z.array(capabilitySchemas.condition).max(64),
    prefer: z.enum(["round_robin", "fastest", "least_loaded", "adaptive"]),
    text: z.string(),
  }),
]);

const policy = z.object({
  retryTimes: z.int().min(0).max(1000),
  backoffMinMs: z.number().min(0),
  backoffMaxMs: z.number().min(0),
  connectTimeoutMs: z.number().positive(),
  idleTimeoutMs: z.number().positive().optional(),
  callTimeoutMs: z.number().positive().optional(),
  /** `breaker 5 failures in 30s, open 10s`: so many failures within the window keep the target from being tried. */
  breaker: z
    .object({ failures: z.int().min(1).max(1_000_000), windowMs: z.number().positive(), openMs: z.number().positive() })
    .optional(),
  /** Absent for `auto`: streams by WebRTC, `batch` by gRPC. */
  via: z.enum(["webrtc", "grpc"]).optional(),
  /** How long sent frames are kept, to be sent again after a reconnect. */
  resumeMs: z.number().min(0).optional(),
  /** How long an earlier target must be back before the session returns to it; absent: it stays where it is. */
  failbackAfterMs: z.number().min(0).optional(),
  /** Both sides must prove an identity (mutual TLS or its like); that of the target must match the SPIFFE pattern. */
  auth: z.object({ method: z.literal("mtls"), identity: z.string().max(2048) }).optional(),
});

/** What a `remote` declares; in the runtime an `HFPipelineNode`. */
const remote = z.object({
  id: name,
  interface: name,
  inputs: z.record(name, port),
  outputs: z.record(name, port),
  targets: z.array(target).min(1).max(64),
  policy,
  /** What the interface asks of a peer; held against discovered ones when a session opens. */
  requires: z.array(capabilitySchemas.condition).max(256).optional(),
  location,
});

/** One end of a link: a port of the pipeline itself (`node` absent), or of a node or remote. */
const end = z.object({ node: name.optional(), port: name });

const link = z.object({
  from: end,
  to: end,
  /** The solved format. */
  type: flowType,
  capacityFrames: z.int().min(1).max(65_536),
  overflow: z.enum(["block", "drop_oldest", "drop_newest", "error"]),
  delivery: z.enum(["reliable", "live"]),
  location,
});

const pipeline = z.object({
  name,
  params: z.array(parameter),
  inputs: z.record(name, port),
  outputs: z.record(name, port),
  /** Dimensions that stay open until a session opens and that several ports share; null is entirely open. */
  cells: z.array(z.object({ dimension: name, allowed: dimension.nullable() })),
  nodes: z.array(node),
  remotes: z.array(remote),
  links: z.array(link),
  /** What the peer that runs it must provide: its own needs, and those of all that runs with it in the process. */
  requires: z.array(capabilitySchemas.condition).max(1024).optional(),
  location,
});

const peer = z.object({
  name,
  runs: z.array(
    z.object({
      pipeline: name,
      as: name,
      params: z.record(name, value),
      /** One instance for all callers; otherwise each caller gets its own. */
      shared: z.boolean().optional(),
    }),
  ),
  listens: z.array(value),
  registers: z.array(value),
  provides: z.array(capabilitySchemas.capability).max(1024).optional(),
  /** SPIFFE patterns of those who may call; security is on as soon as there is one. */
  allows: z.array(value).optional(),
  /** SPIFFE patterns of those who may change what runs. */
  admin: z.array(value).optional(),
  location,
});

export const plan = z.object({
  version: z.literal(planVersion),
  /** The file it was made from, relative to the project. */
  source: z.string(),
  compiler: z.string(),
  schemas: z.record(name, schema),
  pipelines: z.record(name, pipeline),
  peers: z.record(name, peer),
});

export type Plan = z.infer<typeof plan>;
export type PipelinePlan = z.infer<typeof pipeline>;
export type NodePlan = z.infer<typeof node>;
export type RemotePlan = z.infer<typeof remote>;
export type TargetPlan = z.infer<typeof target>;
export type PolicyPlan = z.infer<typeof policy>;
export type LinkPlan = z.infer<typeof link>;
export type LinkEnd = z.infer<typeof end>;
export type PortPlan = z.infer<typeof port>;
export type ParameterPlan = z.infer<typeof parameter>;
export type PeerPlan = z.infer<typeof peer>;

/** What a remote does when its policy says nothing. */
export const defaultPolicy: PolicyPlan = {
  retryTimes: 2,
  backoffMinMs: 100,
  backoffMaxMs: 10_000,
  connectTimeoutMs: 5_000,
};

/** Frames that wait at most in a queue inside a peer when the link says nothing. */
export const defaultCapacityFrames = 64;

/**
 * Reads a plan that came from a file or another program.
 * @throws {Error} that names the first place that is not as it should be
 */
export function readPlan(data: unknown): Plan {
  const found = z.object({ version: z.unknown() }).safeParse(data);
  if (found.success && found.data.version !== planVersion) {
    throw new Error(
      `This plan has version ${String(found.data.version)}; this runtime reads version ${planVersion}. ` +
        "Build the `.mesh` file again with the compiler that belongs to this runtime.",
    );
  }
  const result = plan.safeParse(data);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Error(`Not a plan: ${issue?.path.join(".") || "the value"}: ${issue?.message ?? "unreadable"}.`);
}
