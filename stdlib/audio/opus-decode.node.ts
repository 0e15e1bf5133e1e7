import { MeshError } from "../../runtime/interface/errors.ts";
import { FrameFlag, type Frame } from "../../runtime/interface/frame.ts";
import { type NodeContext, type NodeInstance, defineNode } from "../../runtime/interface/node.ts";
import { readAsset } from "../common/assets.ts";
import { lazily } from "../common/lazy.ts";
import { audioFormat, endsSegment, startsSegment } from "../common/ports.ts";
import { type OpusPacketInfo, readOpusPacket } from "../../runtime/interface/opus-packet.ts";
import { type OpusDecoderState, compileOpus, openDecoder, packetSamples } from "./opus-wasm.ts";

/** What an encoder at 48 kHz looks ahead, in samples; RFC 7845 calls it pre-skip. */
const preSkip = 312;
const rate = 48_000;
/** Times are rounded on their way, by less than the shortest packet, which has 2.5 ms. */
const roundingUs = 1_000;
/** Concealment goes on for so long, 120 ms: what is made up beyond has nothing to do with what was said. */
const concealedSamples = 5760;
/** The longest hole that DTX leaves is 400 ms, a packet every 20 ms left out: silence is filled as far as that. */
const silentSamples = 20_160;

const compiled = lazily(() => compileOpus(readAsset));

/**
 * Sound from packets of any length. What the encoder looked ahead (6.5 ms) is cut off at the start of the stream and of
 * each segment and taken out of the timestamps, so that a sample has the media time it had before encoding.
 *
 * **Holes.** A hole in the media time is filled once the packet behind it has come: the part right before that packet with its
 * in-band FEC, where it has some; the rest with concealment, 120 ms at most, the last 20 ms of which fade out, and what is longer stays
 * a hole. Where the numbers of the frames have no hole and nobody spoke before, the sender has left out silence (DTX): comfort noise,
 * up to 420 ms; a longer hole without one in the numbers is a jump of the source. Packets that cannot be decoded are concealed. The figures of the node count what was filled, by W3C's names of
 * `RTCInboundRtpStreamStats`, and `recoveredSamples` for FEC.
 */
class Decoding implements NodeInstance {
  readonly #decoder: OpusDecoderState;
  readonly #context: NodeContext;
  readonly #channels: number;
  #skip = preSkip;
  #started = false;
  /** When the next packet is due; undefined where a hole means nothing. */
  #expectedUs: number | undefined;
  /** Number of the next frame. */
  #expectedSeq = 0;
  #wasSilent = false;
  #corrupt = 0;

  constructor(decoder: OpusDecoderState, context: NodeContext, channels: number) {
    this.#decoder = decoder;
    this.#context = context;
    this.#channels = channels;
  }

  process(frame: Frame): void {
    if (!(frame.payload instanceof Uint8Array)) {
      throw new MeshError("node-failed", "A frame of `audio<opus>` does not carry a Uint8Array");
    }
    if (startsSegment(frame)) {
      this.flush();
      this.#started = true;
    }
    const last = endsSegment(frame);
    const flags = last ? FrameFlag.segmentEnd : 0;
    const packet = frame.payload;
    if (packet.length === 0 && last) {
      // The end has come without the packet that it was of.
      this.#expectedUs = undefined;
      this.#emit(new Float32Array(0), frame.timestampUs, flags);
      return;
    }
    const info = readOpusPacket(packet);
    this.#fillHole(frame, packet, info);
    const samples = this.#decode(frame, packet, info.samples || packetSamples);
    this.#expectedUs = last ? undefined : frame.timestampUs + this.#us(samples.length / this.#channels);
    this.#expectedSeq = frame.seq + 1;
    this.#wasSilent = info.isSilent;
    this.#emit(samples, frame.timestampUs, flags);
  }

  flush(): void {
    this.#decoder.reset();
    this.#skip = preSkip;
    this.#started = false;
    this.#expectedUs = undefined;
  }

