/** From a plan to its manifest: without the schema, which takes longer to make than a hundred manifests. */
import { fillCells, formatType, isCell, type FlowType } from "../../runtime/interface/caps.ts";
import type {
  Capability,
  PeerPlan,
  PipelinePlan,
  Plan,
  PlanValue,
  PortPlan,
  RemotePlan,
  TargetPlan,
} from "../../runtime/interface/plan.ts";
import { manifestVersion } from "./manifest-version.ts";
import type { Manifest, ManifestPorts, ManifestRemote, ManifestTarget } from "./manifest.ts";

/** The manifest of a plan. */
export function manifestOf(plan: Plan): Manifest {
  return {
    version: manifestVersion,
    source: plan.source,
    compiler: plan.compiler,
    schemas: plan.schemas,
    pipelines: mapValues(plan.pipelines, (one) => ({
      inputs: portsOf(one, one.inputs),
      outputs: portsOf(one, one.outputs),
      ...(one.requires !== undefined && { requires: one.requires }),
      remotes: Object.fromEntries(one.remotes.map((remotePlan) => [remotePlan.id, remoteOf(remotePlan, one, plan)])),
      location: one.location,
    })),
    peers: mapValues(plan.peers, (one) => ({
      runs: one.runs.map(({ pipeline: key, as, shared }) => ({
        pipeline: key,
        as,
        ...(shared === true && { shared }),
      })),
      listens: one.listens,
      signaling: one.registers,
      capabilities: one.provides ?? [],
    })),
  };
}

function mapValues<A, B>(from: Readonly<Record<string, A>>, make: (one: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(from).map(([key, one]) => [key, make(one)]));
}

function remoteOf(one: RemotePlan, owner: PipelinePlan, plan: Plan): ManifestRemote {
  return {
    interface: one.interface,
    targets: one.targets.map((each) => targetOf(each, one, plan)),
    formats: { inputs: portsOf(owner, one.inputs), outputs: portsOf(owner, one.outputs) },
    ...(one.requires !== undefined && { requires: one.requires }),
    policy: one.policy,
    location: one.location,
  };
}

function targetOf(one: TargetPlan, { policy }: RemotePlan, plan: Plan): ManifestTarget {
  const common = { target: one.text, capabilities: [] as Capability[] };
  switch (one.kind) {
    case "peer": {
      const found: PeerPlan | undefined = plan.peers[one.peer];
      const addresses = found?.listens ?? [];
      const schemes = addresses.map(schemeOf);
      const type =
        policy.via ?? (schemes.every((scheme) => scheme === "grpc") && schemes.length > 0 ? "grpc" : "webrtc");
      return {
        ...common,
        type,
        pipeline: one.pipeline,
        addresses,
        signaling: signalingOf(addresses),
        capabilities: found?.provides ?? [],
      };
    }
    case "uri": {
      const scheme = schemeOf(one.uri);
      const type = policy.via ?? (scheme === "webrtc" || scheme === "grpc" ? scheme : "auto");
      return { ...common, type, addresses: [one.uri], signaling: signalingOf([one.uri]) };
    }
    case "local":
      return { ...common, type: "local", pipeline: one.pipeline, addresses: [], signaling: [] };
    case "service": {
      const registries = Object.values(plan.peers).flatMap((each) => each.registers);
      return {
        ...common,
        type: policy.via ?? "auto",
        pipeline: one.service,
        addresses: [],
        signaling: unique(registries),
        ...(one.where.length > 0 && { where: one.where }),
        prefer: one.prefer,
      };
    }
    default:
      return one satisfies never;
  }
}

/** The host and port of a `webrtc` address are an endpoint of signaling of their own. */
function signalingOf(addresses: readonly PlanValue[]): PlanValue[] {
  return addresses.filter((one) => schemeOf(one) !== "grpc");
}

function schemeOf(value: PlanValue): string | undefined {
  const known = "literal" in value ? value.literal : "env" in value ? value.default : undefined;
  return typeof known === "string" ? known.split("://", 1)[0] : undefined;
}

function unique(values: readonly PlanValue[]): PlanValue[] {
  return [...new Map(values.map((one) => [JSON.stringify(one), one])).values()];
}

function portsOf(owner: PipelinePlan, all: Readonly<Record<string, PortPlan>>): ManifestPorts {
  const cells = owner.cells.map(({ allowed }) => (allowed === null || isCell(allowed) ? undefined : allowed));
  return mapValues(all, (port) => {
    const type: FlowType = fillCells(port.type, cells);
    return { format: formatType(type), type, ...(port.optional === true && { optional: true }) };
  });
}
