/** Tracks of the page at the ports of a pipeline; loaded when the first is asked for. */
import { formatType, type FlowType } from "../interface/caps.ts";
import { MeshError } from "../interface/errors.ts";
import { isSessionPort, portSession, type PortSession, type SessionPort } from "../typed/port-session.ts";
import type { InputPort, OutputPort } from "../typed/ports.ts";
import type { MediaPayload } from "./browser-payload.ts";
import { captureSound, type Capture } from "./page-capture.ts";
import { playSound } from "./page-playback.ts";

/** What is captured for a port by itself, where there is no media track. */
const captures = Symbol("capture of a port");
interface CapturingPort extends SessionPort {
  [captures]?: Capture | undefined;
}

/** An output has one reader, so one stream for all elements that play it. */
const played = Symbol("stream of a port");
interface PlayingPort extends SessionPort {
  [played]?: Promise<MediaStream> | undefined;
}

/** @throws {MeshError} as `replaceTrack` of the door says */
export async function replaceTrack(port: InputPort<never>, track: MediaStreamTrack | null): Promise<void> {
  const { session, format } = sessionOf(port, "input");
  checkTrack(port.name, track);
  checkKind(port.name, format, track);
  if (track !== null) await checkRunning(port.name, session);
  const capturing = port as InputPort<never> & CapturingPort;
  capturing[captures]?.stop();
  capturing[captures] = undefined;
  if ((await session.tracks?.send(port.name, track)) === true || track === null) return;
  if (format.kind !== "audio") throw noPictures(port.name, format);
  const input = port as unknown as InputPort<MediaPayload>;
  capturing[captures] = await captureSound(input, format, track, session.closed);
}

/** @throws {MeshError} as `mediaStream` of the door says */
export async function mediaStream(port: OutputPort<unknown>): Promise<MediaStream> {
  const { session, format } = sessionOf(port, "output");
  checkKind(port.name, format, null);
  await checkRunning(port.name, session);
  const playing = port as OutputPort<unknown> & PlayingPort;
  playing[played] ??= playStream(port, { session, format }).catch((error: unknown) => {
    playing[played] = undefined;
    throw error;
  });
  return playing[played];
}

async function playStream(port: OutputPort<unknown>, { session, format }: PortSession): Promise<MediaStream> {
  const stream = new MediaStream();
  const replace = (track: MediaStreamTrack | undefined): void => {
    for (const old of stream.getTracks()) stream.removeTrack(old);
    if (track !== undefined) stream.addTrack(track);
  };
  void session.closed.then(() => replace(undefined));
  if ((await session.tracks?.receive(port.name, replace)) === true) return stream;
  if (format.kind !== "audio") throw noPictures(port.name, format);
  replace(await playSound(port as OutputPort<MediaPayload>, format));
  return stream;
}

function sessionOf(port: object, direction: "input" | "output"): PortSession {
  const found = isSessionPort(port) && "write" in port === (direction === "input") ? port[portSession] : undefined;
  if (found !== undefined) return found;
  throw new MeshError("invalid-argument", `This is no ${direction} of a running pipeline.`, {
    hint: "Take one of what `launch…` of a generated module returns.",
  });
}

/** A stream has tracks, and none where a device is missing. */
function checkTrack(name: string, track: MediaStreamTrack | null): void {
  if (track === null || track instanceof MediaStreamTrack) return;
  throw new MeshError("invalid-argument", `\`${name}\` takes a MediaStreamTrack, or null for none.`, {
    hint: "`stream.getTracks()[0]` is one, where the stream has any.",
  });
}

/** @throws {MeshError} `channel-closed` */
async function checkRunning(name: string, { closed }: PortSession["session"]): Promise<void> {
  // What is settled already comes first.
  const end = await Promise.race([closed, Promise.resolve(undefined)]);
  if (end === undefined) return;
  const reason = end.error === undefined ? "." : `: ${end.error.message}`;
  throw new MeshError("channel-closed", `The pipeline of \`${name}\` has ended${reason}`, {
    hint: "`closed` of the pipeline tells when that is; launch it again.",
  });
}

function checkKind(name: string, format: FlowType, track: MediaStreamTrack | null): void {
  const isMedium = format.kind === "audio" || format.kind === "video";
  if (isMedium && (track === null || track.kind === format.kind)) return;
  const what = track === null || !isMedium ? "carries no sound or pictures" : `is not for tracks of ${track.kind}`;
  throw new MeshError("invalid-argument", `\`${name}\` is ${formatType(format)}, which ${what}.`);
}

function noPictures(name: string, format: FlowType): MeshError {
  const shown = `\`${name}\` (${formatType(format)})`;
  return new MeshError(
    "dependency-missing",
    `${shown} cannot be had as a track here: no track leads from its port to a peer that carries tracks.`,
    {
      hint:
        "Pictures go over media tracks alone: link the port straight to a remote, with `video<vp8>` or `video<h264>`. In Node the " +
        "engine `werift` carries tracks (`meshc run --engine werift`), node-datachannel does not.",
    },
  );
}
