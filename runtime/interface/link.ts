import type { Frame } from "./frame.ts";
import type { MeshError } from "./errors.ts";

/** Asks for a key frame, against the direction of the stream. @returns true when somebody was asked who may give one */
export type KeyFrameListener = () => boolean;

/**
 * One direction of a stream, seen from its writer. A transport makes links, a layer wraps one, a balancer is a link
 * over links; the executor sees nothing else.
 *
 * Readiness comes before the send: that is how back-pressure crosses process and network borders.
 */
export interface Link {
  /** True when `send` would be accepted now. */
  readonly writable: boolean;
  /**
   * Resolves once `writable` is true.
   * @throws {MeshError} the link's failure, `channel-closed` when the reader has gone; or the signal's reason
   */
  ready(signal?: AbortSignal): Promise<void>;
  /**
   * Takes one frame, at once and in order.
   * @throws {MeshError} `channel-full` when there is no room, `channel-closed` after an end
   */
  send(frame: Frame): void;
  /** No more frames will follow; those accepted are still delivered. Calling it again does nothing. */
  end(): void;
  /**
   * A new epoch has begun at the writer: what was sent before and still waits is dropped, here and further on. Links that
   * do not know of epochs leave it out; those behind them learn it from the next frame.
   */
  flush?(epoch: number): void;
  /**
   * For a writer of pictures that can give one that decodes by itself, or knows whom to ask: `listener` is called whenever the reader
   * needs one, as it came late or has missed some (Picture Loss Indication, RFC 4585, section 6.3.1). It answers whether anybody was asked.
   * The last listener counts. Left out where no reader ever asks.
   */
  onKeyFrameRequest?(listener: KeyFrameListener): void;
  /** Frames that were sent and that the reader has not taken yet, here or on their way to it. Left out where that is not known. */
  readonly underWay?: number;
  /** Ends the stream for a failure; what waits may be dropped. Calling it again does nothing. */
  abort(error: MeshError): void;
}