  #fillHole(frame: Frame, packet: Uint8Array, info: OpusPacketInfo): void {
    const fromUs = this.#expectedUs;
    if (fromUs === undefined) return;
    const step = info.samples || packetSamples;
    // Whole packets only.
    const missing = Math.floor(((frame.timestampUs - fromUs + roundingUs) * rate) / 1e6 / step);
    if (missing < 1) return;
    const isLoss = frame.seq > this.#expectedSeq;
    const isSilence = !isLoss && this.#wasSilent;
    // Nothing was lost, and it is longer than what a link could have swallowed unseen: the source has jumped.
    if (!isLoss && missing * step > (isSilence ? silentSamples : concealedSamples)) return;
    const recovers = info.hasFec && !isSilence;
    const lost = missing - (recovers ? 1 : 0);
    const most = Math.floor((isSilence ? silentSamples : concealedSamples) / step);
    const made = Math.min(lost, most);
    for (let index = 0; index < made; index += 1) {
      const samples = this.#decoder.conceal(step, this.#context.buffers);
      if (index === most - 1 && lost > made) fadeOut(samples, this.#channels);
      this.#emit(samples, Math.round(fromUs + index * this.#us(step)), 0);
    }
    if (made > 0) this.#count(made * step, isSilence);
    if (recovers) this.#recover(frame, packet, step);
  }

  /** What the packet tells of the one before it. */
  #recover(frame: Frame, packet: Uint8Array, step: number): void {
    const { buffers, metrics } = this.#context;
    try {
      const samples = this.#decoder.recover(packet, step, buffers);
      metrics.count("recoveredSamples", step);
      this.#emit(samples, Math.round(frame.timestampUs - this.#us(step)), 0);
    } catch {
      // The packet itself is decoded next, which says what is wrong with it.
    }
  }

  #decode(frame: Frame, packet: Uint8Array, step: number): Float32Array {
    try {
      return this.#decoder.decode(packet, this.#context.buffers);
    } catch (error) {
      // One bad packet of a live stream is no reason to end it; a stream of them is reported sparingly.
      this.#corrupt += 1;
      if (this.#corrupt === 1 || this.#corrupt % 100 === 0) {
        this.#context.log("warn", MeshError.from(error).message, { packets: this.#corrupt, seq: frame.seq });
      }
      this.#count(step, false);
      return this.#decoder.conceal(step, this.#context.buffers);
    }
  }

  #count(samples: number, isSilence: boolean): void {
    const { metrics } = this.#context;
    metrics.count("concealedSamples", samples);
    if (isSilence) metrics.count("silentConcealedSamples", samples);
    metrics.count("concealmentEvents");
  }

  #us(samples: number): number {
    return (samples * 1e6) / rate;
  }

  /** @param packetTimeUs media time in the packet's header */
  #emit(decoded: Float32Array, packetTimeUs: number, flags: number): void {
    const skipped = Math.min(this.#skip, decoded.length / this.#channels);
    this.#skip -= skipped;
    const samples = skipped === 0 ? decoded : decoded.slice(skipped * this.#channels);
    if (samples.length === 0 && flags === 0) return;
    const timestampUs = packetTimeUs + Math.round(((skipped - preSkip) * 1e6) / rate);
    const allFlags = flags | (this.#started ? FrameFlag.segmentStart : 0);
    this.#started = false;
    void this.#context.emit("out", samples, { timestampUs, flags: allFlags });
  }
}

/** From full to nothing, so that the silence behind it does not begin with a click. */
function fadeOut(samples: Float32Array, channels: number): void {
  const frames = samples.length / channels;
  for (let index = 0; index < samples.length; index += 1) {
    samples[index] = (samples[index] ?? 0) * (1 - (Math.floor(index / channels) + 1) / frames);
  }
}

export const OpusDecode = defineNode({
  sync: true,
  borrows: true,
  async open(_params, context) {
    const { channels } = audioFormat(context, "outputs", "out");
    return new Decoding(await openDecoder(await compiled(), channels), context, channels);
  },
});
