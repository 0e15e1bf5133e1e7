import { FrameFlag, type Frame } from "../../runtime/interface/frame.ts";
import { type NodeContext, type NodeInstance, defineNode } from "../../runtime/interface/node.ts";
import { readAsset } from "../common/assets.ts";
import { Blocks } from "../common/blocks.ts";
import { lazily } from "../common/lazy.ts";
import { audioFormat, endsSegment, floatSamples, startsSegment } from "../common/ports.ts";
import {
  type OpusEncoderSettings,
  type OpusEncoderState,
  compileOpus,
  openEncoder,
  packetSamples,
} from "./opus-wasm.ts";

/** A jump in time beyond this starts a new packet rather than joining what is apart. */
const toleranceUs = 20_000;
/** With DTX, a packet of so many bytes says nothing: opus_encode of the API of libopus. */
const silentBytes = 2;

const compiled = lazily(() => compileOpus(readAsset));

/**
 * Packets of 20 ms from frames of any size. A packet carries the media time of its first sample.
 *
 * The codec looks 6.5 ms ahead (312 samples, the pre-skip of RFC 7845 section 4.2): at the end of a segment or of the
 * stream, silence is added until the last sample has come out, one packet at most beyond the one begun. The packet
 * that completes a segment is therefore known, and marked, as soon as the segment's last frame has come.
 */
class Encoding implements NodeInstance {
  readonly #encoder: OpusEncoderState;
  readonly #context: NodeContext;
  readonly #blocks: Blocks;
  readonly #dtx: boolean;
  /** Each is encoded before the next is taken. */
  readonly #sameBlock: () => Float32Array<ArrayBuffer>;
  #started = false;
  /** Samples put in whose sound is not yet wholly in an emitted packet. */
  #owed = 0;

  constructor(encoder: OpusEncoderState, context: NodeContext, channels: number, dtx: boolean) {
    this.#encoder = encoder;
    this.#context = context;
    this.#dtx = dtx;
    this.#blocks = new Blocks(packetSamples, { rate: 48_000, channels });
    const block = new Float32Array(packetSamples * channels);
    this.#sameBlock = () => block;
  }

  process(frame: Frame): void {
    const samples = floatSamples(frame.payload);
    if (startsSegment(frame)) {
      this.#finish(0);
      this.#started = true;
    } else if (this.#blocks.waiting > 0 && Math.abs(this.#blocks.gapUs(frame.timestampUs)) > toleranceUs) {
      this.#emit(0, true);
    }
    if (this.#owed === 0 && (samples.length > 0 || this.#started)) this.#owed = this.#encoder.lookahead;
    const before = this.#blocks.waiting;
    this.#blocks.append(samples, frame.timestampUs);
    this.#owed += this.#blocks.waiting - before;
    while (this.#blocks.waiting >= packetSamples) this.#emit(0, false);
    if (endsSegment(frame)) this.#finish(FrameFlag.segmentEnd);
  }

  end(): void {
    this.#finish(0);
  }

  flush(): void {
    this.#reset();
    this.#started = false;
  }

  /** Emits what the codec still holds, `flags` on its last packet. */
  #finish(flags: number): void {
    while (this.#owed > 0) this.#emit(this.#owed <= packetSamples ? flags : 0, true);
    this.#reset();
  }

  #emit(flags: number, padded: boolean): void {
    const block = padded ? this.#blocks.takePadded(this.#sameBlock) : this.#blocks.take(this.#sameBlock);
    if (block === undefined) return;
    this.#owed = Math.max(0, this.#owed - packetSamples);
    const allFlags = flags | (this.#started ? FrameFlag.segmentStart : 0);
    this.#started = false;
    const packet = this.#encoder.encode(block.samples, this.#context.buffers);
    if (this.#dtx && packet.length <= silentBytes && allFlags === 0) return;
    void this.#context.emit("out", packet, { timestampUs: block.timestampUs, flags: allFlags });
  }

  #reset(): void {
    this.#blocks.reset();
    this.#encoder.reset();
    this.#owed = 0;
  }
}

export const OpusEncode = defineNode<Pick<OpusEncoderSettings, "bitrate"> & Partial<OpusEncoderSettings>>({
  sync: true,
  borrows: true,
  async open({ bitrate, inbandFec = true, packetLoss = 0, dtx = false }, context) {
    const { channels } = audioFormat(context, "inputs", "in");
    const encoder = await openEncoder(await compiled(), channels, { bitrate, inbandFec, packetLoss, dtx });
    return new Encoding(encoder, context, channels, dtx);
  },
});
