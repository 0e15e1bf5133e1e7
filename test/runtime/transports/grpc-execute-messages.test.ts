import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CallPayload } from "../../../runtime/interface/calls.ts";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { CborWriter } from "../../../runtime/remote/cbor/writer.ts";
import {
  decodeExecuteRequest,
  decodeExecuteResponse,
  encodeExecuteRequest,
  encodeExecuteResponse,
} from "../../../runtime/transports/grpc/execute-message.ts";
import { fromPayloads, toPayloads } from "../../../runtime/transports/grpc/messages.ts";
import { pipelineService, servedExecute } from "../../../runtime/transports/grpc/services.nodejs.ts";

const library = pipelineService()["Execute"] as {
  readonly requestSerialize: (request: object) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => object;
  readonly responseSerialize: (response: object) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => object;
};

/** Well-formed, as what is not would not come back. */
const texts = fc.string({ unit: "grapheme", maxLength: 200 });
const samples = fc.array(fc.integer({ min: -32_768, max: 32_767 }), { maxLength: 200 });
const payloads: fc.Arbitrary<CallPayload["payload"]> = fc.oneof(
  fc.constant(null),
  texts,
  fc.uint8Array({ maxLength: 300 }),
  samples.map((all) => Int16Array.from(all)),
  samples.map((all) => Float32Array.from(all)),
  fc.dictionary(texts, texts, { noNullPrototype: true }),
);
const ports: fc.Arbitrary<Record<string, CallPayload>> = fc.dictionary(
  fc.oneof(texts, fc.constant("__proto__")),
  fc.record({
    payload: payloads,
    timestampUs: fc.oneof(
      fc.constant(0),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((us) => us + 0),
    ),
  }),
  { maxKeys: 4, noNullPrototype: true },
);

describe("a question of Execute, and its answer", () => {
  it("are what Protocol Buffers make of them, both ways", () => {
    const params = fc.dictionary(texts, texts, { maxKeys: 3, noNullPrototype: true });
    fc.assert(
      fc.property(texts, ports, params, (pipeline, inputs, params_json) => {
        const encodings = ["cbor", pipeline];
        const writers = (port: string) => (port.length % 2 === 0 ? new CborWriter() : undefined);
        const bytes = encodeExecuteRequest({ pipeline, inputs, params: params_json, encodings }, writers);
        const request = { pipeline, inputs: toPayloads(inputs, writers), params_json, encodings };
        const theirs = library.requestSerialize(request);
        expect(decodeExecuteRequest(bytes)).toEqual(decodeExecuteRequest(theirs));
        expect(library.requestDeserialize(bytes)).toEqual(library.requestDeserialize(theirs));
        const read = decodeExecuteRequest(theirs);
        expect(read).toMatchObject({ pipeline, params_json, items: [], encodings });
        expect(fromPayloads(read?.inputs ?? {})).toEqual(inputs);

        const answer = encodeExecuteResponse(inputs, writers);
        expect(fromPayloads(decodeExecuteResponse(answer))).toEqual(inputs);
        expect(library.responseDeserialize(answer)).toEqual(
          library.responseDeserialize(library.responseSerialize({ outputs: toPayloads(inputs, writers) })),
        );
      }),
    );
  });

  it("with items are read and written by the library", () => {
    const { requestDeserialize, responseSerialize } = servedExecute(pipelineService()["Execute"] as never);
    const items = [{ inputs: { in: { text: "a" } } }, {}];
    const bytes = library.requestSerialize({ pipeline: "P", items });
    expect(decodeExecuteRequest(bytes)).toBeUndefined();
    expect(requestDeserialize(bytes)).toMatchObject({ pipeline: "P", items: [{ inputs: { in: { text: "a" } } }, {}] });
    const results = [{ outputs: { out: { text: "b" } } }, { failure: { code: "internal" } }];
    const answer = responseSerialize({ items: results });
    expect(library.responseDeserialize(answer)).toMatchObject({ items: results });
    expect(decodeExecuteResponse(answer)).toEqual({});
  });

  it("pass over fields of later versions, and take the last of several", () => {
    const entry = (payload: readonly number[]): number[] => [
      0x0a,
      payload.length + 5,
      0x0a,
      1,
      0x6f,
      0x12,
      payload.length,
      ...payload,
    ];
    const later = [0x78, 0x05, 0x7a, 1, 9, 0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7d, 1, 2, 3, 4];
    const bytes = Uint8Array.from([
      ...later,
      ...entry([0x0a, 1, 0x61]),
      ...entry([0x0a, 1, 0x62, ...later, 0x12, 2, 0x5b, 0x5d]),
    ]);
    expect(fromPayloads(decodeExecuteResponse(bytes))).toEqual({ o: { payload: [], timestampUs: 0 } });
  });

  it("share no memory with the message, unless nothing else is in it", () => {
    for (const size of [100, 16_000, 200_000]) {
      const inputs = { a: { payload: new Uint8Array(size).fill(7), timestampUs: 0 } };
      const alone = encodeExecuteRequest({ pipeline: "P", inputs, params: {}, encodings: [] });
      const around = Buffer.alloc(alone.length + 4_000);
      around.set(alone, 2_000);
      const within = around.subarray(2_000, 2_000 + alone.length);
      const [first, second] = [alone, within].map(
        (bytes) => fromPayloads(decodeExecuteRequest(bytes)?.inputs ?? {})["a"]?.payload,
      );
      for (const payload of [first, second]) expect(Buffer.compare(payload as Uint8Array, inputs.a.payload)).toBe(0);
      expect((first as Uint8Array).buffer === alone.buffer).toBe(size > 64 * 1024);
      expect((second as Uint8Array).buffer).not.toBe(around.buffer);
    }
  });

  it("that are none are refused, whatever their bytes are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        for (const decode of [decodeExecuteRequest, decodeExecuteResponse]) {
          try {
            decode(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(MeshError);
            expect(error).toMatchObject({ code: "protocol-violation" });
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
