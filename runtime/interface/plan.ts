/**
 * The plan: what the compiler writes and the runtime runs. Plain, versioned data, checked by Zod where it is read.
 *
 * Pipelines are flat: a pipeline that stands where a node may is inlined, its nodes and remotes named `asr/Recognise`
 * after the place where it stood, and the converters of `~>` are ordinary nodes marked `inserted`. Fields that are left
 * out mean what their comment says, so that a plan stays short.
 *
 * Schemas are made when something is first read by them: making all of these takes longer than loading all else that a
 * program needs to start, and most are launched from plans that need no reading. They are marked `@__PURE__` for
 * bundlers to leave out of a page those by which it reads nothing.
 */
import * as z from "zod/mini";
import { int, list, read, text } from "./bounded.ts";
import { capabilitySchemas } from "./capabilities.ts";
import type { Dimension, FlowType, Schema } from "./caps.ts";
import type { JsonValue } from "./frame.ts";
import { planVersion } from "./plan-version.ts";

// What peers provide and pipelines require is part of the plan.
export type { Capability, CapabilityValue, Condition, ConditionPart, KnownValue } from "./capabilities.ts";

const name = text(1, 1024);
/** The name of an instance; longer than others, for it holds those of the pipelines around it. */
const instanceId = text(1, 16_384);

const positive = z.number().check(z.positive());
const notNegative = z.number().check(z.gte(0));

/** Lines and columns count from 1. */
const location = /* @__PURE__ */ z.lazy(() => z.object({ file: z.string(), line: int(1), column: int(1) }));

const resolution = /* @__PURE__ */ z.lazy(() => z.object({ width: int(1), height: int(1) }));
const dimensionValue = /* @__PURE__ */ z.lazy(() => z.union([z.string(), z.number(), resolution]));
const alternative = /* @__PURE__ */ z.lazy(() =>
  z.union([dimensionValue, z.strictObject({ min: z.optional(dimensionValue), max: z.optional(dimensionValue) })]),
);
const dimension = /* @__PURE__ */ z.lazy(() =>
  z.union([list(alternative, 1, 4096), z.strictObject({ cell: int(0) })]),
) as z.ZodMiniType<Dimension>;

export const flowType: z.ZodMiniType<FlowType> = /* @__PURE__ */ z.lazy(() =>
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
      min: z.optional(z.number()),
      max: z.optional(z.number()),
      between: z.optional(
        z.object({
          min: z.optional(z.union([z.string(), resolution])),
          max: z.optional(z.union([z.string(), resolution])),
        }),
      ),
      pattern: z.optional(text(0, 1024)),
    }),
    z.object({ kind: z.literal("signal") }),
    z.object({ kind: z.literal("named"), name }),
    z.object({ kind: z.literal("list"), element: flowType }),
    z.object({ kind: z.literal("optional"), element: flowType }),
    z.object({ kind: z.literal("map"), element: flowType }),
  ]),
) as z.ZodMiniType<FlowType>;

const json: z.ZodMiniType<JsonValue> = /* @__PURE__ */ z.lazy(() => z.json()) as z.ZodMiniType<JsonValue>;

export const schema = /* @__PURE__ */ z.lazy(() =>
  z.discriminatedUnion("kind", [
    z.object({
      kind: z.literal("record"),
      fields: list(z.object({ name, type: flowType, optional: z.boolean(), default: z.optional(json) }), 0, 1024),
    }),
    z.object({ kind: z.literal("enum"), values: list(z.string(), 0, 1024) }),
  ]),
) as z.ZodMiniType<Schema>;

/**
 * A value known at the latest when a session opens: a literal, a parameter of the pipeline, an environment variable, or
 * what a cell of the pipeline was fixed to. The text of a variable is read as a value of `type`, plain text where that is
 * left out, and has to hold what the type says.
 */
const value = /* @__PURE__ */ z.lazy(() =>
  z.union([
    z.strictObject({ literal: json }),
    z.strictObject({ param: name }),
    z.strictObject({ env: name, default: z.optional(json), type: z.optional(flowType) }),
    z.strictObject({ cell: int(0) }),
  ]),
);
export type PlanValue = z.infer<typeof value>;

const port = /* @__PURE__ */ z.lazy(() =>
  z.object({
    type: flowType,
    /** May be left unconnected. */
    optional: z.optional(z.boolean()),
  }),
);

const parameter = /* @__PURE__ */ z.lazy(() => z.object({ name, type: flowType, default: z.optional(value) }));

