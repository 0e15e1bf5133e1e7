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

/** Line and column from 1; the file as the plan names it. */
export interface PicturePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Frame {
  readonly id: string;
  readonly kind: "peer" | "pipeline";
  readonly label: string;
  /** Small print below the label: where a peer listens, what it provides, how a pipeline is run. */
  readonly notes: readonly string[];
  readonly frames: readonly Frame[];
  readonly boxes: readonly Box[];
  /** Where the program declares it; left out for what is drawn from a running mesh. So it is with boxes and arrows. */
  readonly at?: PicturePlace;
  /** Of a program: the pipeline, by the name that its sessions tell. */
  readonly pipeline?: string;
}

export interface Box {
  readonly id: string;
  readonly kind: "input" | "output" | "node" | "converter" | "remote" | "service" | "address" | "local";
  readonly label: string;
  readonly notes: readonly string[];
  readonly at?: PicturePlace;
  /** Of a node or remote of a program: its id in the sessions of its pipeline. */
  readonly node?: string;
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
  readonly at?: PicturePlace;
  /** Of a link of a program: the name of the stream in the sessions of its pipeline, `vad.speech -> stt.speech`. */
  readonly stream?: string;
}

/** All frames of a picture, outer ones before those in them. */
export function* framesOf(frames: readonly Frame[]): Generator<Frame, void, undefined> {
  for (const frame of frames) {
    yield frame;
    yield* framesOf(frame.frames);
  }
}
