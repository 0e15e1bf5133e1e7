import { formatType, type FlowType } from "../interface/caps.ts";
import type { NodeDescription, StreamDescription } from "../interface/session.ts";
import type { TrackStats } from "../interface/track.ts";

/** A media track as a description of its stream needs it. */
export interface TrackFigures {
  readonly mid: string;
  readonly stats: TrackStats;
  /** What the platform sends or takes by itself, so that the stream does not see it. */
  readonly counted?: { readonly frames: number; readonly bytes: number };
}

export interface StreamSnapshot {
  readonly node: string;
  readonly port: string;
  readonly type: FlowType;
  readonly frames: number;
  readonly bytes: number;
  readonly dropped: number;
  readonly queued: number;
  /** Frames that the writer may send now, by what the reader has granted. */
  readonly credits: number;
  readonly hopMs: number | undefined;
  readonly ended: boolean;
  readonly track: TrackFigures | undefined;
}

export function describeStream(snapshot: StreamSnapshot): {
  readonly node: NodeDescription;
  readonly stream: StreamDescription;
} {
  const { node, port, type, dropped, queued, credits, hopMs, ended, track } = snapshot;
  const frames = snapshot.frames + (track?.counted?.frames ?? 0);
  const bytes = snapshot.bytes + (track?.counted?.bytes ?? 0);
  const metrics = { bytes, dropped, queued, credits, ...(hopMs !== undefined && { hopMs }) };
  return {
    node: { id: port, node, state: ended ? "ended" : "running", frames, workMs: undefined, metrics },
    stream: {
      name: port,
      format: formatType(type),
      frames,
      bytes,
      dropped,
      queued,
      hopMs,
      ...(track !== undefined && { track: { mid: track.mid, stats: track.stats } }),
    },
  };
}
