import { formatType } from "../interface/caps.ts";
import type { PipelinePlan } from "../interface/plan.ts";
import type { NodeDescription, RemoteDescription, SessionBorder, SessionDescription } from "../interface/session.ts";
import type { EntryLink } from "./border.ts";
import type { Cells } from "./negotiation.ts";
import type { RunningNode } from "./running-node.ts";
import type { RunningRemote } from "./running-remote.ts";
import type { Wiring } from "./wiring.ts";

export interface Described {
  readonly id: string;
  readonly plan: PipelinePlan;
  readonly cells: Cells;
  readonly nodes: readonly RunningNode[];
  readonly remotes: readonly RunningRemote[];
  readonly wiring: Wiring;
  readonly inputs: Readonly<Record<string, EntryLink>>;
  /** Where the caller is on another peer. */
  readonly border: SessionBorder | undefined;
}

export function describeSession({
  id,
  plan,
  cells,
  nodes,
  remotes,
  wiring,
  inputs,
  border,
}: Described): SessionDescription {
  const described = remotes.map((remote) => remote.describe());
  const standIns = described.map(({ id: remote, state }): NodeDescription => {
    const running = state === "connected" ? "running" : state === "connecting" ? "opening" : state;
    const frames = Object.keys(plan.remotes.find((one) => one.id === remote)?.inputs ?? {})
      .flatMap((port) => wiring.before(remote, port))
      .reduce((sum, channel) => sum + channel.frames - channel.size - channel.dropped, 0);
    return { id: remote, node: "HFPipelineNode", state: running, frames, workMs: undefined };
  });
  const refused = Object.entries(inputs).flatMap(([port, link]) => (link.refused > 0 ? [[port, link.refused]] : []));
  return {
    id,
    pipeline: plan.name,
    nodes: [
      ...(border?.nodes ?? []),
      ...nodes.map((node) => node.describe()),
      ...standIns,
      ...described.flatMap(crossing),
    ],
    remotes: described,
    streams: wiring.queues.map(([wire, channel]) => ({
      name: wire.name,
      format: formatType(cells.fixed(wire.link.type)),
      frames: channel.frames,
      bytes: channel.bytes,
      dropped: channel.dropped,
      queued: channel.size,
      hopMs: channel.hopMs,
    })),
    ...(border?.connection !== undefined && { connection: border.connection }),
    ...(refused.length > 0 && { refused: Object.fromEntries(refused) as Record<string, number> }),
  };
}

/** The sinks and sources of the streams to and from a remote: made with its connection, and gone with it (spec R4). */
function crossing({ id, session }: RemoteDescription): NodeDescription[] {
  if (session?.connection?.state !== "connected") return [];
  return session.nodes.map((node) => ({ ...node, id: `${id}.${node.id}` }));
}
