/**
 * Pictures of a track one by one, and a track of pictures that are shown one by one. Chromium has streams for both
 * (https://www.w3.org/TR/mediacapture-transform/), which go on in a page that nobody looks at; elsewhere an element and a canvas do it.
 */

/** Of that specification, as Chromium has it in a window. */
interface TrackStreams {
  readonly MediaStreamTrackProcessor?: new (init: { track: MediaStreamTrack; maxBufferSize: number }) => {
    readonly readable: ReadableStream<VideoFrame>;
  };
  readonly MediaStreamTrackGenerator?: new (init: { kind: "video" }) => MediaStreamTrack & {
    readonly writable: WritableStream<VideoFrame>;
  };
}

/** Hands on what a track shows; `onFrame` closes each frame. @returns a function that ends it */
export function readFrames(track: MediaStreamTrack, onFrame: (frame: VideoFrame) => void): () => void {
  const { MediaStreamTrackProcessor } = globalThis as TrackStreams;
  if (MediaStreamTrackProcessor === undefined) return readElement(track, onFrame);
  const reader = new MediaStreamTrackProcessor({ track, maxBufferSize: 1 }).readable.getReader();
  const next = async (): Promise<void> => {
    for (let read = await reader.read(); !read.done; read = await reader.read()) onFrame(read.value);
  };
  const stop = (): void => void reader.cancel().catch(() => undefined);
  next().catch(stop);
  return stop;
}

function readElement(track: MediaStreamTrack, onFrame: (frame: VideoFrame) => void): () => void {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([track]);
  let stopped = false;
  const ask = (): void => {
    video.requestVideoFrameCallback((nowMs, { captureTime }) => {
      if (stopped) return;
      onFrame(new VideoFrame(video, { timestamp: (captureTime ?? nowMs) * 1_000 }));
      ask();
    });
  };
  ask();
  // A browser that lets nothing play by itself plays what is muted.
  void video.play().catch(() => undefined);
  return () => {
    stopped = true;
    video.srcObject = null;
  };
}

/** A track that shows pictures. */
export interface Screen {
  readonly track: MediaStreamTrack;
  /** Shows a picture now, and closes it. */
  show(frame: VideoFrame): void;
}

export function makeScreen(): Screen {
  const { MediaStreamTrackGenerator } = globalThis as TrackStreams;
  if (MediaStreamTrackGenerator === undefined) return canvasScreen();
  const track = new MediaStreamTrackGenerator({ kind: "video" });
  const writer = track.writable.getWriter();
  return {
    track,
    show(frame) {
      // It closes what it takes; a track that has been stopped takes nothing.
      writer.write(frame).catch(() => frame.close());
    },
  };
}

function canvasScreen(): Screen {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { alpha: false });
  const [track] = canvas.captureStream().getVideoTracks();
  if (context === null || track === undefined) throw new Error("A canvas has no picture or no track.");
  return {
    track,
    show(frame) {
      const { displayWidth, displayHeight } = frame;
      // To set them empties it.
      if (canvas.width !== displayWidth) canvas.width = displayWidth;
      if (canvas.height !== displayHeight) canvas.height = displayHeight;
      context.drawImage(frame, 0, 0);
      frame.close();
    },
  };
}
