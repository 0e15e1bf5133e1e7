import { framesOf, type Box, type Frame, type Picture } from "../../compiler/graph/picture.ts";
import type { NodeDescription, RemoteDescription, SessionDescription } from "../../runtime/interface/session.ts";
import type { LiveBox, LivePicture, LiveStream } from "./messages.ts";
import { arrowId } from "./picture-places.ts";
import { rateText, streamRates, withInner, type Rates, type StreamRate } from "./rates.ts";

/** What the sessions of a run say about a picture of its program. Where a pipeline is drawn twice, both show all its sessions. */
export function livePicture(picture: Picture, rates: Rates, sessions: readonly SessionDescription[]): LivePicture {
  const byPipeline = streamRates(rates, sessions);
  const pipelineOf = new Map<string, string>();
  const boxes: Record<string, LiveBox> = {};
  for (const frame of framesOf(picture.frames)) {
    const { pipeline } = frame;
    if (pipeline === undefined) continue;
    for (const box of frame.boxes) pipelineOf.set(box.id, pipeline);
    Object.assign(
      boxes,
      liveBoxes(
        frame,
        [...withInner(sessions)].filter((one) => one.pipeline === pipeline),
      ),
    );
  }
  const streams = picture.arrows.flatMap(({ from, stream }, index): [string, LiveStream][] => {
    const found = stream === undefined ? undefined : byPipeline.get(pipelineOf.get(from) ?? "")?.get(stream);
    return found === undefined ? [] : [[arrowId(index), liveStream(found)]];
  });
  return { streams: Object.fromEntries(streams), boxes };
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
