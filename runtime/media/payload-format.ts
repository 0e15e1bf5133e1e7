/** What payload formats of RTP have in common: how a frame is cut into payloads, and put together again. */

/** One codec that can go over a track. */
export type TrackCodec = "opus" | "vp8" | "h264";

/** In hertz: RFC 7587, section 4.1; RFC 7741, section 4.1; RFC 6184, section 5.1. */
export const clockRates: Readonly<Record<TrackCodec, number>> = { opus: 48_000, vp8: 90_000, h264: 90_000 };

/** What goes into one packet: a payload header, which may be empty, and bytes of the frame. */
export interface PayloadPart {
  readonly header: Uint8Array;
  readonly body: Uint8Array;
}

/** Cuts frames into payloads. */
export interface Packetiser {
  /** The payloads of one frame, in order; none for a frame that holds nothing that could be sent. */
  packetise(frame: Uint8Array): PayloadPart[];
  /** True for a frame that decodes without earlier ones. */
  isKeyFrame(frame: Uint8Array): boolean;
}

/** What the payload of one packet tells. */
export interface Fragment {
  /** True where a frame certainly begins, false where it certainly does not; undefined when only its neighbours know. */
  readonly starts: boolean | undefined;
  /** True where the format puts each frame into a packet of its own: then the marker means something else. */
  readonly isWhole?: boolean;
  /** Number of the picture modulo `pictureIds`, where the format has one. */
  readonly pictureId?: number;
  /** 2^7 or 2^15. */
  readonly pictureIds?: number;
  readonly payload: Uint8Array;
}

/** A whole frame out of packets. */
export interface AssembledFrame {
  readonly payload: Uint8Array;
  readonly keyFrame: boolean;
}

/** Puts frames together. What comes from the network is judged here: nothing of it makes these methods throw. */
export interface Depacketiser {
  /** Undefined when the payload is not of this format. */
  read(payload: Uint8Array): Fragment | undefined;
  /**
   * The frame of all fragments from its first to its last one; undefined when they do not make one.
   * @param maxBytes of the frame
   */
  assemble(fragments: readonly Fragment[], maxBytes: number): AssembledFrame | undefined;
}

/** @param size of all parts together; callers know it already */
export function joinBytes(parts: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