/**
 * How the inputs named here are brought together: only sets of one frame each go on, all other frames are dropped and
 * counted. `time`: frames whose media times lie within `withinMs` of each other. `index`: the first of each, the second
 * of each, and so on. `latest`: each frame of any input with the latest of the others, once all have one.
 */
const join = /* @__PURE__ */ z.lazy(() =>
  z.object({
    mode: z.enum(["time", "index", "latest"]),
    withinMs: z.optional(positive),
    inputs: list(name, 2, 256),
  }),
);

/** `with { restart: on_failure, attempts: 3, worker: true }` */
const run = /* @__PURE__ */ z.lazy(() =>
  z.object({
    /** What happens when the node throws; `attempts` counts the restarts of one session. */
    restart: z.enum(["never", "on_failure"]),
    attempts: int(1, 1000),
    /** In a thread of its own. */
    worker: z.boolean(),
  }),
);

const node = /* @__PURE__ */ z.lazy(() =>
  z.object({
    id: instanceId,
    /** The name of the node in the language. */
    node: name,
    /** Undefined for an abstract node, which gets its code at launch. */
    implementation: z.optional(z.object({ module: name, export: name })),
    /** Is part of the runtime: `join` hands each frame of a matched set on by the output named like its input. */
    builtin: z.optional(z.enum(["join"])),
    /** Called with one frame at a time, and answers each before the next, in order. */
    batch: z.optional(z.boolean()),
    /** How it is run; a failure ends the session where this is left out. */
    run: z.optional(run),
    /** Of a node: it is called once with the frames of a whole set. */
    join: z.optional(join),
    /** May close a loop of streams. */
    delays: z.optional(z.boolean()),
    /** A batch call may be sent again when its answer is lost. */
    idempotent: z.optional(z.boolean()),
    /** What the program declares that it takes for a frame. */
    latencyMs: z.optional(notNegative),
    params: z.record(name, value),
    inputs: z.record(name, port),
    outputs: z.record(name, port),
    /** Put in by the compiler for a `~>`. */
    inserted: z.optional(z.boolean()),
    location,
  }),
);

/**
 * From the interface's name of a port to the target's own: a sole input or output may be called otherwise there. Ports
 * that are not named here are called the same. Targets that are found at run time are matched by the same rule then.
 */
const portNames = /* @__PURE__ */ z.lazy(() =>
  z.object({ inputs: z.record(name, name), outputs: z.record(name, name) }),
);

const target = /* @__PURE__ */ z.lazy(() =>
  z.discriminatedUnion("kind", [
    /** A pipeline of a declared peer, by the name under which it runs there. */
    z.object({ kind: z.literal("peer"), peer: name, pipeline: name, ports: z.optional(portNames), text: z.string() }),
    z.object({ kind: z.literal("uri"), uri: value, text: z.string() }),
    /** A pipeline of this plan, run in this process. */
    z.object({
      kind: z.literal("local"),
      pipeline: name,
      params: z.record(name, value),
      ports: z.optional(portNames),
      text: z.string(),
    }),
    /** Any pipeline of this name that the signaling service knows and for whose peer all of `where` holds. */
    z.object({
      kind: z.literal("service"),
      service: name,
      where: list(capabilitySchemas.condition, 0, 64),
      prefer: z.enum(["round_robin", "fastest", "least_loaded", "adaptive", "hash"]),
      text: z.string(),
    }),
  ]),
);

const policy = /* @__PURE__ */ z.lazy(() =>
  z.object({
    retryTimes: int(0, 1000),
    backoffMinMs: notNegative,
    backoffMaxMs: notNegative,
    connectTimeoutMs: positive,
    idleTimeoutMs: z.optional(positive),
    callTimeoutMs: z.optional(positive),
    /** `breaker 5 failures in 30s, open 10s`: so many failures within the window keep the target from being tried. */
    breaker: z.optional(z.object({ failures: int(1, 1_000_000), windowMs: positive, openMs: positive })),
    /** Absent for `auto`: streams by WebRTC, `batch` by gRPC. */
    via: z.optional(z.enum(["webrtc", "grpc"])),
    /** How long sent frames are kept, to be sent again after a reconnect. */
    resumeMs: z.optional(notNegative),
    /** False for a remote that connects to its next target only when it needs that; absent: a connection stands by. */
    standby: z.optional(z.boolean()),
    /** How long an earlier target must be back before the session returns to it; absent: it stays where it is. */
    failbackAfterMs: z.optional(notNegative),
    /** Both sides must prove an identity (mutual TLS or its like); that of the target must match the SPIFFE pattern. */
    auth: z.optional(z.object({ method: z.literal("mtls"), identity: text(0, 2048) })),
  }),
);

