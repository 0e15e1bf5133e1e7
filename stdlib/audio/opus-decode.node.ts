import { MeshError } from "../../runtime/interface/errors.ts";
import { FrameFlag, type Frame } from "../../runtime/interface/frame.ts";
import { type NodeContext, type NodeInstance, defineNode } from "../../runtime/interface/node.ts";
import { readAsset } from "../common/assets.ts";
import { lazily } from "../common/lazy.ts";
import { audioFormat, endsSegment, startsSegment } from "../common/ports.ts";
import { type OpusDecoderState, compileOpus, openDecoder, packetSamples } from "./opus-wasm.ts";

/** What an encoder at 48 kHz looks ahead, in samples; RFC 7845 calls it pre-skip. */
const preSkip = 312;
const packetUs = (packetSamples * 1e6) / 48_000;
/** A longer hole is left open: what libopus makes up fades out after this. */
const concealedPackets = 5;

const compiled = lazily(() => compileOpus(readAsset));

/**
 * Sound from packets of any length. What the encoder looked ahead (6.5 ms) is cut off at the start of the stream and of
 * each segment and taken out of the timestamps, so that a sample has the media time it had before encoding.
 *
 * Up to 100 ms of lost packets, seen by their missing timestamps, and packets that cannot be decoded are concealed.
 */
class Decoding implements NodeInstance {
  readonly #decoder: OpusDecoderState;
  readonly #context: NodeContext;
  readonly #channels: number;
  #skip = preSkip;
  #started = false;
  /** When the next packet is due; undefined where a hole means nothing. */
  #expectedUs: number | undefined;
  #corrupt = 0;

  constructor(decoder: OpusDecoderState, context: NodeContext, channels: number) {
    this.#decoder = decoder;
    this.#context = context;
    this.#channels = channels;
  }

  process(frame: Frame): void {
    if (startsSegment(frame)) {
      this.flush();
      this.#started = true;
    }
    this.#fillHole(frame.timestampUs);
    const samples = this.#decode(frame);
    const last = endsSegment(frame);
    this.#expectedUs = last ? undefined : frame.timestampUs + (samples.length / this.#channels) * (1e6 / 48_000);
    this.#emit(samples, frame.timestampUs, last ? FrameFlag.segmentEnd : 0);
  }

  flush(): void {
    this.#decoder.reset();
    this.#skip = preSkip;
    this.#started = false;
    this.#expectedUs = undefined;
  }

  #fillHole(untilUs: number): void {
    if (this.#expectedUs === undefined) return;
    const missing = Math.round((untilUs - this.#expectedUs) / packetUs);
    if (missing > concealedPackets) return;
    for (let index = 0; index < missing; index += 1) {
      this.#emit(this.#decoder.conceal(this.#context.buffers), Math.round(this.#expectedUs) + index * packetUs, 0);
    }
  }

  #decode(frame: Frame): Float32Array {
    if (!(frame.payload instanceof Uint8Array)) {
      throw new MeshError("node-failed", "A frame of `audio<opus>` does not carry a Uint8Array");
    }
    try {
      return this.#decoder.decode(frame.payload, this.#context.buffers);
    } catch (error) {
      // One bad packet of a live stream is no reason to end it; a stream of them is reported sparingly.
      this.#corrupt += 1;
      if (this.#corrupt === 1 || this.#corrupt % 100 === 0) {
        this.#context.log("warn", MeshError.from(error).message, { packets: this.#corrupt, seq: frame.seq });
      }
      return this.#decoder.conceal(this.#context.buffers);
    }
  }

  /** @param packetTimeUs media time in the packet's header */
  #emit(decoded: Float32Array, packetTimeUs: number, flags: number): void {
    const skipped = Math.min(this.#skip, decoded.length / this.#channels);
    this.#skip -= skipped;
    const samples = skipped === 0 ? decoded : decoded.slice(skipped * this.#channels);
    if (samples.length === 0 && flags === 0) return;
    const timestampUs = packetTimeUs + Math.round(((skipped - preSkip) * 1e6) / 48_000);
    const allFlags = flags | (this.#started ? FrameFlag.segmentStart : 0);
    this.#started = false;
    void this.#context.emit("out", samples, { timestampUs, flags: allFlags });
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
