import { assert, int16Array, integer, nat, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { MeshError } from "../../runtime/interface/errors.ts";
import { encodeWav, parseWav, wavHeader, wavSamples } from "../../stdlib/audio/wav.ts";

/** A file of these chunks, for what the writer never writes. */
function riff(...chunks: readonly (readonly [string, readonly number[]])[]): Uint8Array {
  const bytes: number[] = [];
  for (const [id, body] of chunks) {
    bytes.push(...Buffer.from(id), ...u32(body.length), ...body, ...(body.length % 2 === 1 ? [0] : []));
  }
  return Uint8Array.from([...Buffer.from("RIFF"), ...u32(bytes.length + 4), ...Buffer.from("WAVE"), ...bytes]);
}
const u16 = (value: number): number[] => [value & 255, value >> 8];
const u32 = (value: number): number[] => [...u16(value & 0xffff), ...u16(value >>> 16)];
const format = (tag: number, channels: number, rate: number, bits: number): number[] => [
  ...u16(tag),
  ...u16(channels),
  ...u32(rate),
  ...u32((rate * channels * bits) / 8),
  ...u16((channels * bits) / 8),
  ...u16(bits),
];

function reasonFor(bytes: Uint8Array): string {
  try {
    parseWav(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(MeshError);
    expect((error as MeshError).code).toBe("invalid-argument");
    return (error as MeshError).message;
  }
  throw new Error("the file was taken");
}

describe("a WAV file", () => {
  it("gives back 16-bit samples bit by bit", () => {
    assert(
      property(int16Array({ maxLength: 200 }), integer({ min: 1, max: 4 }), (values, channels) => {
        const samples = values.slice(0, values.length - (values.length % channels));
        const wav = parseWav(encodeWav({ sampleRate: 44_100, channels }, samples));
        expect(wav).toEqual({
          sampleRate: 44_100,
          channels,
          encoding: "pcm_s16",
          frames: samples.length / channels,
          samples,
        });
      }),
    );
  });

  it("gives back floating point bit by bit, beyond full scale too", () => {
    const samples = Float32Array.of(0, -1, 1, 0.1, 1.75, -3);
    const wav = parseWav(encodeWav({ sampleRate: 48_000, channels: 2 }, samples));
    expect(wav).toEqual({ sampleRate: 48_000, channels: 2, encoding: "pcm_f32", frames: 3, samples });
  });

  it("can be streamed: the header is replaced at the end", () => {
    const description = { sampleRate: 16_000, channels: 1, encoding: "pcm_s16" } as const;
    const pieces = [Int16Array.of(1, 2), Int16Array.of(-3), Int16Array.of(4, 5)];
    const file = Buffer.concat([wavHeader(description, 0), ...pieces.map(wavSamples)]);
    expect(parseWav(file).frames).toBe(0);
    file.set(wavHeader(description, 5));
    expect([...parseWav(file).samples]).toEqual([1, 2, -3, 4, 5]);
  });

  it("refuses to be longer than its header can say", () => {
    expect(() => wavHeader({ sampleRate: 48_000, channels: 2, encoding: "pcm_f32" }, 2 ** 29)).toThrow(/4 GiB/);
  });

  it.each([
    ["24", "pcm_s24", [0, 0, 0x40, 0xff, 0xff, 0xff, 0, 0, 0x80], [0.5, -1 / 2 ** 23, -1]],
    ["32", "pcm_s32", [0, 0, 0, 0x40, 0, 0, 0, 0x80], [0.5, -1]],
  ])("reads %s-bit integers", (bits, encoding, data, expected) => {
    const wav = parseWav(riff(["fmt ", format(1, 1, 8000, Number(bits))], ["data", data]));
    expect(wav.encoding).toBe(encoding);
    expect([...wav.samples]).toEqual(expected);
  });

  it("reads the extensible format, and passes over parts that it does not know", () => {
    const guid = [1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
    const extensible = [...format(0xfffe, 2, 48_000, 16), ...u16(22), ...u16(16), ...u32(3), ...guid];
    const file = riff(["LIST", [1, 2, 3]], ["fmt ", extensible], ["odd ", [9]], ["data", [1, 0, 2, 0]]);
    expect(parseWav(file)).toMatchObject({ channels: 2, encoding: "pcm_s16", frames: 1 });
    const alien = riff(["fmt ", [...extensible.slice(0, 39), 0]], ["data", []]);
    expect(reasonFor(alien)).toContain("the encoding named by its extensible format is not supported");
  });

  it("reads what a writer left open that could not seek", () => {
    const file = encodeWav({ sampleRate: 8000, channels: 1 }, Int16Array.of(7, 8));
    new DataView(file.buffer).setUint32(40, 0xffff_ffff, true);
    expect([...parseWav(file).samples]).toEqual([7, 8]);
  });

  it("reads from the middle of a buffer", () => {
    const file = encodeWav({ sampleRate: 8000, channels: 1 }, Int16Array.of(7, 8));
    const padded = new Uint8Array(file.length + 3);
    padded.set(file, 3);
    expect([...parseWav(padded.subarray(3)).samples]).toEqual([7, 8]);
  });

  const good = encodeWav({ sampleRate: 16_000, channels: 1 }, Int16Array.of(1, 2, 3));
  it.each([
    ["nothing", new Uint8Array(0), "it is empty"],
    ["a text", Buffer.from("hello, this is no sound"), "does not begin with `RIFF`"],
    ["two bytes", Buffer.from("RI"), "does not begin with `RIFF`"],
    ["the first bytes alone", good.subarray(0, 8), "truncated within its first 12 bytes"],
    ["an AVI film", Buffer.from("RIFF\0\0\0\0AVI LIST"), "not of the type `WAVE`"],
    ["a big-endian file", Buffer.from("RIFX\0\0\0\0WAVE"), "the variant RIFX is not supported"],
    ["a cut format", good.subarray(0, 30), "truncated within its `fmt ` part"],
    ["a header alone", good.subarray(0, 36), "it has no samples"],
    ["cut samples", good.subarray(0, good.length - 2), "6 bytes of samples are announced and 4 are there"],
    ["no format", riff(["data", [0, 0]]), "its samples come before its format"],
    ["no parts", riff(), "it has no format"],
    ["a short format", riff(["fmt ", [1, 0]], ["data", []]), "takes 2 bytes"],
    ["8-bit samples", riff(["fmt ", format(1, 1, 8000, 8)], ["data", []]), "8-bit integer"],
    ["MP3 inside", riff(["fmt ", format(0x55, 2, 8000, 16)], ["data", []]), "MP3"],
    ["no channels", riff(["fmt ", format(1, 0, 8000, 16)], ["data", []]), "0 channels"],
    ["no rate", riff(["fmt ", format(1, 1, 0, 16)], ["data", []]), "0 Hz"],
    ["half a sample", riff(["fmt ", format(1, 1, 8000, 16)], ["data", [1, 2, 3]]), "end within one"],
    [
      "a wrong block size",
      riff(["fmt ", format(1, 1, 8000, 16).with(12, 9)], ["data", []]),
      "do not make the 9 bytes a sample",
    ],
  ])("is refused with the reason: %s", (_name, bytes, reason) => {
    expect(reasonFor(bytes)).toContain(reason);
  });

  it("fails in no other way, whatever the bytes", () => {
    assert(
      property(nat(good.length - 1), nat(255), nat(good.length), (at, value, length) => {
        const broken = good.slice(0, length);
        if (at < length) broken[at] = value;
        try {
          expect(parseWav(broken).samples.length).toBeLessThanOrEqual(4);
        } catch (error) {
          expect((error as MeshError).code).toBe("invalid-argument");
        }
      }),
    );
  });
});
