import type { Box, Frame, Picture } from "../../compiler/graph/picture.ts";
import type { NodeDescription, RemoteDescription, SessionDescription } from "../../runtime/interface/session.ts";
import type { LiveBox, LivePicture, LiveStream } from "./messages.ts";
import { arrowId } from "./picture-places.ts";
import { rateText, streamRates, withInner, type Rates, type StreamRate } from "./rates.ts";

/** A session, and the peer that runs it; `""` where the program has none, or nobody has said. */
export interface PeerSession {
  readonly peer: string;
  readonly description: SessionDescription;
}

/** What the sessions of a run say about a picture of its program. */
export function livePicture(picture: Picture, rates: Rates, sessions: readonly PeerSession[]): LivePicture {
  const boxes: Record<string, LiveBox> = {};
  /** By the box that a stream comes from: the streams of the pipeline that it stands in. */
  const streamsOf = new Map<string, ReadonlyMap<string, StreamRate>>();
  const look = (frame: Frame, peer: string | undefined): void => {
    for (const inner of frame.frames) look(inner, frame.kind === "peer" ? frame.label : peer);
    if (frame.pipeline === undefined) return;
    const own = sessionsIn(frame, peer, sessions);
    Object.assign(boxes, liveBoxes(frame, own));
    const streams = streamRates(rates, own);
    for (const box of frame.boxes) streamsOf.set(box.id, streams);
  };
  for (const frame of picture.frames) look(frame, undefined);
  const streams = picture.arrows.flatMap(({ from, stream }, index): [string, LiveStream][] => {
    const found = stream === undefined ? undefined : streamsOf.get(from)?.get(stream);
    return found === undefined ? [] : [[arrowId(index), liveStream(found)]];
  });
  return { streams: Object.fromEntries(streams), boxes };
}

/**
 * The sessions that are drawn as a frame: those that its peer has opened, or, where it stands for what a remote may run in the same
 * process, those that are behind remotes.
 */
function sessionsIn(
  { pipeline, notes }: Frame,
  peer: string | undefined,
  sessions: readonly PeerSession[],
): readonly SessionDescription[] {
  const here = sessions.filter((one) => one.peer === "" || one.peer === (peer ?? "")).map((one) => one.description);
  const isBehindRemote = notes.includes("in the same process");
  const found = isBehindRemote ? [...withInner(here)].filter((one) => !here.includes(one)) : here;
  return found.filter((one) => one.pipeline === pipeline);
}

function liveStream({ framesPerSecond, frames, dropped, queued }: StreamRate): LiveStream {
  const parts = [
    rateText(framesPerSecond) || `${frames} in all`,
    ...(queued > 0 ? [`${queued} wait`] : []),
    ...(dropped > 0 ? [`${dropped} dropped`] : []),
  ];
  return { text: parts.join(" · "), isFlowing: framesPerSecond > 0, isLossy: dropped > 0 };
}

function liveBoxes(frame: Frame, sessions: readonly SessionDescription[]): Record<string, LiveBox> {
  const found = frame.boxes.flatMap((box): [string, LiveBox][] => {
    const live = liveBox(box, sessions);
    return live === undefined ? [] : [[box.id, live]];
  });
  return Object.fromEntries(found);
}

/** What is worst of several sessions is shown. */
const nodeStates = ["failed", "opening", "running", "ended"] as const;
const remoteStates = ["failed", "connecting", "connected", "ended"] as const;

function liveBox({ node, kind }: Box, sessions: readonly SessionDescription[]): LiveBox | undefined {
  if (node === undefined) return undefined;
  if (kind === "remote") {
    const remotes = sessions.flatMap((one) => one.remotes.filter(({ id }) => id === node));
    const state = remoteStates.find((one) => remotes.some((remote) => remote.state === one));
    return state && { state, text: [...new Set(remotes.map(remoteText))].join("\n") };
  }
  const nodes = sessions.flatMap((one) => one.nodes.filter(({ id }) => id === node));
  const state = nodeStates.find((one) => nodes.some((found) => found.state === one));
  return state && { state, text: nodes.map(nodeText).join("\n") };
}

export function nodeText({ state, frames, workMs, restarts }: NodeDescription): string {
  return [
    state,
    `${frames} frame${frames === 1 ? "" : "s"}`,
    ...(workMs === undefined ? [] : [`${workMs.toFixed(workMs < 10 ? 2 : 0)} ms each`]),
    ...(restarts === undefined ? [] : [`started again ${restarts} time${restarts === 1 ? "" : "s"}`]),
  ].join(", ");
}

export function remoteText({ state, target, standby }: RemoteDescription): string {
  return [
    target === undefined ? state : `${state}: ${target}`,
    ...(standby === undefined ? [] : [`${standby} stands by`]),
  ].join(", ");
}
