/**
 * Opus (RFC 6716) from libopus compiled to WebAssembly: `wasm/simd.wasm` of the package @evan/opus, driven directly so
 * that it runs alike on Node.js and in browsers.
 */
import { type ReadAsset, missingPackage } from "../common/assets.ts";
import { MeshError } from "../../runtime/interface/errors.ts";
import type { PayloadBuffers } from "../../runtime/interface/node.ts";
import { writeFloats, writeIntegers } from "./pcm.ts";

/** Samples of each channel in a packet of 20 ms at 48 kHz. */
export const packetSamples = 960;
/** The longest packet there is, 120 ms (RFC 6716 section 2.1.4), in samples of each channel. */
const longestSamples = 5760;
/** libopus never writes more than 1275 bytes for each of up to three frames of 20 ms; two channels stay below. */
const packetBytes = 4000;
const applicationVoip = 2048;
const applicationAudio = 2049;
const setBitrate = 4002;
const setComplexity = 4010;
const setInbandFec = 4012;
const setPacketLoss = 4014;
const setDtx = 4016;
const getLookahead = 4027;
const resetState = 4028;
/** Half of the CPU time of the default of 10 for an error that is hard to hear. */
const complexity = 5;

interface OpusExports {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  malloc(bytes: number): number;
  opus_strerror(code: number): number;
  opus_encoder_get_size(channels: number): number;
  opus_encoder_init(state: number, rate: number, channels: number, application: number): number;
  opus_encoder_ctl_set(state: number, request: number, value: number): number;
  opus_encoder_ctl_get(state: number, request: number): number;
  opus_encode(state: number, pcm: number, samples: number, packet: number, packetBytes: number): number;
  opus_decoder_get_size(channels: number): number;
  opus_decoder_init(state: number, rate: number, channels: number): number;
  opus_decoder_ctl_set(state: number, request: number, value: number): number;
  opus_decode(state: number, packet: number, bytes: number, pcm: number, samples: number, fec: number): number;
}

const need = { node: "Opus", packages: ["@evan/opus"] };

export async function compileOpus(readAsset: ReadAsset): Promise<WebAssembly.Module> {
  const asset = { package: "@evan/opus", path: "wasm/simd.wasm", neededBy: need };
  const bytes = await readAsset(asset);
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    throw missingPackage(asset.package, asset.neededBy, error);
  }
}

/** What of the encoder can be chosen; the names are those of the API of libopus. */
export interface OpusEncoderSettings {
  /** Bits per second, 6000..510000. */
  readonly bitrate: number;
  /**
   * Each packet also holds the one before it, coarsely (RFC 6716, section 2.1.7), where loss is expected. That is a part of the codec
   * for speech, so that the sound is then taken for speech.
   */
  readonly inbandFec: boolean;
  /** Share of the packets that will be lost, 0..1; what in-band FEC takes of the bitrate depends on it. */
  readonly packetLoss: number;
  /** Silence takes a packet every 400 ms: RFC 6716, section 2.1.9. */
  readonly dtx: boolean;
}

export interface OpusEncoderState {
  /** How many samples the decoded sound lags behind what was put in (312 at 48 kHz). */
  readonly lookahead: number;
  /** Encodes exactly `packetSamples` for each channel, interleaved in -1..1, into one packet. */
  encode(samples: Float32Array, buffers: PayloadBuffers): Uint8Array;
  reset(): void;
}

/** Lengths are in samples of each channel: multiples of 2.5 ms, at most 120 ms. */
export interface OpusDecoderState {
  /**
   * Decodes one packet into interleaved samples.
   * @throws {MeshError} `invalid-argument` when it is not an Opus packet
   */
  decode(packet: Uint8Array, buffers: PayloadBuffers): Float32Array;
  /** The sound before a packet, out of its in-band FEC; comes before the packet itself is decoded. @throws as `decode` */
  recover(packet: Uint8Array, length: number, buffers: PayloadBuffers): Float32Array;
  /** Samples that stand in for sound that is missing. */
  conceal(length: number, buffers: PayloadBuffers): Float32Array;
  reset(): void;
}

/** The system calls of WASI stand in the module for failing assertions only. */
const nothing = (): number => 0;

