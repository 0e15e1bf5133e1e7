import type { Params } from "../interface/node.ts";
import { MeshError } from "../interface/errors.ts";
import type { PipelineEndpoint } from "../interface/session.ts";
import { pipelineCalls } from "../calls/calls.ts";
import { describePipeline } from "../pipeline/description.ts";
import { resolveValue, resolveValues } from "../pipeline/parameters.ts";
import { servePipelines, type ServedPipeline } from "../remote/host.ts";
import { transportFor } from "./connect.ts";
import type { ServingInit } from "./platform.ts";

/**
 * Answers those who call a peer, at all its addresses.
 * @throws {MeshError} `address-in-use`, or `invalid-argument` for an address that nothing here can listen at
 */
export async function servePeer(init: ServingInit): Promise<void> {
  const { peer, platform, heartbeat } = init;
  const pipelines = {
    find: (name: string) => served(name, init),
    names: () => peer.runs.map((run) => run.as),
    clock: platform.clock,
  };
  const host = servePipelines({ ...pipelines, random: platform.random, ...(heartbeat !== undefined && { heartbeat }) });
  const calls = pipelineCalls(pipelines);
  init.onHost({
    accept: host.accept,
    close: async (error) => void (await Promise.all([host.close(error), calls.close(error)])),
  });
  for (const value of peer.listens) {
    const uri = String(resolveValue(value, { params: {}, env: platform.env, location: peer.location }));
    init.onListener(await transportFor(platform, uri).listen(uri, host.accept, calls));
  }
}

function served(name: string, init: ServingInit): ServedPipeline | undefined {
  const { peer, sessions, plan } = init;
  const { env } = init.platform;
  const run = peer.runs.find((one) => one.as === name);
  const pipeline = run && plan.pipelines[run.pipeline];
  if (run === undefined || pipeline === undefined) return undefined;
  const own = resolveValues(run.params, { params: {}, env, location: peer.location });
  const { endpoint, shared } = init.endpointOf(run);
  const open: PipelineEndpoint["open"] = (request) => {
    const params = shared ? request.params : withOwn(own, request.params, run.as);
    return sessions.open(peer.name, run.pipeline, endpoint, { ...request, params });
  };
  const { schemas } = plan;
  return { endpoint: { open }, schemas, describe: () => describePipeline(name, pipeline, schemas, own, env) };
}

/** What the peer has set is not for its callers to change. @throws {MeshError} `invalid-argument` */
function withOwn(own: Params, given: Params, pipeline: string): Params {
  const taken = Object.keys(given).find((name) => Object.hasOwn(own, name));
  if (taken === undefined) return { ...given, ...own };
  throw new MeshError("invalid-argument", `Parameter \`${taken}\` of pipeline \`${pipeline}\` is set by the peer.`);
}
