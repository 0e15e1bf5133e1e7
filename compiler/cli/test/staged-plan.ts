import type { LinkPlan, NodePlan, PipelinePlan, Plan, PlanValue, TargetPlan } from "../../../runtime/interface/plan.ts";
import type { NodeDefinition } from "../../../runtime/interface/node.ts";
import { formatHostPort, parseMeshUri, type MeshUri } from "../../../runtime/interface/uri.ts";
import { resolveValue, type Env } from "../../../runtime/pipeline/parameters.ts";
import { takingTime } from "./taking-time.ts";
import { watching, type Seen } from "./watching.ts";
import type { Expectation, WayEnd } from "./scenario.ts";

/** A plan as a scenario plays it: on machines that are reached under their own names. */
export interface StagedPlan {
  readonly plan: Plan;
  /** The machine of each peer, by its key. */
  readonly hosts: ReadonlyMap<string, string>;
  /** The signaling services that its peers are registered at. */
  readonly services: readonly MeshUri[];
  /** The code of the nodes that the program does not have, by their ids. */
  readonly nodes: ReadonlyMap<string, NodeDefinition>;
}

const anyHost = new Set(["0.0.0.0", "::"]);

/**
 * Puts the peers of a plan on machines of their own, and in behind each node with a declared latency what takes that time.
 */
export function stagedPlan(plan: Plan, env: Env): StagedPlan {
  const hosts = hostsOf(plan);
  const nodes = new Map<string, NodeDefinition>();
  const peers = Object.entries(plan.peers).map(([key, peer]) => {
    const text = (value: PlanValue): string =>
      String(resolveValue(value, { params: {}, env, location: peer.location }));
    const registers = peer.registers.map(text);
    const listens = peer.listens.map(text);
    return { key, peer, registers, listens };
  });
  const book = peers.flatMap(({ key, listens }) =>
    listens.map((one) => ({ ...parseMeshUri(one), to: hosts.get(key) ?? key })),
  );
  const elsewhere = (uri: string): string => {
    const { scheme, host, port, pipeline } = parseMeshUri(uri);
    const found = book.find(
      (one) => one.scheme === scheme && one.port === port && (one.host === host || anyHost.has(one.host)),
    );
    return found === undefined ? uri : `${scheme}://${formatHostPort({ host: found.to, port })}/${pipeline ?? ""}`;
  };
  const targetOf = (target: TargetPlan, remote: PipelinePlan["remotes"][number]): TargetPlan => {
    if (target.kind !== "uri") return target;
    const uri = String(resolveValue(target.uri, { params: {}, env, location: remote.location }));
    return { ...target, uri: { literal: elsewhere(uri) } };
  };
  return {
    plan: {
      ...plan,
      peers: Object.fromEntries(
        peers.map(({ key, peer, listens }) => {
          const host = hosts.get(key) ?? key;
          const here = listens.map((one) => {
            const { scheme, port } = parseMeshUri(one);
            return { literal: `${scheme}://${formatHostPort({ host, port })}` };
          });
          return [key, { ...peer, listens: here }];
        }),
      ),
      pipelines: mapped(plan.pipelines, (pipeline) => {
        const remotes = pipeline.remotes.map((one) => ({
          ...one,
          targets: one.targets.map((target) => targetOf(target, one)),
        }));
        return withLatencies({ ...pipeline, remotes }, nodes);
      }),
    },
    hosts,
    services: [...new Map(peers.flatMap(({ registers }) => registers.map((one) => [one, parseMeshUri(one)]))).values()],
    nodes,
  };
}

/**
 * Notes what passes the ends of the ways that a scenario measures, where these are not the ports of the pipeline.
 * @param nowMs of the scenario
 */
export function withWays(
  staged: StagedPlan,
  key: string,
  expectations: readonly Expectation[],
  nowMs: () => number,
): StagedPlan & { readonly passed: ReadonlyMap<string, readonly Seen[]> } {
  const passed = new Map<string, Seen[]>();
  const nodes = new Map(staged.nodes);
  let pipeline = staged.plan.pipelines[key];
  const ends = expectations.flatMap((one) =>
    one.kind === "latency" ? [["from", one.from] as const, ["to", one.to] as const] : [],
  );
  for (const [side, end] of ends) {
    const id = endKey(side, end);
    if (end.box === undefined || pipeline === undefined || passed.has(id)) continue;
    const seen: Seen[] = [];
    passed.set(id, seen);
    const isAt = passes(pipeline, side, end, end.box);
    pipeline = between(pipeline, nodes, "way", (link) => (isAt(link) ? watching(seen, nowMs) : undefined));
  }
  const { plan } = staged;
  const pipelines = pipeline === undefined ? plan.pipelines : { ...plan.pipelines, [key]: pipeline };
  return { ...staged, plan: { ...plan, pipelines }, nodes, passed };
}

