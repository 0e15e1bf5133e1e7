import {
  GenericNack,
  H264RtpPayload,
  PictureLossIndication,
  RtcpPacketConverter,
  RtcpPayloadSpecificFeedback,
  RtcpSenderInfo,
  RtcpSrPacket,
  RtcpTransportLayerFeedback,
  RtpHeader,
  RtpPacket,
  Vp8RtpPayload,
} from "werift";
import { describe, expect, it } from "vitest";
import { joinAnnexB } from "../../../runtime/media/h264-nal.ts";
import { h264Packetiser } from "../../../runtime/media/h264-payload.ts";
import { readRtcp, writeNack, writePictureLoss, writeSenderReport } from "../../../runtime/media/rtcp.ts";
import { readRtpPacket, writeRtpPacket } from "../../../runtime/media/rtp-packet.ts";
import { vp8Packetiser } from "../../../runtime/media/vp8-payload.ts";

const header = { marker: true, payloadType: 96, sequenceNumber: 65_535, timestamp: 4_294_967_295, ssrc: 0xdeadbeef };

describe("what another implementation makes of it", () => {
  it("RTP packets are the same to werift, in both directions", () => {
    const payload = Uint8Array.of(1, 2, 3, 4);
    const theirs = RtpPacket.deSerialize(Buffer.from(writeRtpPacket(header, payload)));
    expect(theirs.header).toMatchObject(header);
    expect(Uint8Array.from(theirs.payload)).toEqual(payload);
    // With an extension and padding, which theirs can write.
    const packet = new RtpPacket(
      new RtpHeader({
        ...header,
        extension: true,
        extensionProfile: 0xbede,
        extensions: [{ id: 3, payload: Buffer.from([9, 9, 9]) }],
      }),
      Buffer.from(payload),
    );
    expect(readRtpPacket(packet.serialize())).toEqual({ ...header, payload });
  });

  it("RTCP likewise", () => {
    const report = { ssrc: 7, ntpUs: 3_900_000_000_500_000, rtpTimestamp: 9, packetCount: 10, octetCount: 11 };
    const [sr, pli, nack] = RtcpPacketConverter.deSerialize(
      Buffer.concat([writeSenderReport(report), writePictureLoss(1, 2), writeNack(1, 2, [5, 7, 40])]),
    );
    expect(sr).toMatchObject({
      ssrc: 7,
      senderInfo: {
        ntpTimestamp: (3_900_000_000n << 32n) | (1n << 31n),
        rtpTimestamp: 9,
        packetCount: 10,
        octetCount: 11,
      },
    });
    expect(pli).toMatchObject({ feedback: { senderSsrc: 1, mediaSsrc: 2 } });
    expect((pli as RtcpPayloadSpecificFeedback).feedback).toBeInstanceOf(PictureLossIndication);
    expect((nack as RtcpTransportLayerFeedback).feedback).toMatchObject({
      senderSsrc: 1,
      mediaSourceSsrc: 2,
      lost: [5, 7, 40],
    });

    const senderInfo = new RtcpSenderInfo({
      ntpTimestamp: (3_900_000_000n << 32n) | (1n << 31n),
      rtpTimestamp: 9,
      packetCount: 10,
      octetCount: 11,
    });
    const theirs = [
      new RtcpSrPacket({ ssrc: 7, senderInfo }),
      new RtcpPayloadSpecificFeedback({ feedback: new PictureLossIndication({ senderSsrc: 1, mediaSsrc: 2 }) }),
      new RtcpTransportLayerFeedback({
        feedback: new GenericNack({ senderSsrc: 1, mediaSourceSsrc: 2, lost: [5, 7, 40] }),
      }),
    ].map((one) => one.serialize());
    expect(readRtcp(Buffer.concat(theirs))).toEqual([
      { type: "sender-report", ...report },
      { type: "picture-loss", senderSsrc: 1, mediaSsrc: 2 },
      { type: "nack", senderSsrc: 1, mediaSsrc: 2, sequenceNumbers: [5, 7, 40] },
    ]);
  });

  it("pictures of VP8 come out of its depacketiser as they went in", () => {
    for (const isKey of [true, false]) {
      const frame = Uint8Array.from({ length: 4_000 }, (_, index) =>
        index === 0 ? (isKey ? 0x10 : 0x11) : index % 251,
      );
      const parts = vp8Packetiser(1_100, 32_767).packetise(frame);
      const theirs = parts.map(({ header: head, body }) => Vp8RtpPayload.deSerialize(Buffer.concat([head, body])));
      expect(theirs[0]).toMatchObject({ isPartitionHead: true, isKeyframe: isKey, pictureId: 32_767 });
      expect(theirs.slice(1).every((one) => !one.isPartitionHead && one.pictureId === 32_767)).toBe(true);
      expect(Uint8Array.from(Buffer.concat(theirs.map((one) => one.payload)))).toEqual(frame);
    }
  });

  it("access units of H.264 likewise", () => {
    const unit = (type: number, length: number): Uint8Array =>
      Uint8Array.from({ length }, (_, index) => (index === 0 ? 0x60 | type : (index % 250) + 1));
    const frame = joinAnnexB([unit(7, 12), unit(8, 6), unit(5, 4_000)]);
    let fragment: Buffer | undefined;
    const out: Buffer[] = [];
    for (const { header: head, body } of h264Packetiser(1_100).packetise(frame)) {
      const theirs = H264RtpPayload.deSerialize(Buffer.concat([head, body]), fragment);
      fragment = theirs.fragment;
      if (theirs.payload !== undefined) out.push(theirs.payload);
    }
    expect(Uint8Array.from(Buffer.concat(out))).toEqual(frame);
  });
});
