/**
 * WAV files (RIFF/WAVE, "Multimedia Programming Interface and Data Specifications 1.0", and WAVE_FORMAT_EXTENSIBLE) from
 * and to bytes. Where the bytes come from and go to is the caller's business.
 */
import { MeshError } from "../../runtime/interface/errors.ts";

export type WavEncoding = "pcm_s16" | "pcm_s24" | "pcm_s32" | "pcm_f32";

export interface WavFormat {
  /** Hertz. */
  readonly sampleRate: number;
  readonly channels: number;
  readonly encoding: WavEncoding;
}

export interface Wav extends WavFormat {
  /** Samples of each channel. */
  readonly frames: number;
  /** Channels interleaved: an `Int16Array` of `pcm_s16`, otherwise floating point in -1..1. */
  readonly samples: Int16Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
}

/** What can be written. */
export type WritableWavFormat = WavFormat & { readonly encoding: "pcm_s16" | "pcm_f32" };

const integerTag = 1;
const floatTag = 3;
const extensibleTag = 0xfffe;
/** A writer that cannot seek back leaves this as the size of the data, meaning all that follows. */
const unknownSize = 0xffff_ffff;
const maxChannels = 64;
const maxRate = 768_000;
/** Bytes 2 to 15 of the format GUIDs that carry an ordinary format tag in their first two. */
const tagGuidTail = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];

const tagNames: Readonly<Record<number, string>> = {
  2: "Microsoft ADPCM",
  6: "A-law",
  7: "mu-law",
  0x11: "IMA ADPCM",
  0x31: "GSM 6.10",
  0x55: "MP3",
  0xff: "AAC",
};

interface Layout extends WavFormat {
  readonly bytesPerSample: number;
}

function refuse(reason: string, hint?: string): MeshError {
  return new MeshError("invalid-argument", `This is not a WAV file that can be read: ${reason}`, { hint });
}

const convertHint = "Convert it to 16-bit PCM, for example with `sox IN -b 16 -e signed OUT.wav`.";

/**
 * Reads a whole WAV file: PCM of 16, 24 or 32 bits, or 32-bit floating point.
 * @throws {MeshError} `invalid-argument` that says what is wrong: not RIFF/WAVE, truncated, an encoding not supported
 */
export function parseWav(bytes: Uint8Array): Wav {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  checkRiff(view);
  let layout: Layout | undefined;
  let at = 12;
  while (at + 8 <= view.byteLength) {
    const id = fourCharacters(view, at);
    const size = view.getUint32(at + 4, true);
    const body = at + 8;
    const room = view.byteLength - body;
    if (id === "data") {
      if (layout === undefined) throw refuse("its samples come before its format");
      if (size > room && size !== unknownSize) {
        throw refuse(`it is truncated: ${size} bytes of samples are announced and ${room} are there`);
      }
      return readSamples(view, body, Math.min(size, room), layout);
    }
    if (size > room) throw refuse(`it is truncated within its \`${id}\` part`);
    if (id === "fmt ") layout = readFormat(view, body, size);
    // Parts are padded to an even length.
    at = body + size + (size % 2);
  }
  throw refuse(layout === undefined ? "it has no format" : "it has no samples");
}

function checkRiff(view: DataView): void {
  if (view.byteLength === 0) throw refuse("it is empty");
  const container = view.byteLength >= 4 ? fourCharacters(view, 0) : "";
  if (container === "RIFX" || container === "RF64" || container === "BW64") {
    throw refuse(`the variant ${container} is not supported`, convertHint);
  }
  if (container !== "RIFF") throw refuse("it does not begin with `RIFF`");
  if (view.byteLength < 12) throw refuse("it is truncated within its first 12 bytes");
  if (fourCharacters(view, 8) !== "WAVE") throw refuse("it is RIFF, but not of the type `WAVE`");
}

function fourCharacters(view: DataView, at: number): string {
  let text = "";
  for (let index = 0; index < 4; index += 1) {
    const code = view.getUint8(at + index);
    text += code >= 32 && code < 127 ? String.fromCharCode(code) : "?";
  }
  return text;
}

function readFormat(view: DataView, at: number, size: number): Layout {
  if (size < 16) throw refuse(`its format takes ${size} bytes instead of 16 or more`);
  let tag = view.getUint16(at, true);
  const channels = view.getUint16(at + 2, true);
  const sampleRate = view.getUint32(at + 4, true);
  const blockBytes = view.getUint16(at + 12, true);
  const bits = view.getUint16(at + 14, true);
  if (tag === extensibleTag) {
    if (size < 40) throw refuse("its extensible format is cut short");
    if (tagGuidTail.some((byte, index) => view.getUint8(at + 26 + index) !== byte)) {
      throw refuse("the encoding named by its extensible format is not supported", convertHint);
    }
    tag = view.getUint16(at + 24, true);
  }
  const encoding = encodingOf(tag, bits);
  if (channels < 1 || channels > maxChannels) throw refuse(`it claims to have ${channels} channels`);
  if (sampleRate < 1 || sampleRate > maxRate) throw refuse(`it claims a sample rate of ${sampleRate} Hz`);
  const bytesPerSample = bits / 8;
  if (blockBytes !== channels * bytesPerSample) {
    throw refuse(`${channels} channels of ${bits} bits do not make the ${blockBytes} bytes a sample that it claims`);
  }
  return { sampleRate, channels, encoding, bytesPerSample };
}

