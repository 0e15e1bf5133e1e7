/** All sessions of a pipeline as one: a picture has room for the pipeline once, however many use it. */
import type { TopologyRemote, TopologySession, TopologyStream } from "../../../runtime/interface/topology.ts";

type Node = TopologySession["nodes"][number];

export interface MergedStream {
  readonly name: string;
  readonly format: string;
  /** All sessions together. */
  readonly framesPerSecond: number;
  readonly dropped: number;
}

export interface Merged {
  readonly nodes: readonly Node[];
  readonly streams: readonly MergedStream[];
  /** Those of all sessions, by id. */
  readonly remotes: ReadonlyMap<string, readonly TopologyRemote[]>;
}

/** Counters are added up; a node has failed, opens or runs as soon as it does in one of the sessions, in this order. */
export function merged(sessions: readonly TopologySession[]): Merged {
  const nodes = new Map<string, Node>();
  const streams = new Map<string, MergedStream>();
  const remotes = new Map<string, TopologyRemote[]>();
  for (const session of sessions) {
    for (const node of session.nodes) nodes.set(node.id, both(nodes.get(node.id), node));
    for (const stream of session.streams) streams.set(stream.name, sum(streams.get(stream.name), stream));
    for (const remote of session.remotes) remotes.set(remote.id, [...(remotes.get(remote.id) ?? []), remote]);
  }
  return { nodes: [...nodes.values()], streams: [...streams.values()], remotes };
}

const order: readonly Node["state"][] = ["failed", "opening", "running", "ended"];

function both(known: Node | undefined, node: Node): Node {
  if (known === undefined) return node;
  const state = order.find((one) => one === known.state || one === node.state) ?? node.state;
  const frames = known.frames + node.frames;
  const work = (known.workMs ?? 0) * known.frames + (node.workMs ?? 0) * node.frames;
  return { ...known, state, frames, workMs: frames === 0 ? undefined : work / frames };
}

function sum(known: MergedStream | undefined, stream: TopologyStream): MergedStream {
  const { name, format, framesPerSecond = 0, dropped } = stream;
  if (known === undefined) return { name, format, framesPerSecond, dropped };
  return {
    name,
    format: known.format === format ? format : `${known.format} or ${format}`,
    framesPerSecond: known.framesPerSecond + framesPerSecond,
    dropped: known.dropped + dropped,
  };
}

/** What is said of a node below its name. */
export function countsOf({ state, frames, workMs }: Node): string[] {
  const work = workMs === undefined || workMs < 0.05 ? "" : `, ${workMs.toFixed(1)} ms each`;
  return [...(state === "running" ? [] : [state]), `${frames} frame${frames === 1 ? "" : "s"}${work}`];
}

export function formatsOf(format: string | undefined): string[] {
  return format === undefined ? [] : [format];
}

/** What carries the sessions: transport, engine, state, how many share it, how far it is. */
export function connectionText(sessions: readonly TopologySession[]): string {
  const all = sessions.flatMap(({ connection }) => (connection === undefined ? [] : [connection]));
  const [first] = all;
  if (first === undefined) return "";
  const states = [...new Set(all.map(({ state }) => state))].join(", ");
  const trips = all.flatMap(({ roundTripMs }) => (roundTripMs === undefined ? [] : [roundTripMs]));
  const shared = Math.max(...all.map(({ sharedBy = 1 }) => sharedBy));
  return [
    first.engine === undefined ? first.transport : `${first.transport} (${first.engine})`,
    states,
    ...(trips.length === 0 ? [] : [`${Math.max(...trips).toFixed(1)} ms`]),
    ...(shared > 1 ? [`shared by ${shared}`] : []),
  ].join(" · ");
}
