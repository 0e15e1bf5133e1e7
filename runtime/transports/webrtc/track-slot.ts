import type { Clock } from "../../interface/clock.ts";
import { MeshError } from "../../interface/errors.ts";
import type {
  MediaTrack,
  PlatformTrack,
  SentPacket,
  TrackDescription,
  TrackRequest,
  TrackStats,
} from "../../interface/track.ts";
import type { EngineTransceiver } from "./engines/engine.ts";

/** Packets that wait for somebody to listen: what comes before the session has said whose they are. */
const maxEarlyPackets = 128;

/** An m-line of a connection, which one stream after another may have. */
export class TrackSlot {
  readonly #native: EngineTransceiver;
  readonly #clock: Pick<Clock, "nowUs">;
  #lease: TrackLease | undefined;
  #lastSent: SentPacket | undefined;
  #early: Uint8Array[] = [];
  #stats: TrackStats = {};
  #asking = false;

  constructor(native: EngineTransceiver, clock: Pick<Clock, "nowUs">) {
    this.#native = native;
    this.#clock = clock;
    native.onRtp((packet) => this.#receive(packet));
    native.onKeyFrameRequest(() => this.#lease?.askedForKeyFrame());
  }

  get mid(): string | null {
    return this.#native.mid;
  }

  get sends(): boolean {
    return this.#lease !== undefined && this.#native.direction === "sendonly";
  }

  isOf(native: EngineTransceiver): boolean {
    return this.#native === native;
  }

  /** True for one that was negotiated and that nobody has. */
  fits({ direction, codec }: TrackRequest): boolean {
    const native = this.#native;
    return (
      this.#lease === undefined && native.mid !== null && native.direction === direction && native.codec?.name === codec
    );
  }

  /** Whoever had it has it no more. @throws {MeshError} when the other side has not accepted it */
  lease(): MediaTrack {
    const { mid, codec } = this.#native;
    if (mid === null || codec === undefined) {
      throw new MeshError("format-mismatch", "The other side has not accepted the media track.");
    }
    this.#lease?.release();
    const lease = new TrackLease(this.#native, mid, codec, {
      stats: () => this.#stats,
      lastSent: () => this.#lastSent,
      send: (packet, wallUs) => this.#send(packet, wallUs),
      onListen: () => this.#deliver(),
      onRelease: () => {
        if (this.#lease === lease) this.#lease = undefined;
        this.#early = [];
      },
    });
    this.#lease = lease;
    return lease;
  }

  /** Undefined for one that is not negotiated. */
  describe(): TrackDescription | undefined {
    const { mid, codec, direction, ssrc } = this.#native;
    if (mid === null || codec === undefined) return undefined;
    void this.#ask();
    return {
      mid,
      direction,
      codec,
      ...(ssrc !== undefined && { ssrc }),
      inUse: this.#lease !== undefined,
      stats: this.#stats,
    };
  }

  #send(packet: Uint8Array, wallUs: number): void {
    const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
    const [sequenceNumber, rtpTimestamp] = [view.getUint16(2), view.getUint32(4)];
    this.#lastSent = { sequenceNumber, rtpTimestamp, atUs: this.#clock.nowUs() };
    this.#native.sendRtp(packet, wallUs);
  }

  #receive(packet: Uint8Array): void {
    const listener = this.#lease?.listener;
    if (listener !== undefined) listener(packet);
    else if (this.#early.length < maxEarlyPackets) this.#early.push(packet);
  }

  #deliver(): void {
    const early = this.#early;
    this.#early = [];
    for (const packet of early) this.#receive(packet);
  }

  async #ask(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    this.#stats = await this.#native.stats();
    this.#asking = false;
  }
}

interface LeasedSlot {
  readonly stats: () => TrackStats;
  readonly lastSent: () => SentPacket | undefined;
  readonly send: (packet: Uint8Array, wallUs: number) => void;
  readonly onListen: () => void;
  readonly onRelease: () => void;
}

class TrackLease implements MediaTrack {
  readonly mid: string;
  readonly codec: MediaTrack["codec"];
  readonly direction: MediaTrack["direction"];
  listener: ((packet: Uint8Array) => void) | undefined;
  readonly #native: EngineTransceiver;
  readonly #slot: LeasedSlot;
  #onKeyFrameRequest: () => void = () => undefined;
  #released = false;

  constructor(native: EngineTransceiver, mid: string, codec: MediaTrack["codec"], slot: LeasedSlot) {
    this.#native = native;
    this.mid = mid;
    this.codec = codec;
    this.direction = native.direction;
    this.#slot = slot;
  }

  get stats(): TrackStats {
    return this.#slot.stats();
  }

  get platformTrack(): PlatformTrack | undefined {
    return this.#released ? undefined : this.#native.platformTrack;
  }

  get lastSent(): SentPacket | undefined {
    return this.#slot.lastSent();
  }

  sendRtp(packet: Uint8Array, wallUs: number): void {
    if (!this.#released) this.#slot.send(packet, wallUs);
  }

  onRtp(listener: (packet: Uint8Array) => void): void {
    if (this.#released) return;
    this.listener = listener;
    this.#slot.onListen();
  }

  requestKeyFrame(): void {
    if (!this.#released) this.#native.requestKeyFrame();
  }

  onKeyFrameRequest(listener: () => void): void {
    this.#onKeyFrameRequest = listener;
  }

  async replaceTrack(track: PlatformTrack | null): Promise<void> {
    if (!this.#released) await this.#native.replaceTrack(track);
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.listener = undefined;
    // What a page captures is not to go on to whoever has the m-line next.
    if (this.direction === "sendonly") this.#native.replaceTrack(null).catch(() => undefined);
    this.#slot.onRelease();
  }

  /** The other side needs a picture that decodes by itself. */
  askedForKeyFrame(): void {
    if (!this.#released) this.#onKeyFrameRequest();
  }
}
