import type {
  PlatformTrack,
  TrackCodec,
  TrackCodecName,
  TrackDirection,
  TrackStats,
} from "../../../interface/track.ts";
import { statsOf } from "../track-stats.ts";
import type { EnginePeer, EngineTracks, EngineTransceiver } from "./engine.ts";
import { answeredDirection, codecNamed, kindOf } from "./track-codecs.ts";

/** Tracks as the browser has them: it encodes what it captures and plays what comes, and keeps tracks of one stream in step. */
export function browserTracks(): EngineTracks {
  const known = new WeakMap<RTCRtpTransceiver, BrowserTransceiver>();
  /** What a page sends over one connection comes from one source. */
  const sources = new WeakMap<EnginePeer, MediaStream>();
  const sourceOf = (peer: EnginePeer): MediaStream => {
    const source = sources.get(peer) ?? new MediaStream();
    sources.set(peer, source);
    return source;
  };
  return {
    carries: "platform",
    get codecs() {
      return (["opus", "vp8", "h264"] as const).filter((codec) => formatsOf(codec).length > 0);
    },
    addTransceiver(peer, { direction, codec }) {
      const streams = direction === "sendonly" ? [sourceOf(peer)] : [];
      const native = nativeOf(peer).addTransceiver(kindOf(codec), { direction, streams });
      // An offer with several codecs leaves it to the answer which one comes; the session has settled that already.
      native.setCodecPreferences(formatsOf(codec));
      const made = new BrowserTransceiver(native, direction);
      known.set(native, made);
      return made;
    },
    acceptTransceivers(peer) {
      return nativeOf(peer)
        .getTransceivers()
        .map((native) => {
          const found = known.get(native);
          if (found !== undefined) return found;
          const direction = answeredDirection(peer.remoteDescription?.sdp ?? "", native.mid ?? "");
          native.direction = direction;
          if (direction === "sendonly") native.sender.setStreams(sourceOf(peer));
          const made = new BrowserTransceiver(native, direction);
          known.set(native, made);
          return made;
        });
    },
  };
}

function nativeOf(peer: EnginePeer): RTCPeerConnection {
  return peer as unknown as RTCPeerConnection;
}

/** What the browser can do of a codec; of H.264 the profile that all browsers have, with pictures in several packets (RFC 7742 section 6.2). */
function formatsOf(codec: TrackCodecName): RTCRtpCodec[] {
  const all = RTCRtpReceiver.getCapabilities(kindOf(codec))?.codecs ?? [];
  return all.filter(({ mimeType, sdpFmtpLine = "" }) => {
    if (codecNamed(mimeType, 0, 0)?.name !== codec) return false;
    return codec !== "h264" || (/profile-level-id=42e0/.test(sdpFmtpLine) && /packetization-mode=1/.test(sdpFmtpLine));
  });
}

class BrowserTransceiver implements EngineTransceiver {
  readonly direction: TrackDirection;
  readonly #native: RTCRtpTransceiver;
  /** As the last report told it. */
  #ssrc: number | undefined;

  constructor(native: RTCRtpTransceiver, direction: TrackDirection) {
    this.#native = native;
    this.direction = direction;
  }

  get mid(): string | null {
    return this.#native.mid;
  }

  get codec(): TrackCodec | undefined {
    const { sender, receiver } = this.#native;
    const [codec] = (this.direction === "sendonly" ? sender : receiver).getParameters().codecs;
    return codec && codecNamed(codec.mimeType, codec.payloadType, codec.clockRate);
  }

  get ssrc(): number | undefined {
    return this.#ssrc;
  }

  get platformTrack(): PlatformTrack | undefined {
    return this.direction === "recvonly" ? this.#native.receiver.track : undefined;
  }

  sendRtp(): void {
    throw new Error("A browser sends tracks, not packets.");
  }

  onRtp(): void {
    // The browser keeps packets to itself.
  }

  requestKeyFrame(): void {
    // It asks by itself.
  }

  onKeyFrameRequest(): void {
    // It answers by itself.
  }

  replaceTrack(track: PlatformTrack | null): Promise<void> {
    return this.#native.sender.replaceTrack(track);
  }

  async stats(): Promise<TrackStats> {
    const { sender, receiver } = this.#native;
    try {
      const report = await (this.direction === "sendonly" ? sender : receiver).getStats();
      const parts: object[] = [];
      report.forEach((part: { readonly type: string; readonly ssrc?: number }) => {
        parts.push(part);
        if (part.type === "inbound-rtp" || part.type === "outbound-rtp") this.#ssrc = part.ssrc;
      });
      return statsOf(parts);
    } catch {
      return {};
    }
  }
}
