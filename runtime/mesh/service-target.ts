import type { Condition } from "../interface/capabilities.ts";
import { MeshError } from "../interface/errors.ts";
import type { StandbyConnection } from "../interface/connection.ts";
import type { RemotePlan, TargetPlan } from "../interface/plan.ts";
import type { Random } from "../interface/random.ts";
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
  /** Connects to a peer ahead. @returns undefined where its transport keeps no such connection */
  readonly standByAt: (uri: string, signal: AbortSignal) => Promise<StandbyConnection | undefined>;
  readonly random: Random;
  /** Lasts from one session of the remote to the next. */
  readonly memory: CandidateMemory;
}

interface Candidate {
  readonly found: FoundPipeline;
  /** Of the service that knows it, by which a call can be passed on. */
  readonly nodes: readonly string[];
}

/** Which candidates a remote has to do with. */
export interface CandidateMemory {
  /** The last one that a session was opened with. */
  used?: Candidate | undefined;
  /** That session is not over. */
  inUse?: boolean;
  /** To which a connection stands by. */
  warm?: Candidate | undefined;
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
    others: true,
    standBy: (signal) => standBy(init, signal),
    open: (request) => open(init, request),
  };
}

/**
 * Connects to another peer of the same interface than the one in use.
 * @throws {MeshError} when there is none at present; the signal's reason
 */
async function standBy(init: ServiceTargetInit, signal: AbortSignal): Promise<StandbyConnection | undefined> {
  const { target, services, lookup, memory, random } = init;
  const { used } = memory;
  // Nobody has been asked for one yet, so it is not known what fits.
  if (used === undefined) return undefined;
  const wanted = { pipeline: target.service, where: [...init.where()], interface: used.found.interface };
  const { found, nodes } = await lookup.discover(services, wanted, signal);
  const others = found.filter(({ peer }) => memory.inUse !== true || peer !== used.found.peer);
  // Not the same one for all who have lost the same.
  const next = others[Math.floor(random.next() * others.length)];
  if (next === undefined) throw new MeshError("peer-unreachable", `No other peer with \`${target.service}\` is known.`);
  const [uri = ""] = urisOf(init, next, nodes);
  const connection = await init.standByAt(uri, signal);
  if (connection === undefined) return undefined;
  const warm: Candidate = { found: next, nodes };
  const cool = (): void => {
    if (memory.warm === warm) memory.warm = undefined;
  };
  memory.warm = warm;
  void connection.closed.then(cool);
  return {
    closed: connection.closed,
    release: () => {
      cool();
      connection.release();
    },
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
  const origin = request.context?.origin;
  const wanted = {
    pipeline: target.service,
    where: [...init.where()],
    // All that one session sends through this remote belongs together, whatever it is that opens anew.
    ...(origin !== undefined && { session: `${remote.id} ${origin}`.slice(-256), key: origin }),
    inputs: { ...request.inputs },
    outputs,
    schemas: { ...request.schemas },
    batch: remote.batch === true,
    prefer: target.prefer,
    schemes: remote.policy.via === undefined ? [...schemes] : [remote.policy.via],
  };
  const { memory } = init;
  const exclude: string[] = [];
  let last: MeshError | undefined;
  const tried = async ({ found, nodes }: Candidate): Promise<PipelineSession | undefined> => {
    try {
      const session = await openFound(init, found, nodes, request, outputs);
      memory.used = { found, nodes };
      memory.inUse = true;
      void session.closed.then(() => {
        if (memory.used?.found === found) memory.inUse = false;
      });
      return session;
    } catch (error) {
      request.signal.throwIfAborted();
      last = MeshError.from(error);
      if (!passing.has(last.code)) throw last;
      exclude.push(found.peer);
      return undefined;
    }
  };
  // The way there is open, and nobody has to be asked.
  const ahead = memory.warm && (await tried(memory.warm));
  if (ahead !== undefined) return ahead;
  // The one that was lost is tried when no other is there.
  let avoided = memory.used?.found.peer;
  while (exclude.length < candidatesAtMost) {
    let answer: Candidate;
    try {
      const without = avoided === undefined ? exclude : [...exclude, avoided];
      answer = await lookup.connect(services, { ...wanted, exclude: without }, request.signal);
    } catch (error) {
      request.signal.throwIfAborted();
      if (avoided === undefined) throw last ?? error;
      avoided = undefined;
      continue;
    }
    const session = await tried(answer);
    if (session !== undefined) return session;
  }
  throw last as MeshError;
}

async function openFound(
  init: ServiceTargetInit,
  found: FoundPipeline,
  nodes: readonly string[],
  request: SessionRequest,
  outputs: SessionRequest["inputs"],
): Promise<PipelineSession> {
  const names = { inputs: renames(request.inputs, found.inputs), outputs: renames(outputs, found.outputs) };
  const uris = urisOf(init, found, nodes);
  for (let left = uris; ; left = left.slice(1)) {
    const [uri] = left as [string, ...string[]];
    try {
      return await renamedPorts(init.at(uri), names).open(request);
    } catch (error) {
      request.signal.throwIfAborted();
      const { code } = MeshError.from(error);
      // Where nothing leads to the peer itself, the service may still pass the call on, by any of its nodes.
      if (left.length === 1 || (code !== "peer-unreachable" && code !== "deadline-exceeded")) throw error;
    }
  }
}

/** Where a found pipeline is called: at the peer itself where that can be, then through the service. One at least. */
function urisOf(
  { remote, schemes, onFallback }: ServiceTargetInit,
  found: FoundPipeline,
  nodes: readonly string[],
): string[] {
  const path = `/${encodeURIComponent(found.pipeline)}`;
  const through = (found.relay ? nodes : []).map((node) => {
    const { host, port, secure } = parseMeshUri(node);
    const relayed = { scheme: "webrtc", peer: found.peer, host, port, pipeline: found.pipeline };
    return formatMeshUri(secure === true ? { ...relayed, secure } : relayed);
  });
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
