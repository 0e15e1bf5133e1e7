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