/** What a `remote` declares; in the runtime an `HFPipelineNode`. */
const remote = /* @__PURE__ */ z.lazy(() =>
  z.object({
    id: instanceId,
    interface: name,
    /** Request and response. */
    batch: z.optional(z.boolean()),
    /** A call may be made twice, so one whose answer was lost may be repeated. */
    idempotent: z.optional(z.boolean()),
    inputs: z.record(name, port),
    outputs: z.record(name, port),
    targets: list(target, 1, 64),
    policy,
    /** What the interface asks of a peer; held against discovered ones when a session opens. */
    requires: z.optional(list(capabilitySchemas.condition, 0, 256)),
    location,
  }),
);

/** One end of a link: a port of the pipeline itself (`node` absent), or of a node or remote. */
const end = /* @__PURE__ */ z.lazy(() => z.object({ node: z.optional(instanceId), port: name }));

/** One of the branches of a split, from 0. */
const branchOf = /* @__PURE__ */ z.lazy(() => z.object({ split: name, branch: int(0, 4095) }));

/**
 * Where frames take one of several ways. A link that belongs to a branch names it in `branch`, so all links from one
 * port that name the same split are the ways among which it chooses. Frames that come to a split from several ports,
 * merged by `[ ]`, share its state.
 */
const split = /* @__PURE__ */ z.lazy(() =>
  z.discriminatedUnion("kind", [
    /**
     * `any(policy) [ … ]`: one branch for each session (`each` is `session`, for media) or each frame (for data). `hash`
     * takes the branch by the value found at `field`, a path into the record.
     */
    z.object({
      kind: z.literal("any"),
      id: name,
      policy: z.enum(["round_robin", "fastest", "least_loaded", "adaptive", "hash"]),
      field: z.optional(list(name, 0, 64)),
      each: z.enum(["session", "frame"]),
      branches: int(1, 4096),
      location,
    }),
    /**
     * `first(stagger: 50ms) [ … ]`: batch calls. A frame goes to branch 0, after each `staggerMs` without an answer to the
     * next one too; the first answer wins and the calls of the other branches are cancelled. The answers leave by the links
     * that name the split in `won`. Where it is `hedged`, the next branch is asked after the time that most answers take
     * (`staggerMs` before that is known), and for a twentieth of the frames at most.
     */
    z.object({
      kind: z.literal("first"),
      id: name,
      staggerMs: notNegative,
      hedged: z.optional(z.literal(true)),
      branches: int(1, 4096),
      location,
    }),
    /**
     * `route field { … }`: by the value found at `field`, a path into the record; case n leads to branch n. The first case
     * that holds is taken, `else` only where no other does. A number is compared with a range, both ends inclusive, in base
     * units; an absent field equals nothing.
     */
    z.object({
      kind: z.literal("route"),
      id: name,
      field: list(name, 1, 64),
      cases: list(
        z.union([
          z.strictObject({ equals: value }),
          z.strictObject({ min: z.optional(z.number()), max: z.optional(z.number()) }),
          z.strictObject({ else: z.literal(true) }),
        ]),
        1,
        4096,
      ),
      location,
    }),
  ]),
);

/**
 * `signal -> flush target`: a frame at `from` opens a new epoch of the session. What belongs to an older one is dropped
 * in the nodes and remotes of `nodes`, in the queues before and behind them, and on the way to the pipeline's outputs
 * named in `outputs`; remotes and the callers at those outputs are told to do the same. The list holds the target and all
 * that its frames can reach.
 */
const flush = /* @__PURE__ */ z.lazy(() =>
  z.object({
    from: end,
    branch: z.optional(list(branchOf, 0, 64)),
    nodes: z.array(instanceId),
    outputs: z.array(name),
    location,
  }),
);

const link = /* @__PURE__ */ z.lazy(() =>
  z.object({
    from: end,
    to: end,
    /** The solved format. */
    type: flowType,
    /**
     * Of data, the types of the ports of inlined pipelines that stood between the two ends, in order: a record that passes
     * them keeps only what they declare, where what follows could take more of it for its own.
     */
    through: z.optional(list(flowType, 0, 256)),
    capacityFrames: int(1, 65_536),
    /** Left out: as `overflowOf` says. */
    overflow: z.optional(z.enum(["block", "drop_oldest", "drop_newest", "error"])),
    /** Left out: `reliable`. */
    delivery: z.optional(z.enum(["reliable", "live"])),
    /** Frames that have waited longer in this queue are dropped and counted. */
    deadlineMs: z.optional(positive),
    /** The branches that the link belongs to, the outermost split first; a frame takes it when all of them are chosen. */
    branch: z.optional(list(branchOf, 0, 64)),
    /** The link carries only the answers with which its branch of a `first` has won; the innermost first. */
    won: z.optional(list(branchOf, 0, 64)),
    location,
  }),
);

