import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { decodeStreamMessage, encodeStreamMessage } from "../../../runtime/transports/grpc/stream-message.ts";
import { pipelineService } from "../../../runtime/transports/grpc/services.nodejs.ts";

const messages = fc.record({
  channel: fc.integer({ min: 0, max: 1023 }),
  message: fc.uint8Array({ maxLength: 300 }),
  close: fc.option(fc.constantFrom("peer-lost", "cancelled"), { nil: undefined }),
});

describe("a message of a stream over gRPC", () => {
  it("is what Protocol Buffers make of it, and comes back as it was", () => {
    const { requestDeserialize } = pipelineService()["Stream"] as { requestDeserialize: (bytes: Buffer) => object };
    fc.assert(
      fc.property(messages, (sent) => {
        const bytes = encodeStreamMessage(sent);
        expect(decodeStreamMessage(bytes)).toEqual(sent);
        expect(requestDeserialize(bytes)).toEqual({
          channel: sent.channel,
          message: Buffer.from(sent.message),
          close: sent.close ?? "",
        });
      }),
    );
  });

  it("is not copied where there is room in front of it, and the same comes out", () => {
    const sizes = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constantFrom(16_383, 16_384, 65_536));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1023 }), sizes, fc.integer({ min: 0, max: 12 }), (channel, size, room) => {
        const before = 5;
        const buffer = new Uint8Array(before + room + size).fill(9);
        const message = buffer.subarray(before + room);
        const copied = encodeStreamMessage({ channel, message: message.slice(), close: undefined });
        const bytes = encodeStreamMessage({ channel, message, room, close: undefined });
        expect(bytes.equals(copied)).toBe(true);
        expect(bytes.buffer === buffer.buffer).toBe(room >= 7);
        expect([...buffer.subarray(0, before)]).toEqual([9, 9, 9, 9, 9]);
        expect(message.every((byte) => byte === 9)).toBe(true);
      }),
    );
  });

  it("that is none is refused, whatever its bytes are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          expect(decodeStreamMessage(bytes).message.length).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(MeshError);
          expect(error).toMatchObject({ code: "protocol-violation" });
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
