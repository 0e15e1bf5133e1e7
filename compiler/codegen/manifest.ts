/**
 * The manifest: what a program connects to, for tools that deploy it or look at it. Plain, versioned data; the plan is
 * what the runtime runs, the manifest what people and their tools read.
 */
import * as z from "zod";
import { flowType, plan as planSchema } from "../../runtime/interface/plan.ts";
import { manifestVersion } from "./manifest-version.ts";

const planShape = made(planSchema).shape;
const planPeer = made(planShape.peers.def.valueType).shape;
const planPipeline = made(planShape.pipelines.def.valueType).shape;
const planRemote = made(planPipeline.remotes.def.element).shape;

/** The schema itself of one that is made when it is first used. */
function made<Schema extends z.core.$ZodType>({ def }: { readonly def: { readonly getter: () => Schema } }): Schema {
  return def.getter();
}

/** A part of the plan, under a name of its own in the JSON Schema. */
function part<Schema extends z.core.$ZodType>(schema: Schema, meta: z.core.GlobalMeta): Schema {
  const copy = z.clone(schema);
  z.globalRegistry.add(copy, meta);
  return copy;
}

/** An address: known, or from the environment of the process that starts. */
const address = part(made(planPeer.listens.def.element), { id: "Address" });
const portType = part(flowType, { id: "Type" });
const location = part(made(planPipeline.location), { id: "Location" });

const ports = z
  .record(
    z.string(),
    z.strictObject({
      format: z.string().describe("The type as a program writes it, such as `audio<opus, 48kHz, mono>`."),
      type: portType,
      optional: z.boolean().optional().describe("It may be left unconnected."),
    }),
  )
  .meta({ id: "Ports", description: "Ports by name." });

const capabilities = part(planPeer.provides.def.innerType, { id: "Capabilities" });
const requires = part(planPipeline.requires.def.innerType, { id: "Conditions" });

const target = z.strictObject({
  type: z
    .enum(["webrtc", "grpc", "auto", "local"])
    .describe("How it is reached; `auto` is settled when it connects, `local` is a pipeline in the same process."),
  target: z.string().describe("As the program names it, such as `gpu.Hearing`."),
  pipeline: z.string().optional().describe("The name under which the pipeline runs there."),
  addresses: z.array(address).describe("Where it listens; empty where that is found out by signaling."),
  signaling: z
    .array(address)
    .describe("Endpoints of signaling: that of the peer itself, or services that know who provides it."),
  capabilities: part(capabilities, { description: "What the peer provides, as far as the program says it." }),
  where: z.optional(requires).describe("What a candidate must fulfil."),
  prefer: z.string().optional().describe("Which of several candidates is taken."),
});

const remote = z.strictObject({
  interface: z.string(),
  targets: z.array(target).min(1).describe("In the order in which they are tried."),
  formats: z.strictObject({ inputs: ports, outputs: ports }),
  requires: z.optional(requires).describe("What a peer has to provide."),
  policy: planRemote.policy,
  location,
});

const pipeline = z.strictObject({
  inputs: ports,
  outputs: ports,
  requires: z.optional(requires).describe("What a peer has to provide."),
  remotes: z.record(z.string(), remote).describe("What it connects to, by the name of the remote."),
  location,
});

const peer = z.strictObject({
  runs: z.array(z.strictObject({ pipeline: z.string(), as: z.string(), shared: z.boolean().optional() })),
  listens: z.array(address),
  signaling: z.array(address).describe("Services that it registers with."),
  capabilities,
});

export const manifest = z
  .strictObject({
    version: z.literal(manifestVersion),
    source: z.string().describe("The file it was made from, relative to the project."),
    compiler: z.string().describe("The version of the compiler that made it."),
    schemas: part(planShape.schemas, { description: "The records and enums that types speak of." }),
    pipelines: z.record(z.string(), pipeline),
    peers: z.record(z.string(), peer),
  })
  .describe("What a Mesh program connects to.");

export type Manifest = z.infer<typeof manifest>;
export type ManifestRemote = z.infer<typeof remote>;
export type ManifestTarget = z.infer<typeof target>;
export type ManifestPorts = z.infer<typeof ports>;

/** The manifest as JSON Schema, for tools that are not ours. */
export function manifestJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(manifest, { target: "draft-2020-12", io: "input" });
}