/** Each codec gets memory of its own, which is freed with the object. */
async function instantiate(module: WebAssembly.Module): Promise<OpusExports> {
  const instance = await WebAssembly.instantiate(module, {
    wasi_snapshot_preview1: { fd_seek: nothing, fd_write: nothing, fd_close: nothing, proc_exit: nothing },
    env: { emscripten_notify_memory_growth: nothing },
  });
  const opus = instance.exports as unknown as OpusExports;
  // eslint-disable-next-line no-underscore-dangle -- the module calls it so
  opus._initialize();
  return opus;
}

function messageOf(opus: OpusExports, code: number): string {
  const bytes = new Uint8Array(opus.memory.buffer, opus.opus_strerror(code), 64);
  return new TextDecoder().decode(bytes.subarray(0, Math.max(0, bytes.indexOf(0))));
}

function checked(opus: OpusExports, result: number, doing: string): number {
  if (result >= 0) return result;
  throw new MeshError("invalid-argument", `Opus could not ${doing}: ${messageOf(opus, result)}`);
}

export async function openEncoder(
  module: WebAssembly.Module,
  channels: number,
  settings: OpusEncoderSettings,
): Promise<OpusEncoderState> {
  const { bitrate, inbandFec, packetLoss, dtx } = settings;
  const application = inbandFec && packetLoss > 0 ? applicationVoip : applicationAudio;
  const opus = await instantiate(module);
  const state = opus.malloc(opus.opus_encoder_get_size(channels));
  checked(opus, opus.opus_encoder_init(state, 48_000, channels, application), "open an encoder");
  const set = (request: number, value: number, doing: string): void =>
    void checked(opus, opus.opus_encoder_ctl_set(state, request, value), doing);
  set(setBitrate, bitrate, `encode at ${bitrate} bits per second`);
  set(setComplexity, complexity, "set the complexity");
  set(setInbandFec, inbandFec ? 1 : 0, "set in-band FEC");
  set(setPacketLoss, Math.round(packetLoss * 100), `expect a loss of ${packetLoss * 100} %`);
  set(setDtx, dtx ? 1 : 0, "set DTX");
  const pcm = opus.malloc(packetSamples * channels * 2);
  const packet = opus.malloc(packetBytes);
  return {
    lookahead: opus.opus_encoder_ctl_get(state, getLookahead),
    encode(samples, buffers) {
      writeIntegers(new Int16Array(opus.memory.buffer, pcm, packetSamples * channels), samples);
      const bytes = checked(opus, opus.opus_encode(state, pcm, packetSamples, packet, packetBytes), "encode");
      const encoded = buffers.uint8(bytes);
      encoded.set(new Uint8Array(opus.memory.buffer, packet, bytes));
      return encoded;
    },
    reset: () => void opus.opus_encoder_ctl_set(state, resetState, 0),
  };
}

export async function openDecoder(module: WebAssembly.Module, channels: number): Promise<OpusDecoderState> {
  const opus = await instantiate(module);
  const state = opus.malloc(opus.opus_decoder_get_size(channels));
  checked(opus, opus.opus_decoder_init(state, 48_000, channels), "open a decoder");
  const pcm = opus.malloc(longestSamples * channels * 2);
  const input = opus.malloc(packetBytes);
  const take = (samples: number, buffers: PayloadBuffers): Float32Array => {
    const decoded = buffers.float32(samples * channels);
    writeFloats(decoded, new Int16Array(opus.memory.buffer, pcm, decoded.length));
    return decoded;
  };
  const decode = (packet: Uint8Array, length: number, fec: number, buffers: PayloadBuffers): Float32Array => {
    // An empty packet would be taken for a lost one.
    if (packet.length === 0 || packet.length > packetBytes) {
      throw new MeshError("invalid-argument", `An Opus packet of ${packet.length} bytes is not possible`);
    }
    new Uint8Array(opus.memory.buffer).set(packet, input);
    const samples = opus.opus_decode(state, input, packet.length, pcm, length, fec);
    return take(checked(opus, samples, "decode a packet"), buffers);
  };
  return {
    decode: (packet, buffers) => decode(packet, longestSamples, 0, buffers),
    recover: (packet, length, buffers) => decode(packet, length, 1, buffers),
    conceal: (length, buffers) =>
      take(checked(opus, opus.opus_decode(state, 0, 0, pcm, length, 0), "conceal a loss"), buffers),
    reset: () => void opus.opus_decoder_ctl_set(state, resetState, 0),
  };
}
