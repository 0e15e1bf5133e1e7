/** A value of a record, list, map, scalar or `json` port. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/**
 * What a frame carries, by the type of its port:
 *
 * | port | payload |
 * | --- | --- |
 * | `audio<pcm_f32>` | `Float32Array`, samples in -1..1, channels interleaved |
 * | `audio<pcm_s16>` | `Int16Array`, channels interleaved |
 * | other `audio<…>`, `video<…>`, `bytes`, `tensor<…>` | `Uint8Array`, one encoded packet or picture |
 * | `text` | `string` |
 * | records, lists, maps, scalars, `json` | `JsonValue` |
 * | `signal` | `null` |
 *
 * A typed array belongs to the frame from the moment it is emitted: the producer must not write to it again.
 */
export type Payload = Uint8Array | Int16Array | Float32Array | JsonValue;

/** Bits of `Frame.flags`. */
export const FrameFlag = {
  /** First frame after silence or of a segment: an utterance, a file, a take. */
  segmentStart: 1,
  /** Last frame of a segment. */
  segmentEnd: 2,
  /** A picture that decodes without earlier ones. */
  keyFrame: 4,
} as const;

/** One unit of a stream. */
export interface Frame<P extends Payload = Payload> {
  /** Media time at the source, in microseconds since the stream's own zero. */
  readonly timestampUs: number;
  /** Counts the frames of a stream from 0, without holes at the producer. */
  readonly seq: number;
  /** Grows with each interrupt of the session; older frames are stale. */
  readonly epoch: number;
  /** Sum of `FrameFlag` bits. */
  readonly flags: number;
  readonly payload: P;
}
