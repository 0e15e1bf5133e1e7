import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  readRtcp,
  writeBye,
  writeFullIntraRequest,
  writeNack,
  writePictureLoss,
  writeSenderReport,
} from "../../../runtime/media/rtcp.ts";
import { isRtcp, readRtpPacket, writeRtpPacket } from "../../../runtime/media/rtp-packet.ts";
import { SequenceTracker, Unwrapper } from "../../../runtime/media/sequence.ts";

const u32 = fc.nat({ max: 2 ** 32 - 1 });
const u16 = fc.nat({ max: 0xffff });
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));

describe("RTP packets", () => {
  it("come out as they went in", () => {
    const packet = fc.record({
      marker: fc.boolean(),
      payloadType: fc.nat({ max: 127 }),
      sequenceNumber: u16,
      timestamp: u32,
      ssrc: u32,
      payload: fc.uint8Array({ maxLength: 1_500 }),
    });
    fc.assert(
      fc.property(packet, ({ payload, ...header }) => {
        expect(readRtpPacket(writeRtpPacket(header, payload))).toEqual({ ...header, payload });
      }),
    );
  });

  it("are read with contributing sources, extensions of one and two bytes, and padding", () => {
    const read = (first: string, rest: string) => readRtpPacket(hex(`${first} e0 0007 00000003 00000009 ${rest}`));
    const payload = Uint8Array.of(1, 2, 3);
    expect(read("80", "010203")).toMatchObject({
      marker: true,
      payloadType: 0x60,
      sequenceNumber: 7,
      timestamp: 3,
      ssrc: 9,
      payload,
    });
    expect(read("82", "aaaaaaaa bbbbbbbb 010203")?.payload).toEqual(payload);
    expect(read("90", "bede0001 10aa0000 010203")?.payload).toEqual(payload);
    expect(read("90", "10000002 0101aa00 00000000 010203")?.payload).toEqual(payload);
    expect(read("b1", "aaaaaaaa bede0000 010203 0002")?.payload).toEqual(payload);
    expect(read("a0", "00000004")?.payload).toEqual(new Uint8Array(0));
    // Cut short: sources, an extension, its content; padding beyond the packet, and none.
    for (const [first, rest] of [
      ["8f", "00"],
      ["90", "bede"],
      ["90", "bedeffff 01"],
      ["a0", "010203ff"],
      ["a0", "010200"],
      ["40", "010203"],
    ]) {
      expect(read(first as string, rest as string), `${first} ${rest}`).toBeUndefined();
    }
  });

  it("are told from RTCP, and nothing that comes throws", () => {
    expect(isRtcp(writePictureLoss(1, 2))).toBe(true);
    expect(isRtcp(writeRtpPacket({ marker: true, payloadType: 111, sequenceNumber: 1, timestamp: 1, ssrc: 1 }))).toBe(
      false,
    );
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.nat({ max: 255 }),
        fc.nat({ max: 255 }),
        (bytes, first, second) => {
          const forged = Uint8Array.of(first, second, ...bytes);
          const packet = readRtpPacket(forged);
          expect(packet === undefined || packet.payload.length <= forged.length - 12).toBe(true);
          expect(readRtcp(forged).length).toBeLessThanOrEqual(forged.length / 4);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

describe("RTCP", () => {
  it("carries reports, requests and the end, several in one", () => {
    const report = {
      ssrc: 0xdeadbeef,
      ntpUs: 3_900_000_000_250_000,
      rtpTimestamp: 0xffff_ffff,
      packetCount: 7,
      octetCount: 8,
    };
    const compound = Buffer.concat([
      writeSenderReport(report),
      // A receiver report and a description, which mean nothing here.
      hex("81c90007 00000001 00000002 00000000 00000000 00000000 00000000 00000000"),
      hex("81ca0003 00000001 01026162 00000000"),
      writePictureLoss(1, 2),
      writeFullIntraRequest(1, 2, 300),
      writeNack(1, 2, [65_530, 65_535, 0, 9, 40]),
      writeBye([5, 6]),
    ]);
    expect(readRtcp(compound)).toEqual([
      { type: "sender-report", ...report, ntpUs: expect.closeTo(report.ntpUs, 0) },
      { type: "picture-loss", senderSsrc: 1, mediaSsrc: 2 },
      { type: "full-intra-request", senderSsrc: 1, mediaSsrc: 2, sequenceNumber: 44 },
      { type: "nack", senderSsrc: 1, mediaSsrc: 2, sequenceNumbers: [65_530, 65_535, 0, 9, 40] },
      { type: "bye", ssrcs: [5, 6] },
    ]);
  });

  it("is as the RFCs draw it", () => {
    expect(Buffer.from(writePictureLoss(0x01020304, 0x05060708)).toString("hex")).toBe("81ce00020102030405060708");
    expect(Buffer.from(writeNack(1, 2, [100, 101, 116])).toString("hex")).toBe("81cd0003000000010000000200648001");
    expect(Buffer.from(writeBye([9])).toString("hex")).toBe("81cb000100000009");
  });
});

describe("counters that wrap around", () => {
  it("grow on, in whatever order their values come", () => {
    fc.assert(
      fc.property(
        u32,
        fc.array(fc.integer({ min: -2_000_000_000, max: 2_000_000_000 }), { maxLength: 50 }),
        (start, steps) => {
          const unwrapper = new Unwrapper(32);
          let value = unwrapper.unwrap(start);
          for (const step of steps) {
            value += step;
            expect(unwrapper.unwrap(((value % 2 ** 32) + 2 ** 32) % 2 ** 32)).toBe(value);
          }
        },
      ),
    );
  });

  it("give each packet its place, and count what is lost", () => {
    const tracker = new SequenceTracker();
    const at = (sequenceNumber: number, ssrc = 1) => tracker.place(ssrc, sequenceNumber)?.sequence;
    expect([65_534, 65_535, 1, 0, 3].map((one) => at(one))).toEqual([65_534, 65_535, 65_537, 65_536, 65_539]);
    expect(tracker.lost).toBe(1);
    // Far away, and of another source: not believed once.
    expect(at(30_000)).toBeUndefined();
    expect(at(77, 2)).toBeUndefined();
    expect(at(4)).toBe(65_540);
    expect(at(500, 2)).toBeUndefined();
    expect(tracker.place(2, 501)).toEqual({ sequence: 2 * 65_536 + 501, restarted: true });
    expect(at(502, 2)).toBe(2 * 65_536 + 502);
    expect(tracker.lost).toBe(1);
  });
});
