/** What is being captured for a port. */
export interface Capture {
  stop(): void;
}

export interface CaptureInit {
  /** Media time of all that is captured for a pipeline, so that sound and pictures are in step. */
  readonly nowUs: () => number;
  /** Frames that were written and have not arrived. */
  readonly underWay: () => number;
  /** When nothing is written any more. */
  readonly over: Promise<unknown>;
}
