import { LoadMeter } from "../balancing/load-meter.ts";
import type { PeerAbout, PipelineCalls } from "../interface/calls.ts";
import type { PipelineDescription } from "../interface/description.ts";
import type { Params } from "../interface/node.ts";
import { MeshError } from "../interface/errors.ts";
import { randomId } from "../interface/random.ts";
import type { PipelineEndpoint } from "../interface/session.ts";
import { pipelineCalls } from "../calls/calls.ts";
import { describePipeline } from "../pipeline/description.ts";
import { resolveValue, resolveValues } from "../pipeline/parameters.ts";
import { servePipelines, type PipelineHost, type ServedPipeline } from "../remote/host.ts";
import { transportFor } from "./connect.ts";
import { PeersLeaving } from "./draining.ts";
import { knownCapability } from "./known-capabilities.ts";
import type { ServingInit } from "./platform.ts";
import { Slots, slotsOf } from "./slots.ts";

/**
 * Answers those who call a peer, at all its addresses.
 * @throws {MeshError} `address-in-use`, or `invalid-argument` for an address that nothing here can listen at
 */
export async function servePeer(init: ServingInit): Promise<void> {
  const { peer, platform, heartbeat } = init;
  const known = new Map<string, ServedPipeline>();
  const pipelines = {
    find: (name: string) => {
      const found = known.get(name) ?? served(name, init);
      if (found !== undefined) known.set(name, found);
      return found;
    },
    names: () => peer.runs.map((run) => run.as),
    clock: platform.clock,
  };
  const provides = (peer.provides ?? []).map((one) =>
    knownCapability(one, { params: {}, types: [], env: platform.env }),
  );
  const meter = new LoadMeter(platform.clock, slotsOf(peer.name, provides));
  const slots = new Slots(peer.name, meter);
  const find = (name: string): ServedPipeline | undefined => {
    const found = pipelines.find(name);
    return found && { ...found, endpoint: { open: (request) => slots.session(() => found.endpoint.open(request)) } };
  };
  const host = servePipelines({
    ...pipelines,
    find,
    random: platform.random,
    ...(heartbeat !== undefined && { heartbeat }),
  });
  const listening: string[] = [];
  const id = init.id ?? `${peer.name}-${randomId(platform.random).slice(0, 8)}`;
  const about = { id: asPeerId(id), name: peer.name, provides, addresses: () => listening };
  const own = pipelineCalls(pipelines);
  init.leaveBy(PeersLeaving);
  init.onHost(host);
  init.onHost(own);
  const calls = { ...withSlots(own, slots), about };
  for (const value of peer.listens) {
    const uri = String(resolveValue(value, { params: {}, env: platform.env, location: peer.location }));
    const listener = await transportFor(platform, uri).listen(uri, host.accept, calls);
    listening.push(listener.address);
    init.onListener(listener);
  }
  await register(init, about, calls, host.accept, meter);
}

/** Makes the peer known to its signaling services (spec R7.1, R10.3). @throws {MeshError} what a service refuses it with */
async function register(
  init: ServingInit,
  about: PeerAbout,
  calls: PipelineCalls,
  accept: PipelineHost["accept"],
  meter: LoadMeter,
): Promise<void> {
  const { peer, platform, registers, onEvent } = init;
  if (registers.length === 0 || peer.runs.length === 0) return;
  if (platform.signal === undefined) {
    throw new MeshError("invalid-argument", `The peer \`${peer.name}\` cannot register with a signaling service here.`);
  }
  const { registerPeer } = await import("./registering.ts");
  for (const service of registers) {
    const webrtc = platform.transports.find(({ scheme }) => scheme === "webrtc");
    init.onListener(
      await registerPeer({
        ...platform,
        signal: platform.signal,
        service,
        about,
        calls,
        accept,
        webrtc,
        onEvent,
        meter,
      }),
    );
  }
}

/** A call holds a slot until it is answered, and not the session that waits for the next one then. */
function withSlots(calls: PipelineCalls, slots: Slots): PipelineCalls {
  return {
    names: () => calls.names(),
    describe: (pipeline) => calls.describe(pipeline),
    execute: (request) => slots.call(() => calls.execute(request)),
    open: (pipeline, request) => slots.session(() => calls.open(pipeline, request)),
    drain: () => calls.drain(),
    close: (error) => calls.close(error),
  };
}

/** Names of programs are words of letters and digits already, but for `_` at the beginning. */
function asPeerId(text: string): string {
  return text.replace(/^[^A-Za-z0-9]+/, "");
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
  let description: PipelineDescription | undefined;
  const describe = (): PipelineDescription => (description ??= describePipeline(name, pipeline, schemas, own, env));
  return { endpoint: { open }, schemas, describe };
}

/** What the peer has set is not for its callers to change. @throws {MeshError} `invalid-argument` */
function withOwn(own: Params, given: Params, pipeline: string): Params {
  const taken = Object.keys(given).find((name) => Object.hasOwn(own, name));
  if (taken === undefined) return { ...given, ...own };
  throw new MeshError("invalid-argument", `Parameter \`${taken}\` of pipeline \`${pipeline}\` is set by the peer.`);
}
