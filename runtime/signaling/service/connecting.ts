import { MeshError } from "../../interface/errors.ts";
import type { ServiceParams } from "../methods.ts";
import type { Match } from "../registry/match.ts";
import type { ServiceContext } from "./context.ts";

/** Candidates that are held against each other; of those whose turn comes, the first will do. */
const candidatesAtMost = 1_024;

/**
 * The pipeline that a caller is to connect to.
 * @throws {MeshError} `peer-unreachable` when none fits, or none can be dialled; `resource-exhausted` when all are full
 */
export function connectTo(service: ServiceContext, params: ServiceParams<"connect">): Match {
  const { session, pipeline = "" } = params;
  if (session === undefined) return choose(service, params);
  const nowUs = service.clock.nowUs();
  const together = `${pipeline} ${session}`;
  const before = service.sticky.of(together, nowUs);
  const match = (before === undefined ? undefined : again(service, params, before)) ?? choose(service, params);
  service.sticky.stick(together, match.peer, nowUs);
  return match;
}

/** The question, how it is decided, and the group of those who ask the same in the same way. */
function asked(params: Asking) {
  const { prefer = "round_robin", key, session: _, exclude = [], schemes, ...query } = params;
  return { query, group: JSON.stringify([prefer, query]), prefer, key, exclude, schemes };
}

type Asking = ServiceParams<"connect">;

/** @returns the pipeline of this peer; undefined when it cannot be had */
function again(service: ServiceContext, params: Asking, peer: string): Match | undefined {
  const { query, group, prefer, key, exclude, schemes } = asked(params);
  if (exclude.includes(peer) || (query.peer !== undefined && query.peer !== peer)) return undefined;
  for (const one of service.directory.matches({ ...query, peer })) {
    if (!canDial(one, schemes) || isFull(one)) continue;
    // Who comes again takes nobody's turn.
    return prefer === "round_robin" ? one : service.chooser.choose([one], prefer, group, key);
  }
  return undefined;
}

function choose(service: ServiceContext, params: Asking): Match {
  const { query, group, prefer, key, exclude, schemes } = asked(params);
  const inTurn = prefer === "round_robin";
  const free: Match[] = [];
  let found = 0;
  let full = 0;
  for (const one of service.directory.matches(query, inTurn ? service.chooser.last(group) : undefined)) {
    found += 1;
    if (exclude.includes(one.peer) || !canDial(one, schemes)) continue;
    if (isFull(one)) full += 1;
    else free.push(one);
    if (free.length >= (inTurn ? 1 : candidatesAtMost)) break;
  }
  if (free.length + full === 0) throw nobody(service, params, found);
  const chosen = free.length === 0 ? undefined : service.chooser.choose(free, prefer, group, key);
  if (chosen !== undefined) return chosen;
  const text = `all ${free.length + full} peers that have ${wanted(params)} are full`;
  throw new MeshError("resource-exhausted", text, { retryAfterMs: 500 });
}

function isFull({ load }: Match): boolean {
  return load?.slots !== undefined && load.inFlight >= load.slots;
}

function canDial({ addresses, relay }: Match, schemes: readonly string[] | undefined): boolean {
  if (schemes === undefined) return relay || addresses.length > 0;
  if (relay && schemes.includes("webrtc")) return true;
  return addresses.some((address) => schemes.includes(/^[a-z0-9]+/i.exec(address)?.[0].toLowerCase() ?? ""));
}

function wanted({ pipeline }: ServiceParams<"connect">): string {
  return pipeline === undefined ? "such a pipeline" : `a pipeline "${pipeline}"`;
}

function nobody(service: ServiceContext, params: ServiceParams<"connect">, found: number): MeshError {
  if (found > 0) {
    const text = `${wanted(params)} is registered ${found} times, but none of them can be reached, or all have been tried`;
    return new MeshError("peer-unreachable", text);
  }
  const { pipeline, where = [] } = params;
  const same = pipeline === undefined ? 0 : service.directory.count(pipeline);
  if (same === 0) {
    return new MeshError("peer-unreachable", `no peer with ${wanted(params)} is registered here`, {
      hint: "Start a peer that runs it and registers here: `meshc run FILE --register URI`.",
    });
  }
  const asks = where.map(({ text }) => `\`${text}\``).join(", ");
  const text = `${same} peers have ${wanted(params)}, but none that fits${asks === "" ? "" : `: ${asks}`}`;
  return new MeshError("peer-unreachable", text, {
    hint: "`meshc discover URI` shows what they provide, take and give.",
  });
}
