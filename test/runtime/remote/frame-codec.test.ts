import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MeshError } from "../../../runtime/interface/errors.ts";
import {
  encodedBytes,
  encodeEnd,
  encodeFrames,
  encodePart,
  FrameDecoder,
  type DecodedFrame,
  type EncodableFrame,
} from "../../../runtime/remote/frame-codec.ts";
import { decodePayload, Encoding, encodePayload } from "../../../runtime/remote/payload-codec.ts";

const frame = fc.record({
  flags: fc.integer({ min: 0, max: 7 }),
  epoch: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  seq: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  timestampUs: fc.integer({ min: 0, max: 2 ** 48 }),
  encoding: fc.constantFrom(Encoding.bytes, Encoding.utf8),
  body: fc.uint8Array({ maxLength: 4_000 }),
  gap: fc.constantFrom(0, 1, 70_000),
});

const largeFrame = fc
  .tuple(frame, fc.uint8Array({ minLength: 1_300, maxLength: 4_000 }))
  .map(([one, body]) => ({ ...one, body }));

function reader() {
  const frames: DecodedFrame[] = [];
  const ends: number[] = [];
  const decoder = new FrameDecoder({
    admit: () => undefined,
    frame: (one) => frames.push({ ...one, body: one.body.slice() }),
    end: (count) => ends.push(count),
  });
  return { decoder, frames, ends };
}

const fields = ({ flags, epoch, seq, timestampUs, encoding, body, gap }: EncodableFrame) => ({
  flags,
  epoch,
  seq,
  timestampUs,
  encoding,
  body: [...body],
  gap,
});

describe("frames on the wire", () => {
  it("come out as they went in, several to a message", () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 5 }), (sent) => {
        const { decoder, frames } = reader();
        decoder.push(encodeFrames(sent));
        expect(frames.map(fields)).toEqual(sent.map(fields));
      }),
      { numRuns: 300 },
    );
  });

  it("come out whole when they are sent in parts of any size", () => {
    fc.assert(
      // What fits goes as a whole: the first part of a frame is never all of it.
      fc.property(largeFrame, fc.integer({ min: 64, max: 1_200 }), (sent, maxMessageBytes) => {
        const { decoder, frames } = reader();
        let done = 0;
        do {
          const part = encodePart(encodeFrames([sent]), done, maxMessageBytes);
          expect(part.message.length).toBeLessThanOrEqual(maxMessageBytes);
          decoder.push(part.message);
          done = part.sent;
        } while (done < sent.body.length);
        expect(frames.map(fields)).toEqual([fields(sent)]);
      }),
      { numRuns: 300 },
    );
  });

  it("give a coded error and nothing else for any bytes of a stranger", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const { decoder } = reader();
        try {
          decoder.push(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MeshError);
          expect((error as MeshError).code).toMatch(/protocol-violation|resource-exhausted/);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it("give nothing but frames and coded errors when true messages are changed, cut or put together anew", () => {
    const change = fc.record({
      message: fc.nat(9),
      at: fc.nat(5_000),
      byte: fc.nat(255),
      cut: fc.option(fc.nat(2_000), { nil: undefined }),
    });
    fc.assert(
      fc.property(
        fc.array(fc.oneof(frame, largeFrame), { minLength: 1, maxLength: 4 }),
        fc.array(change, { maxLength: 6 }),
        (sent, changes) => {
          const messages = sent.flatMap((one) => {
            const parts: Uint8Array[] = [];
            for (let done = 0; parts.length === 0 || done < one.body.length;) {
              const part =
                encodedBytes(one) <= 1_200
                  ? { message: encodeFrames([one]), sent: one.body.length }
                  : encodePart(encodeFrames([one]), done, 1_200);
              parts.push(part.message);
              done = part.sent;
            }
            return parts;
          });
          for (const { message, at, byte, cut } of changes) {
            const index = message % messages.length;
            const bytes = messages[index] as Uint8Array;
            if (at < bytes.length) bytes[at] = byte;
            if (cut !== undefined && cut > 0 && cut < bytes.length) messages[index] = bytes.slice(0, cut);
          }
          const { decoder, frames } = reader();
          try {
            for (const message of messages) decoder.push(message);
          } catch (error) {
            expect(error).toBeInstanceOf(MeshError);
            expect((error as MeshError).code).toMatch(/protocol-violation|resource-exhausted/);
          }
          for (const one of frames)
            expect(Number.isSafeInteger(one.seq) && Number.isFinite(one.timestampUs)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("refuse a frame that announces more than the limit, before it is there", () => {
    const { decoder } = reader();
    const large: EncodableFrame = {
      flags: 0,
      epoch: 0,
      seq: 0,
      timestampUs: 0,
      encoding: Encoding.bytes,
      body: new Uint8Array(17 * 1024 * 1024),
      gap: 0,
    };
    expect(() => decoder.push(encodePart(encodeFrames([large]), 0, 16_384).message)).toThrow(
      expect.objectContaining({ code: "resource-exhausted" }),
    );
  });

  it("end with their count, and nothing may follow", () => {
    const { decoder, ends } = reader();
    decoder.push(encodeEnd(7));
    expect(ends).toEqual([7]);
    expect(() => decoder.push(encodeEnd(7))).toThrow(/follows the end/);
  });

  it("say how large they will be", () => {
    fc.assert(
      fc.property(frame, (one) => {
        expect(encodeFrames([one]).length).toBe(encodedBytes(one));
      }),
    );
  });
});

describe("payloads on the wire", () => {
  it.each([
    ["samples", Float32Array.of(0, 0.5, -1)],
    ["integer samples", Int16Array.of(0, 32_767, -32_768)],
    ["bytes", Uint8Array.of(1, 2, 3)],
    ["a pulse", null],
    ["a record", { text: "grüß dich", words: [{ at: 1 }] }],
    ["a list", [1, "two", null]],
  ])("%s", (_, payload) => {
    const { encoding, body } = encodePayload(payload);
    expect(decodePayload(encoding, body.slice(), true)).toEqual(payload);
  });

  it("a text, as it is and not as JSON", () => {
    const { encoding, body } = encodePayload("naïve 🎙");
    expect(encoding).toBe(Encoding.utf8);
    expect(decodePayload(encoding, body, false)).toBe("naïve 🎙");
  });
});
