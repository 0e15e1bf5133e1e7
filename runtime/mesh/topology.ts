import { formatType } from "../interface/caps.ts";
import type { ConnectionState } from "../interface/connection.ts";
import type { PipelineDescription } from "../interface/description.ts";
import type { SessionDescription } from "../interface/session.ts";
import type {
  TopologyConnection,
  TopologyPipeline,
  TopologyRemote,
  TopologySession,
  TopologyStream,
} from "../interface/topology.ts";

/** Sessions that are listed of a pipeline; what a picture can show, and few enough to be sent. */
const listedSessions = 64;

/** How deep remotes within remotes of one process are followed. */
const maxDepth = 16;

/** A session that runs, and for how long. */
export interface RunningSession {
  readonly description: SessionDescription;
  readonly openMs: number;
}

/**
 * A pipeline that a peer runs, as a part of a topology.
 * @param sessions left out where they are not to be told
 */
export function topologyPipeline(
  { pipeline, inputs, outputs }: Pick<PipelineDescription, "pipeline" | "inputs" | "outputs">,
  sessions?: readonly RunningSession[],
): TopologyPipeline {
  const formats = (ports: PipelineDescription["inputs"]): Record<string, string> =>
    Object.fromEntries(Object.entries(ports).map(([port, { type }]) => [port, withoutModule(formatType(type))]));
  const listed = sessions?.slice(0, listedSessions).map(({ description, openMs }) => sessionOf(description, openMs, 0));
  const unlisted = (sessions?.length ?? 0) - (listed?.length ?? 0);
  return {
    name: pipeline,
    inputs: formats(inputs),
    outputs: formats(outputs),
    ...(listed !== undefined && { sessions: listed }),
    ...(unlisted > 0 && { unlisted }),
  };
}

function sessionOf(description: SessionDescription, openMs: number | undefined, depth: number): TopologySession {
  const { id, pipeline, nodes, streams, remotes, connection } = description;
  return {
    id,
    pipeline,
    ...(openMs !== undefined && { openMs }),
    nodes: nodes.map(({ id: node, node: kind, state, frames, workMs }) => ({
      id: node,
      node: kind,
      state,
      frames,
      workMs,
    })),
    streams: streams.map((stream): TopologyStream => {
      const { name, format, frames, bytes, dropped, queued, hopMs } = stream;
      const framesPerSecond = openMs === undefined || openMs <= 0 ? undefined : (frames * 1_000) / openMs;
      return {
        ...{ name, format: withoutModule(format), frames, bytes, dropped, queued, hopMs },
        ...(framesPerSecond !== undefined && { framesPerSecond }),
      };
    }),
    remotes: remotes.map(({ id: remote, state, target, standby, fallback, failures, session }): TopologyRemote => ({
      ...{ id: remote, state, target, failures },
      ...(standby !== undefined && { standby }),
      ...(fallback !== undefined && { fallback }),
      ...(session !== undefined && depth < maxDepth && { session: sessionOf(session, undefined, depth + 1) }),
    })),
    ...(connection !== undefined && { connection: connectionOf(connection) }),
  };
}

/** How it was negotiated tells the addresses of a machine, and is long. */
function connectionOf(connection: ConnectionState): TopologyConnection {
  const { transport, engine, state, address, role, sharedBy, roundTripMs } = connection;
  return {
    ...{ transport, state, address, role },
    ...(engine !== undefined && { engine }),
    ...(sharedBy !== undefined && { sharedBy }),
    ...(roundTripMs !== undefined && { roundTripMs }),
  };
}

/** The key of a record names its module where two are named alike; the name is enough here. */
function withoutModule(format: string): string {
  return format.replaceAll(/ \([^()]*\)/g, "");
}