const cell = /* @__PURE__ */ z.lazy(() =>
  z.object({
    dimension: name,
    media: z.optional(z.enum(["audio", "video", "tensor"])),
    /** What is possible; null is everything. */
    allowed: z.nullable(dimension),
    /**
     * The parameters of the pipeline whose values fix the cell, before anything is negotiated; several have to agree. A
     * value that is not allowed refuses the session with `invalid-argument`; an optional parameter without a value leaves
     * the cell open.
     */
    params: z.optional(list(name, 1, 64)),
  }),
);

const pipeline = /* @__PURE__ */ z.lazy(() =>
  z.object({
    name,
    /** Request and response: one frame at each input, one answer at each output. */
    batch: z.optional(z.boolean()),
    /** A call may be made twice: as the program says, or because of all its nodes. */
    idempotent: z.optional(z.boolean()),
    params: z.array(parameter),
    inputs: z.record(name, port),
    outputs: z.record(name, port),
    /** Dimensions that stay open until a session opens and that several ports, or parameters of nodes, share. */
    cells: z.array(cell),
    nodes: z.array(node),
    remotes: z.array(remote),
    links: z.array(link),
    splits: z.optional(z.array(split)),
    flushes: z.optional(z.array(flush)),
    /** The pipelines that stood where a node may; `id` begins the ids of all that came out of them. For people and tools. */
    inlined: z.optional(z.array(z.object({ id: instanceId, pipeline: name, location }))),
    /** What the peer that runs it must provide: its own needs, and those of all that runs with it in the process. */
    requires: z.optional(list(capabilitySchemas.condition, 0, 1024)),
    location,
  }),
);

const peer = /* @__PURE__ */ z.lazy(() =>
  z.object({
    name,
    runs: z.array(
      z.object({
        pipeline: name,
        as: name,
        params: z.record(name, value),
        /** One instance for all callers; otherwise each caller gets its own. */
        shared: z.optional(z.boolean()),
      }),
    ),
    listens: z.array(value),
    registers: z.array(value),
    provides: z.optional(list(capabilitySchemas.capability, 0, 1024)),
    /** SPIFFE patterns of those who may call; security is on as soon as there is one. */
    allows: z.optional(z.array(value)),
    /** SPIFFE patterns of those who may change what runs. */
    admin: z.optional(z.array(value)),
    location,
  }),
);

export const plan = /* @__PURE__ */ z.lazy(() =>
  z.object({
    version: z.literal(planVersion),
    /** The file it was made from, relative to the project. */
    source: z.string(),
    compiler: z.string(),
    schemas: z.record(name, schema),
    pipelines: z.record(name, pipeline),
    peers: z.record(name, peer),
  }),
);

export type Plan = z.infer<typeof plan>;
export type PipelinePlan = z.infer<typeof pipeline>;
export type NodePlan = z.infer<typeof node>;
export type RemotePlan = z.infer<typeof remote>;
export type TargetPlan = z.infer<typeof target>;
export type PolicyPlan = z.infer<typeof policy>;
export type JoinPlan = z.infer<typeof join>;
export type RunPlan = z.infer<typeof run>;
export type SplitPlan = z.infer<typeof split>;
export type BranchPlan = z.infer<typeof branchOf>;
export type FlushPlan = z.infer<typeof flush>;
export type CellPlan = z.infer<typeof cell>;
export type LinkPlan = z.infer<typeof link>;
export type LinkEnd = z.infer<typeof end>;
export type PortPlan = z.infer<typeof port>;
export type ParameterPlan = z.infer<typeof parameter>;
export type PeerPlan = z.infer<typeof peer>;

/**
 * Reads a plan that came from a file or another program.
 * @throws {Error} that names the first place that is not as it should be
 */
export function readPlan(data: unknown): Plan {
  const found = read(z.object({ version: z.unknown() }), data);
  if (found.success && found.data.version !== planVersion) {
    throw new Error(
      `This plan has version ${String(found.data.version)}; this runtime reads version ${planVersion}. ` +
        "Build the `.mesh` file again with the compiler that belongs to this runtime.",
    );
  }
  const result = read(plan, data);
  if (result.success) return result.data;
  throw new Error(`Not a plan: ${result.flaw.path || "the value"}: ${result.flaw.message}.`);
}