/** Tells the ends of ways apart. */
export function endKey(side: "from" | "to", { box, port }: WayEnd): string {
  return `${side} ${box ?? ""}.${port ?? ""}`;
}

/** Which links stand at the end of a way: before a box where the way begins at it, behind it where it ends, or at the port that is named. */
function passes(
  pipeline: PipelinePlan,
  side: "from" | "to",
  { port }: WayEnd,
  box: string,
): (link: LinkPlan) => boolean {
  const isIn = (id: string | undefined): boolean => id !== undefined && (id === box || id.startsWith(`${box}/`));
  const boxes = [...pipeline.nodes, ...pipeline.remotes].filter(({ id }) => id === box);
  const isInput = port !== undefined && boxes.some(({ inputs }) => Object.hasOwn(inputs, port));
  const isOutput = port !== undefined && boxes.some(({ outputs }) => Object.hasOwn(outputs, port));
  const isBehind = isOutput || (side === "to" && !isInput);
  return ({ from, to }) => {
    const [near, far] = isBehind ? [from, to] : [to, from];
    return isIn(near.node) && !isIn(far.node) && (port === undefined || boxes.length === 0 || near.port === port);
  };
}

function withLatencies(pipeline: PipelinePlan, nodes: Map<string, NodeDefinition>): PipelinePlan {
  const latencies = new Map(pipeline.nodes.map(({ id, latencyMs }) => [id, latencyMs ?? 0]));
  return between(pipeline, nodes, "latency", ({ from }) => {
    const ms = from.node === undefined ? 0 : (latencies.get(from.node) ?? 0);
    return ms > 0 ? takingTime(ms) : undefined;
  });
}

/** Puts nodes of ours into links. What a queue is told stands where the reader is, which branch it is of where the writer is. */
function between(
  pipeline: PipelinePlan,
  nodes: Map<string, NodeDefinition>,
  what: string,
  codeFor: (link: LinkPlan) => NodeDefinition | undefined,
): PipelinePlan {
  const added: NodePlan[] = [];
  const after = new Map<string, string[]>();
  const links = pipeline.links.flatMap((link): LinkPlan[] => {
    const code = codeFor(link);
    if (code === undefined) return [link];
    const id = `${what} ${nodes.size + 1}`;
    nodes.set(id, code);
    const { type, location, branch, won, from, through, ...queue } = link;
    added.push({ id, node: what, params: {}, inputs: { in: { type } }, outputs: { out: { type } }, location });
    if (from.node !== undefined) after.set(from.node, [...(after.get(from.node) ?? []), id]);
    const near = { from, to: { node: id, port: "in" }, type, capacityFrames: 64, location };
    const ways = {
      ...(branch !== undefined && { branch }),
      ...(won !== undefined && { won }),
      ...(through !== undefined && { through }),
    };
    return [
      { ...near, ...ways },
      { ...queue, from: { node: id, port: "out" }, type, location },
    ];
  });
  if (added.length === 0) return pipeline;
  const flushes = pipeline.flushes?.map((one) => ({
    ...one,
    nodes: one.nodes.flatMap((id) => [id, ...(after.get(id) ?? [])]),
  }));
  return { ...pipeline, nodes: [...pipeline.nodes, ...added], links, ...(flushes !== undefined && { flushes }) };
}

/** Nodes on threads have a time of their own, so they run where the others do. */
export function onNoThreads(plan: Plan): Plan {
  const pipelines = mapped(plan.pipelines, (pipeline) => ({
    ...pipeline,
    nodes: pipeline.nodes.map((node) =>
      node.run === undefined ? node : { ...node, run: { ...node.run, worker: false } },
    ),
  }));
  return { ...plan, pipelines };
}

/** A name that an address can have, for each peer. */
function hostsOf({ peers }: Plan): Map<string, string> {
  const hosts = new Map<string, string>();
  const taken = new Set<string>();
  for (const key of Object.keys(peers)) {
    const plain =
      key
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, "-")
        .replaceAll(/^-+|-+$/g, "") || "peer";
    let host = plain;
    for (let count = 2; taken.has(host); count += 1) host = `${plain}-${count}`;
    taken.add(host);
    hosts.set(key, host);
  }
  return hosts;
}

function mapped<A, B>(table: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(table).map(([key, value]) => [key, change(value)]));
}