function encodingOf(tag: number, bits: number): WavEncoding {
  if (tag === integerTag && bits === 16) return "pcm_s16";
  if (tag === integerTag && bits === 24) return "pcm_s24";
  if (tag === integerTag && bits === 32) return "pcm_s32";
  if (tag === floatTag && bits === 32) return "pcm_f32";
  const name =
    tag === integerTag ? "integer" : tag === floatTag ? "floating point" : (tagNames[tag] ?? `format ${tag}`);
  throw refuse(`its encoding, ${bits}-bit ${name}, is not supported`, convertHint);
}

function readSamples(view: DataView, at: number, size: number, layout: Layout): Wav {
  const { sampleRate, channels, encoding, bytesPerSample } = layout;
  if (size % (channels * bytesPerSample) !== 0) throw refuse("it is truncated: its samples end within one");
  const count = size / bytesPerSample;
  const samples = encoding === "pcm_s16" ? new Int16Array(count) : new Float32Array(count);
  const read = sampleReader(view, encoding);
  for (let index = 0; index < count; index += 1) samples[index] = read(at + index * bytesPerSample);
  return { sampleRate, channels, encoding, frames: count / channels, samples };
}

function sampleReader(view: DataView, encoding: WavEncoding): (at: number) => number {
  switch (encoding) {
    case "pcm_s16":
      return (at) => view.getInt16(at, true);
    case "pcm_s24":
      return (at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 65_536) / 8_388_608;
    case "pcm_s32":
      return (at) => view.getInt32(at, true) / 2_147_483_648;
    case "pcm_f32":
      return (at) => view.getFloat32(at, true);
    default:
      return encoding satisfies never;
  }
}

/**
 * The bytes before the samples. For one format they are always equally many, so that a writer may begin with the header
 * of 0 frames and put the true one in its place at the end.
 * @param frames samples of each channel
 * @throws {MeshError} `invalid-argument` when so many do not fit into a WAV file (4 GiB)
 */
export function wavHeader(format: WritableWavFormat, frames: number): Uint8Array<ArrayBuffer> {
  const float = format.encoding === "pcm_f32";
  const bytesPerSample = float ? 4 : 2;
  const dataBytes = frames * format.channels * bytesPerSample;
  // Other encodings than integers carry an extension size and the number of frames.
  const header = new Uint8Array(float ? 58 : 44);
  if (dataBytes + header.length > unknownSize) {
    throw new MeshError("invalid-argument", "A WAV file cannot be longer than 4 GiB", {
      hint: "Write several files, or fewer channels or samples a second.",
    });
  }
  const view = new DataView(header.buffer);
  let at = 0;
  const text = (value: string): void => {
    for (const character of value) view.setUint8(at++, character.charCodeAt(0));
  };
  const u16 = (value: number): void => {
    view.setUint16(at, value, true);
    at += 2;
  };
  const u32 = (value: number): void => {
    view.setUint32(at, value, true);
    at += 4;
  };
  text("RIFF");
  u32(header.length - 8 + dataBytes);
  text("WAVEfmt ");
  u32(float ? 18 : 16);
  u16(float ? floatTag : integerTag);
  u16(format.channels);
  u32(format.sampleRate);
  u32(format.sampleRate * format.channels * bytesPerSample);
  u16(format.channels * bytesPerSample);
  u16(bytesPerSample * 8);
  if (float) {
    u16(0);
    text("fact");
    u32(4);
    u32(frames);
  }
  text("data");
  u32(dataBytes);
  return header;
}

/** The samples as they stand in a file: little-endian. */
export function wavSamples(samples: Int16Array | Float32Array): Uint8Array<ArrayBuffer> {
  const width = samples.BYTES_PER_ELEMENT;
  const view = new DataView(new ArrayBuffer(samples.length * width));
  for (let index = 0; index < samples.length; index += 1) {
    const value = samples[index] ?? 0;
    if (width === 2) view.setInt16(index * 2, value, true);
    else view.setFloat32(index * 4, value, true);
  }
  return new Uint8Array(view.buffer);
}

/** A whole file; the kind of the samples decides the encoding. */
export function encodeWav(
  format: { readonly sampleRate: number; readonly channels: number },
  samples: Int16Array | Float32Array,
): Uint8Array<ArrayBuffer> {
  const encoding = samples instanceof Int16Array ? "pcm_s16" : "pcm_f32";
  const header = wavHeader({ ...format, encoding }, samples.length / format.channels);
  const file = new Uint8Array(header.length + samples.byteLength);
  file.set(header);
  file.set(wavSamples(samples), header.length);
  return file;
}
