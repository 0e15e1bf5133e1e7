import {
  MediaStream,
  PictureLossIndication,
  RtcpPayloadSpecificFeedback,
  useH264,
  useOPUS,
  useSdesMid,
  useVP8,
  type MediaStreamTrack,
  type PeerConfig,
  type RTCRtpCodecParameters,
  type RTCPeerConnection,
  type RTCRtpTransceiver,
} from "werift";
import type { TrackCodec, TrackCodecName, TrackDirection, TrackStats } from "../../../interface/track.ts";
import { statsOf } from "../track-stats.ts";
import type { EnginePeer, EngineTracks, EngineTransceiver } from "./engine.ts";
import { codecNamed, kindOf, sourceStreamId } from "./track-codecs.ts";
import { correctReport } from "./werift/corrections.nodejs.ts";

/** The payload types that werift offers; in an answer those of the other side hold. */
const offered: Readonly<Record<TrackCodecName, () => RTCRtpCodecParameters>> = {
  opus: () => useOPUS({ payloadType: 111, parameters: "minptime=10;useinbandfec=1" }),
  vp8: () => useVP8({ payloadType: 96 }),
  h264: () => useH264({ payloadType: 102 }),
};

/** What a peer connection has to know before its first track. */
export function weriftMediaConfig(): Pick<PeerConfig, "codecs" | "headerExtensions"> {
  // One object for both, for in a bundle an extension has one id (RFC 8843 section 9).
  const mid = useSdesMid();
  return {
    codecs: { audio: [offered.opus()], video: [offered.vp8(), offered.h264()] },
    headerExtensions: { audio: [mid], video: [mid] },
  };
}

/** RTP by werift, packet by packet. */
export function weriftTracks(): EngineTracks {
  const known = new WeakMap<RTCRtpTransceiver, WeriftTransceiver>();
  const asked = new WeakMap<EnginePeer, KeyFrameListeners>();
  const same = (peer: EnginePeer, native: RTCRtpTransceiver, direction: TrackDirection): WeriftTransceiver => {
    const listeners = asked.get(peer) ?? new Map<number, () => void>();
    asked.set(peer, listeners);
    const found = known.get(native) ?? new WeriftTransceiver(native, direction, listeners);
    known.set(native, found);
    return found;
  };
  return {
    carries: "rtp",
    codecs: ["opus", "vp8", "h264"],
    addTransceiver(peer, { direction, codec }) {
      const native = (peer as unknown as RTCPeerConnection).addTransceiver(kindOf(codec), {
        direction,
        streams: direction === "sendonly" ? [new MediaStream({ id: sourceStreamId, tracks: [] })] : [],
      });
      // An offer with several codecs leaves it to the answer which packets come; the session has settled that already.
      native.codecs = [offered[codec]()];
      return same(peer, native, direction);
    },
    acceptTransceivers(peer) {
      return (peer as unknown as RTCPeerConnection).getTransceivers().map((native) => {
        // Made by the offer, it only knows that it may receive; `offerDirection` is what is left for this side.
        const isNew = known.get(native) === undefined;
        const direction = native.offerDirection === "sendonly" ? "sendonly" : "recvonly";
        if (isNew) {
          native.setDirection(direction);
          if (direction === "sendonly") native.sender.setStreams([new MediaStream({ id: sourceStreamId, tracks: [] })]);
        }
        return same(peer, native, direction);
      });
    },
  };
}

/** Of a connection: who is to be told that a sender is asked for a key frame, by its SSRC. */
type KeyFrameListeners = Map<number, () => void>;

class WeriftTransceiver implements EngineTransceiver {
  readonly direction: TrackDirection;
  readonly platformTrack = undefined;
  readonly #native: RTCRtpTransceiver;
  readonly #asked: KeyFrameListeners;
  #remoteSsrc: number | undefined;

  constructor(native: RTCRtpTransceiver, direction: TrackDirection, asked: KeyFrameListeners) {
    this.#native = native;
    this.direction = direction;
    this.#asked = asked;
  }

  get mid(): string | null {
    return this.#native.mid;
  }

  get codec(): TrackCodec | undefined {
    const [codec] = this.#native.codecs;
    return codec && codecNamed(codec.mimeType, codec.payloadType, codec.clockRate);
  }

  get ssrc(): number | undefined {
    return this.direction === "sendonly" ? this.#native.sender.ssrc : this.#remoteSsrc;
  }

  sendRtp(packet: Uint8Array, wallUs: number): void {
    const { sender } = this.#native;
    // It sends at once; the promise only tells that the socket has it. A path that has broken is seen by the connection.
    sender.sendRtp(Buffer.from(packet.buffer, packet.byteOffset, packet.length)).catch(() => undefined);
    correctReport(sender, wallUs);
  }

  onRtp(listener: (packet: Uint8Array) => void): void {
    const listen = (track: MediaStreamTrack): void => {
      this.#remoteSsrc = track.ssrc;
      track.onReceiveRtp.subscribe((packet) => listener(new Uint8Array(packet.serialize())));
      track.onReceiveRtcp.subscribe((report) => listener(new Uint8Array(report.serialize())));
    };
    // Its tracks come with the SSRCs that a description tells, once each; `ontrack` comes again with each description.
    this.#native.receiver.tracks.forEach(listen);
    this.#native.onTrack.subscribe(listen);
  }

  requestKeyFrame(): void {
    const ssrc = this.#remoteSsrc;
    if (ssrc !== undefined) void this.#native.receiver.sendRtcpPLI(ssrc);
  }

  onKeyFrameRequest(listener: () => void): void {
    const { sender, receiver } = this.#native;
    sender.onPictureLossIndication.subscribe(listener);
    this.#asked.set(sender.ssrc, listener);
    // Its router takes a request to whoever receives what its sender sends, if anybody does. What it asks for is another's.
    receiver.onRtcp.subscribe((packet) => {
      if (packet.type !== RtcpPayloadSpecificFeedback.type) return;
      const { feedback } = packet;
      if (feedback.count === PictureLossIndication.count) this.#asked.get(feedback.mediaSsrc)?.();
    });
  }

  replaceTrack(): Promise<void> {
    return Promise.reject(new Error("Tracks of werift take packets."));
  }

  async stats(): Promise<TrackStats> {
    const { sender, receiver } = this.#native;
    // Its `getStats` may reject while a transport goes down; `collectStats` only reads.
    return statsOf((this.direction === "sendonly" ? sender : receiver).collectStats(0));
  }
}
