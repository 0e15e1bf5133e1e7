import type { PeerPlan, Plan } from "../interface/plan.ts";
import type { TopologyPeer, TopologyPipeline } from "../interface/topology.ts";
import { describePipeline } from "../pipeline/description.ts";
import { resolveValues, type Env } from "../pipeline/parameters.ts";
import type { OpenSessions } from "./open-sessions.ts";
import { topologyPipeline } from "./topology.ts";

export interface TopologyInit {
  readonly plan: Plan;
  /** Those that run in this process. */
  readonly peers: readonly { readonly name: string; readonly addresses: readonly string[] }[];
  readonly sessions: OpenSessions;
  readonly env: Env;
}

/** The peers that run here, and those whose pipelines this process has opened without them. */
export function topologyPeers(init: TopologyInit): readonly TopologyPeer[] {
  const { plan, peers, sessions } = init;
  const running = peers.map(({ name, addresses }) => {
    const peer = Object.values(plan.peers).find((one) => one.name === name);
    return { name, addresses, pipelines: peer === undefined ? [] : pipelinesOf(peer, init) };
  });
  const others = new Map<string, TopologyPipeline[]>();
  for (const { peer, pipeline } of sessions.pipelines) {
    const known = plan.peers[peer] ?? Object.values(plan.peers).find((one) => one.name === peer);
    const isTold = known?.runs.some((run) => run.pipeline === pipeline) && peers.some(({ name }) => name === peer);
    const described = isTold === true ? undefined : pipelineOf(pipeline, init, sessions.of(peer, pipeline));
    if (described !== undefined) others.set(peer, [...(others.get(peer) ?? []), described]);
  }
  // A pipeline that no peer runs is of no one but this process.
  const opened = [...others].map(([name, pipelines]) => ({ name: name || "this process", addresses: [], pipelines }));
  return [...running, ...opened];
}

function pipelinesOf(peer: PeerPlan, { plan, sessions, env }: TopologyInit): TopologyPipeline[] {
  const told = new Set<string>();
  return peer.runs.flatMap((run) => {
    const pipeline = plan.pipelines[run.pipeline];
    if (pipeline === undefined) return [];
    const own = resolveValues(run.params, { params: {}, env, location: peer.location });
    // Sessions do not know under which of two names they were called.
    const running = told.has(run.pipeline) ? [] : sessions.of(peer.name, run.pipeline);
    told.add(run.pipeline);
    return [topologyPipeline(describePipeline(run.as, pipeline, plan.schemas, own, env), running)];
  });
}

function pipelineOf(
  key: string,
  { plan, env }: TopologyInit,
  running: ReturnType<OpenSessions["of"]>,
): TopologyPipeline | undefined {
  const pipeline = plan.pipelines[key];
  return pipeline && topologyPipeline(describePipeline(pipeline.name, pipeline, plan.schemas, {}, env), running);
}
