/**
 * What is said to a signaling service beside calls: every message of it, as schemas. docs/protocol.md and docs/signaling.schema.json are
 * written from these by `node scripts/signaling-docs.mjs`.
 */
import * as z from "zod/mini";
import { int, list, text } from "../interface/bounded.ts";
import { capabilitySchemas } from "../interface/capabilities.ts";
import { schema } from "../interface/plan.ts";
import { wireType } from "../interface/wire-type.ts";
import { serviceLimits, signalLimits } from "./limits.ts";

/** With control characters a name could forge lines of a log. */
const printing = z.regex(/^\P{Cc}*$/u, "expected no control characters");
const name = text(1, 128).check(printing);
const portName = text(1, 1_024).check(printing);

/** Of a registered peer: what may stand before the `@` of an address (RFC 3986, section 2.3). */
export const peerId = z
  .string()
  .check(
    z.regex(
      /^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$/,
      "expected 1 to 128 letters, digits, and . _ ~ - behind the first of them",
    ),
  );

const epoch = int(1);
/** Where a peer listens, without a pipeline. That of all addresses of a machine is told as a longer one, which is to be read as well. */
const address = text(1, 448).check(
  z.regex(/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^\s\p{Cc}]+$/u, "expected an address such as webrtc://host:7443"),
);
const ports = z.record(portName, z.object({ type: wireType, optional: z.boolean() }));
const schemas = z.record(portName, schema);

/** What a pipeline takes and gives, as those who call it see it. */
export const advertisedPipeline = z.object({
  /** The name under which it is called. */
  pipeline: name,
  batch: z.boolean(),
  idempotent: z.optional(z.boolean()),
  inputs: ports,
  outputs: ports,
  schemas,
});

/** What a candidate says of its load. */
export const loadReport = z.object({
  /** Sessions and calls that it has at this moment. */
  inFlight: int(0, 1_000_000),
  /** So many it works on at the same time. */
  slots: z.optional(int(1, 1_000_000)),
  /** Milliseconds that the work on one takes, smoothed. */
  serviceMs: z.optional(z.number().check(z.gte(0))),
  /** Milliseconds until those who ask it have their answer. */
  latencyMs: z.optional(z.number().check(z.gte(0))),
});

/** What is wanted of a pipeline; all that is given has to hold. */
const query = {
  /** The name under which it is called. */
  pipeline: z.optional(name),
  /** The one peer of this id. */
  peer: z.optional(peerId),
  /** The hash of what it takes and gives. */
  interface: z.optional(z.string().check(z.regex(/^[0-9a-f]{32}$/))),
  /** What its peer has to provide. */
  where: z.optional(list(capabilitySchemas.condition, 0, 64)),
  /** By input that the caller will feed: what it can send. */
  inputs: z.optional(z.record(portName, wireType)),
  /** By output that the caller wants: what it can take. */
  outputs: z.optional(z.record(portName, wireType)),
  /** The records and enums that those types mean. */
  schemas: z.optional(schemas),
  batch: z.optional(z.boolean()),
};

/** One pipeline of one peer. */
export const foundPipeline = z.object({
  ...advertisedPipeline.shape,
  /** The id of its peer. */
  peer: peerId,
  /** What its program calls that peer. */
  name,
  epoch,
  interface: z.string(),
  /** Where the peer listens itself, in the order of its program. */
  addresses: list(text(1, 512), 0, 16),
  /** The service passes calls on to it. */
  relay: z.boolean(),
  provides: list(capabilitySchemas.capability, 0, 64),
  load: z.optional(loadReport),
});
export type FoundPipeline = z.infer<typeof foundPipeline>;

/** What each method takes; `hello`, `offer`, `candidate` and `bye` are those of calls. */
export const serviceParams = {
  register: z.object({
    /** Left out, the service chooses one. */
    id: z.optional(peerId),
    /** A secret of the peer, made when it starts: whoever has it may register the id anew. */
    key: text(16, 128),
    /** The last one that it was given for the id. */
    epoch: z.optional(int(0)),
    name,
    addresses: list(address, 0, 16),
    relay: z.boolean(),
    provides: list(capabilitySchemas.capability, 0, 64),
    pipelines: list(advertisedPipeline, 0, 64),
    leaseMs: z.optional(int(serviceLimits.leaseMinMs, serviceLimits.leaseMaxMs)),
    load: z.optional(loadReport),
  }),
  renew: z.object({ id: peerId, epoch }),
  unregister: z.object({ id: peerId, epoch }),
  report: z.object({ id: peerId, epoch, load: loadReport }),
  discover: z.object({
    ...query,
    limit: z.optional(int(1, serviceLimits.pageItems)),
    cursor: z.optional(text(0, 300)),
  }),
  watch: z.object(query),
  connect: z.object({
    ...query,
    prefer: z.optional(z.enum(["round_robin", "fastest", "least_loaded", "adaptive", "hash"])),
    /** What `hash` goes by. */
    key: z.optional(text(1, 256)),
    /** What belongs together: it goes to the peer that the last of it went to, as long as that can be had. */
    session: z.optional(text(1, 256)),
    /** Ids of peers that have just been tried. */
    exclude: z.optional(list(peerId, 0, 64)),
    /** The schemes of addresses that can be dialled. */
    schemes: z.optional(list(text(1, 32), 1, 8)),
  }),
  /** Both ways: a message of a call that the service passes on, or the end of one. */
  relay: z.object({
    call: int(1),
    message: z.optional(z.record(text(0, 64), z.unknown())),
    end: z.optional(z.object({ code: int(1_000, 4_999), reason: text(0, 123) })),
  }),
  /** From the service, for each `watch`. */
  changed: z.object({
    watch: int(1),
    /** What is there now or has changed. */
    found: z.optional(list(foundPipeline, 0, serviceLimits.pageItems)),
    /** What is there no more. */
    gone: z.optional(list(z.object({ peer: peerId, pipeline: name }), 0, serviceLimits.pageItems)),
    /** All that was there when the watch began has been told. */
    complete: z.optional(z.boolean()),
  }),
} as const;

export type ServiceMethod = keyof typeof serviceParams;
export type ServiceParams<M extends ServiceMethod> = z.infer<(typeof serviceParams)[M]>;

/** What is answered to the requests among them. */
export const serviceResults = {
  register: z.object({ id: peerId, epoch, leaseMs: int(1) }),
  renew: z.object({ leaseMs: int(1) }),
  unregister: z.object({}),
  report: z.object({}),
  discover: z.object({
    found: list(foundPipeline, 0, serviceLimits.pageItems),
    /** Given back with the same query for what follows; left out on the last page. */
    cursor: z.optional(text(0, 300)),
  }),
  watch: z.object({ watch: int(1) }),
  connect: z.object({ found: foundPipeline }),
} as const;

export type ServiceResult<M extends keyof typeof serviceResults> = z.infer<(typeof serviceResults)[M]>;
export type Query = Pick<ServiceParams<"discover">, keyof typeof query>;

/** The greeting of who wants the service itself; its result names the methods that are served. */
export const serviceHelloResult = z.object({
  version: int(1),
  methods: list(text(1, 64), 0, 64),
  /** The id of the peer whose endpoint it is, where it is one. */
  peer: z.optional(name),
});

/** The longest reason of a close frame, in bytes (RFC 6455, section 5.5), is why `end.reason` is so short. */
export const relayedMessageBytes = signalLimits.messageBytes - 256;
