/**
 * A program, or a running mesh, as frames, boxes and arrows: what every format of `meshc graph` draws. Plain data; ids
 * are unique within a picture and made of letters, digits and `_`.
 */
export interface Picture {
  readonly version: 1;
  readonly title: string;
  /** Frames that stand in no other. */
  readonly frames: readonly Frame[];
  /** What stands beside all frames: services and addresses outside the program. */
  readonly boxes: readonly Box[];
  readonly arrows: readonly Arrow[];
}

export interface Frame {
  readonly id: string;
  readonly kind: "peer" | "pipeline";
  readonly label: string;
  /** Small print below the label: where a peer listens, what it provides, how a pipeline is run. */
  readonly notes: readonly string[];
  readonly frames: readonly Frame[];
  readonly boxes: readonly Box[];
}

export interface Box {
  readonly id: string;
  readonly kind: "input" | "output" | "node" | "converter" | "remote" | "service" | "address" | "local";
  readonly label: string;
  readonly notes: readonly string[];
}

export interface Arrow {
  /** The id of a box. */
  readonly from: string;
  /** The id of a box, or of a frame for a call. */
  readonly to: string;
  /** `stream`: frames of a format; `signal`: pulses; `flush`: drops what is under way; `call`: a target of a remote. */
  readonly kind: "stream" | "signal" | "flush" | "call";
  /** The format, the case of a route, the place of a target in its order. */
  readonly label: string;
}

/** All frames of a picture, outer ones before those in them. */
export function* framesOf(frames: readonly Frame[]): Generator<Frame, void, undefined> {
  for (const frame of frames) {
    yield frame;
    yield* framesOf(frame.frames);
  }
}
