import type { TrackCodec, TrackCodecName, TrackDirection } from "../../../interface/track.ts";

/** The codec of an `a=rtpmap`, by its MIME type such as `audio/opus`. */
export function codecNamed(mimeType: string, payloadType: number, clockRate: number): TrackCodec | undefined {
  const name = mimeType.slice(mimeType.indexOf("/") + 1).toLowerCase();
  return name === "opus" || name === "vp8" || name === "h264" ? { name, payloadType, clockRate } : undefined;
}

export function kindOf(codec: TrackCodecName): "audio" | "video" {
  return codec === "opus" ? "audio" : "video";
}

/** The direction in which this side can use an m-line of the other side's offer (RFC 8829 section 5.3.1). */
export function answeredDirection(offer: string, mid: string): TrackDirection {
  const section = offer.split(/^m=/m).find((one) => one.split(/\r?\n/).includes(`a=mid:${mid}`));
  return section !== undefined && /^a=recvonly\r?$/m.test(section) ? "sendonly" : "recvonly";
}

/** What all tracks of a connection say of the source they belong to, so that a browser keeps them in step (RFC 8830). */
export const sourceStreamId = "mesh";
