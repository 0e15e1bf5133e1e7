import type { Condition } from "../interface/capabilities.ts";
import { MeshError } from "../interface/errors.ts";
import type { RemotePlan, TargetPlan } from "../interface/plan.ts";
import type { PipelineEndpoint, PipelineSession, SessionRequest, TransportFallback } from "../interface/session.ts";
import { formatMeshUri, parseMeshUri } from "../interface/uri.ts";
import type { FoundPipeline } from "../signaling/methods.ts";
import { counterpart } from "../signaling/registry/port-match.ts";
import { chooseAddress } from "./choose-address.ts";
import type { ServiceLookup } from "./service-lookup.ts";
import { renamedPorts } from "./renamed-ports.ts";

export interface ServiceTargetInit {
  readonly target: Extract<TargetPlan, { kind: "service" }>;
  readonly remote: RemotePlan;
  /** Of the services that are asked, in this order. */
  readonly services: readonly string[];
  readonly lookup: ServiceLookup;
  /** What the target and the interface ask of a peer, with every value known. */
  readonly where: () => readonly Condition[];
  /** The schemes of addresses that can be dialled. */
  readonly schemes: readonly string[];
  /** Is told how a candidate is called, where that is not as it should be. */
  readonly onFallback: (fallback: TransportFallback | undefined) => void;
  /** The pipeline at an address. */
  readonly at: (uri: string) => PipelineEndpoint;
}

/** Candidates that are tried for one session before the target counts as failed. */
const candidatesAtMost = 4;

/** What may be otherwise at the next candidate. */
const passing: ReadonlySet<string> = new Set([
  "peer-unreachable",
  "peer-lost",
  "deadline-exceeded",
  "resource-exhausted",
  "pipeline-not-found",
  "version-mismatch",
  "format-mismatch",
  "targets-exhausted",
]);

/** Any pipeline of a name that a signaling service knows, chosen by the service for each session (spec R3.3, R7.2, R12.1). */
export function serviceEndpoint(init: ServiceTargetInit): PipelineEndpoint {
  return {
    // Which one is next is only known when it is asked for.
    standBy: async () => undefined,
    open: (request) => open(init, request),
  };
}

async function open(init: ServiceTargetInit, request: SessionRequest): Promise<PipelineSession> {
  const { target, remote, services, lookup, schemes } = init;
  const { location } = remote;
  if (services.length === 0) {
    throw new MeshError(
      "peer-unreachable",
      `\`${target.text}\` cannot be looked up: no signaling service is known here.`,
      {
        location,
        hint: "Give the peer a `registers`, or run it with `--register URI` or `--discover URI`.",
      },
    );
  }
  const outputs = Object.fromEntries(Object.entries(request.outputs).map(([port, { type }]) => [port, type]));
  const wanted = {
    pipeline: target.service,
    where: [...init.where()],
    inputs: { ...request.inputs },
    outputs,
    schemas: { ...request.schemas },
    batch: remote.batch === true,
    prefer: target.prefer,
    schemes: remote.policy.via === undefined ? [...schemes] : [remote.policy.via],
  };
  const exclude: string[] = [];
  let last: MeshError | undefined;
  while (exclude.length < candidatesAtMost) {
    let answer: Awaited<ReturnType<ServiceLookup["connect"]>>;
    try {
      answer = await lookup.connect(services, { ...wanted, exclude }, request.signal);
    } catch (error) {
      request.signal.throwIfAborted();
      throw last ?? error;
    }
    const { found, service } = answer;
    try {
      return await openFound(init, found, service, request, outputs);
    } catch (error) {
      request.signal.throwIfAborted();
      last = MeshError.from(error);
      if (!passing.has(last.code)) throw last;
      exclude.push(found.peer);
    }
  }
  throw last as MeshError;
}

async function openFound(
  init: ServiceTargetInit,
  found: FoundPipeline,
  service: string,
  request: SessionRequest,
  outputs: SessionRequest["inputs"],
): Promise<PipelineSession> {
  const names = { inputs: renames(request.inputs, found.inputs), outputs: renames(outputs, found.outputs) };
  const [first, ...others] = urisOf(init, found, service);
  const openAt = (uri: string): Promise<PipelineSession> => renamedPorts(init.at(uri), names).open(request);
  try {
    return await openAt(first as string);
  } catch (error) {
    request.signal.throwIfAborted();
    const { code } = MeshError.from(error);
    const [relayed] = others;
    // Where nothing leads to the peer itself, the service may still pass the call on.
    if (relayed === undefined || (code !== "peer-unreachable" && code !== "deadline-exceeded")) throw error;
    return openAt(relayed);
  }
}

/** Where a found pipeline is called: at the peer itself where that can be, then through the service. */
function urisOf({ remote, schemes, onFallback }: ServiceTargetInit, found: FoundPipeline, service: string): string[] {
  const path = `/${encodeURIComponent(found.pipeline)}`;
  const { host, port, secure } = parseMeshUri(service);
  const relayed = { scheme: "webrtc", peer: found.peer, host, port, pipeline: found.pipeline };
  const through = found.relay ? [formatMeshUri(secure === true ? { ...relayed, secure } : relayed)] : [];
  try {
    const { address, fallback } = chooseAddress(found.peer, found.addresses, remote, schemes);
    onFallback(fallback);
    return [address + path, ...through];
  } catch (error) {
    const { via } = remote.policy;
    if (through.length > 0 && (via === undefined || via === "webrtc")) return through;
    throw error;
  }
}

function renames(wanted: SessionRequest["inputs"], theirs: FoundPipeline["inputs"]): Record<string, string> {
  return Object.fromEntries(
    Object.keys(wanted).flatMap((port): [string, string][] => {
      const there = counterpart(port, wanted, theirs);
      return there === undefined || there === port ? [] : [[port, there]];
    }),
  );
}
