import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameAssembler, type Unit } from "../../../runtime/media/frame-assembler.ts";
import { joinAnnexB, nalType, splitAnnexB } from "../../../runtime/media/h264-nal.ts";
import { h264Depacketiser, h264Packetiser } from "../../../runtime/media/h264-payload.ts";
import { opusDepacketiser, opusDurationUs, opusPacketiser } from "../../../runtime/media/opus-payload.ts";
import { joinBytes, type Depacketiser, type Packetiser } from "../../../runtime/media/payload-format.ts";
import { vp8Depacketiser, vp8Packetiser } from "../../../runtime/media/vp8-payload.ts";
import { seededRandom } from "pipeline-mesh/testing";

const limits = { maxPackets: 256, maxBytes: 100_000 };

interface Sent {
  readonly sequence: number;
  readonly rtpTime: number;
  readonly marker: boolean;
  readonly payload: Uint8Array;
  readonly arrivalUs: number;
}

/** All packets of some frames, a timestamp apart. */
function packetsOf(packetiser: Packetiser, frames: readonly Uint8Array[], withMarkers = true): Sent[] {
  let sequence = 1_000;
  return frames.flatMap((frame, index) => {
    const parts = packetiser.packetise(frame);
    return parts.map(({ header, body }, part) => ({
      sequence: sequence++,
      rtpTime: index * 3_000,
      marker: withMarkers && part === parts.length - 1,
      payload: joinBytes([header, body], header.length + body.length),
      arrivalUs: sequence,
    }));
  });
}

function assembled(format: Depacketiser, packets: readonly Sent[]): Unit[] {
  const assembler = new FrameAssembler(format, limits);
  return packets.flatMap((packet) => assembler.add(packet));
}

function shuffled<T>(items: readonly T[], seed: number): T[] {
  const random = seededRandom(seed);
  const keyed = items.map((item) => ({ item, key: random.next() }));
  return keyed.toSorted((a, b) => a.key - b.key).map(({ item }) => item);
}

const inOrder = (units: readonly Unit[]): Unit[] => units.toSorted((a, b) => a.firstSequence - b.firstSequence);
/** As text, which is quicker to compare than arrays. */
const texts = (frames: readonly (Uint8Array | undefined)[]): string[] =>
  frames.map((bytes) => Buffer.from(bytes ?? []).toString("base64"));
const payloads = (units: readonly Unit[]): string[] => texts(inOrder(units).map((unit) => unit.payload));

/** A unit of this type: no zeros at its end, and no start code inside. */
const unit = (type: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index === 0 ? 0x60 | type : (index * 7) % 251 || 9));
const accessUnit = (...types: readonly (readonly [type: number, length: number])[]): Uint8Array =>
  joinAnnexB(types.map(([type, length]) => unit(type, length)));

const vp8Frame = fc
  .tuple(fc.boolean(), fc.uint8Array({ minLength: 1, maxLength: 6_000 }))
  .map(([isKey, bytes]) => bytes.with(0, isKey ? 0x10 : 0x11));
const h264Frame = fc
  .array(fc.tuple(fc.constantFrom(1, 5, 6), fc.integer({ min: 2, max: 4_000 })), { minLength: 1, maxLength: 6 })
  .map((types) => accessUnit([9, 2], ...types));

describe("Opus payloads", () => {
  it("are packets as they are, whose length their first bytes tell", () => {
    // SILK 60 ms; hybrid 20 ms; CELT 2.5 ms; two of 20 ms; seven of 20 ms would be too long; none.
    const packets = [[0x18], [0x78], [0x80], [0x79], [0x7b, 7], []].map((bytes) => Uint8Array.from(bytes));
    expect(packets.map(opusDurationUs)).toEqual([60_000, 20_000, 2_500, 40_000, undefined, undefined]);
    expect(opusPacketiser.packetise(new Uint8Array(0))).toEqual([]);
    const [part] = opusPacketiser.packetise(Uint8Array.of(0x78, 1, 2));
    expect(part?.body).toEqual(Uint8Array.of(0x78, 1, 2));
    expect(opusDepacketiser.read(Uint8Array.of(0x7b, 7))).toBeUndefined();
  });
});

describe("VP8 payloads", () => {
  it("make the same frames, in whatever order packets come", () => {
    fc.assert(
      fc.property(fc.array(vp8Frame, { minLength: 1, maxLength: 8 }), fc.nat(), (frames, seed) => {
        const packets = packetsOf(vp8Packetiser(500, 32_766), frames);
        expect(Math.max(...packets.map((packet) => packet.payload.length))).toBeLessThanOrEqual(500);
        const units = inOrder(assembled(vp8Depacketiser, shuffled(packets, seed)));
        expect(payloads(units)).toEqual(texts(frames));
        expect(units.map((one) => one.keyFrame)).toEqual(frames.map((frame) => frame[0] === 0x10));
        expect(units.map((one) => one.pictureId)).toEqual(frames.map((_, index) => (32_766 + index) % 32_768));
      }),
      { numRuns: 30 },
    );
  });

  it("are read with every descriptor of RFC 7741", () => {
    const read = (...bytes: readonly number[]) => vp8Depacketiser.read(Uint8Array.from(bytes));
    expect(read(0x10, 1, 2)).toEqual({ starts: true, payload: Uint8Array.of(1, 2) });
    expect(read(0x11, 1)).toMatchObject({ starts: false });
    expect(read(0x00, 1)).toMatchObject({ starts: false });
    expect(read(0x90, 0x80, 0x11, 9)).toMatchObject({ pictureId: 17, pictureIds: 128, payload: Uint8Array.of(9) });
    expect(read(0x90, 0xf0, 0x92, 0x34, 5, 0x21, 9)).toMatchObject({ pictureId: 0x1234, payload: Uint8Array.of(9) });
    expect(read(0x90, 0x10, 0x01, 9)).toMatchObject({ starts: true, payload: Uint8Array.of(9) });
    for (const bytes of [[], [0x10], [0x90], [0x90, 0x80], [0x90, 0x80, 0x92], [0x90, 0xf0, 0x92, 0x34, 5, 0x21]])
      expect(read(...bytes)).toBeUndefined();
  });
});

describe("H.264 payloads", () => {
  it("make the same access units, in whatever order packets come", () => {
    fc.assert(
      fc.property(fc.array(h264Frame, { minLength: 1, maxLength: 6 }), fc.nat(), (frames, seed) => {
        const packets = packetsOf(h264Packetiser(500), frames);
        expect(Math.max(...packets.map((packet) => packet.payload.length))).toBeLessThanOrEqual(500);
        expect(payloads(assembled(h264Depacketiser(), shuffled(packets, seed)))).toEqual(texts(frames));
      }),
      { numRuns: 30 },
    );
  });

  it("use single units, aggregates and fragments, each where it fits", () => {
    const kinds = (frame: Uint8Array) =>
      h264Packetiser(1_100)
        .packetise(frame)
        .map(({ header, body }) => nalType(header.length > 0 ? header : body));
    expect(kinds(accessUnit([1, 400]))).toEqual([1]);
    expect(kinds(accessUnit([7, 12], [8, 6], [5, 900]))).toEqual([24]);
    expect(kinds(accessUnit([7, 12], [8, 6], [5, 3_000]))).toEqual([24, 28, 28, 28]);
    expect(kinds(accessUnit([1, 1_100], [1, 1_099], [1, 20]))).toEqual([1, 1, 1]);
  });

  it("repeat the parameter sets before each key frame that comes without", () => {
    const packetiser = h264Packetiser(1_100);
    packetiser.packetise(accessUnit([7, 12], [8, 6], [5, 100]));
    const [late] = packetsOf(packetiser, [accessUnit([9, 2], [5, 200])]);
    const types = splitAnnexB(assembled(h264Depacketiser(), [late as Sent])[0]?.payload as Uint8Array).map(nalType);
    expect(types).toEqual([9, 7, 8, 5]);
    // What another sender leaves out, the reader adds.
    const format = h264Depacketiser();
    const plain: Packetiser = {
      isKeyFrame: () => false,
      packetise: (frame) => splitAnnexB(frame).map((body) => ({ header: new Uint8Array(0), body })),
    };
    const frames = [accessUnit([7, 12], [8, 6], [5, 100]), accessUnit([1, 50]), accessUnit([5, 60])];
    const units = assembled(format, packetsOf(plain, frames));
    expect(units.map((one) => splitAnnexB(one.payload as Uint8Array).map(nalType))).toEqual([
      [7, 8, 5],
      [1],
      [7, 8, 5],
    ]);
    expect(units.map((one) => one.keyFrame)).toEqual([true, false, true]);
  });

  it("find units behind start codes of three and of four bytes, and zeros in between", () => {
    const bytes = Uint8Array.of(0, 0, 1, 0x67, 1, 0, 0, 0, 0, 1, 0x65, 2, 0, 3, 0, 0, 1, 0x01, 7, 0);
    expect(splitAnnexB(bytes)).toEqual([Uint8Array.of(0x67, 1), Uint8Array.of(0x65, 2, 0, 3), Uint8Array.of(1, 7)]);
    expect(splitAnnexB(Uint8Array.of(0x65, 1))).toEqual([Uint8Array.of(0x65, 1)]);
    expect(splitAnnexB(new Uint8Array(0))).toEqual([]);
  });

  it("end where another timestamp begins, where there is no marker", () => {
    const frames = [accessUnit([9, 2], [5, 2_000]), accessUnit([9, 2], [1, 900]), accessUnit([9, 2], [1, 3_000])];
    const packets = packetsOf(h264Packetiser(500), frames, false);
    // Nothing tells where the last one ends.
    expect(payloads(assembled(h264Depacketiser(), packets))).toEqual(texts(frames.slice(0, 2)));
  });
});

describe("what a network does to payloads", () => {
  const frames = Array.from({ length: 6 }, (_, index) =>
    new Uint8Array(2_000).fill(index + 1).with(0, index === 0 ? 0x10 : 0x11),
  );

  it("loses only the frames whose packets are lost", () => {
    const packets = packetsOf(vp8Packetiser(500, 0), frames);
    expect(packets).toHaveLength(30);
    for (const lost of packets.keys()) {
      const units = assembled(vp8Depacketiser, packets.toSpliced(lost, 1));
      expect(payloads(units)).toEqual(texts(frames.filter((_, index) => index !== Math.floor(lost / 5))));
    }
  });

  it("lets padding pass between frames", () => {
    const packets = packetsOf(vp8Packetiser(5_000, 0), frames);
    const padding = { ...(packets[2] as Sent), sequence: 1_003, payload: new Uint8Array(0), marker: false };
    const behind = packets.slice(3).map((packet) => ({ ...packet, sequence: packet.sequence + 1 }));
    const units = inOrder(assembled(vp8Depacketiser, shuffled([...packets.slice(0, 3), padding, ...behind], 3)));
    expect(units.map((one) => one.firstSequence)).toEqual([1_000, 1_001, 1_002, 1_003, 1_004, 1_005, 1_006]);
    expect(units.filter((one) => one.isPadding).map((one) => one.firstSequence)).toEqual([1_003]);
  });

  it("never throws and never grows beyond its bounds, whatever comes", () => {
    const packet = fc.record({
      sequence: fc.integer({ min: 0, max: 600 }),
      rtpTime: fc.integer({ min: 0, max: 3 }),
      marker: fc.boolean(),
      payload: fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.uint8Array({ minLength: 1_000, maxLength: 3_000 }),
        // The beginnings that formats give a meaning to.
        fc
          .tuple(fc.constantFrom(0x10, 0x90, 0x78, 0x18, 0x1c, 0x7c, 0x65, 0x67), fc.uint8Array({ maxLength: 30 }))
          .map(([first, rest]) => Uint8Array.of(first, ...rest)),
      ),
      arrivalUs: fc.constant(0),
    });
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 400 }), fc.nat({ max: 2 }), (packets, which) => {
        const format = [opusDepacketiser, vp8Depacketiser, h264Depacketiser()][which] as Depacketiser;
        const assembler = new FrameAssembler(format, { maxPackets: 64, maxBytes: 20_000 });
        for (const one of packets) {
          const units = assembler.add(one);
          expect(units.length).toBeLessThanOrEqual(3);
          for (const { payload } of units) expect(payload?.length ?? 0).toBeLessThanOrEqual(20_000 + 4_096);
          expect(assembler.waiting).toBeLessThanOrEqual(64);
        }
        assembler.discardBelow(601);
        expect(assembler.waiting).toBe(0);
      }),
      { numRuns: 80 },
    );
  });

  it("stops a frame that never ends, and an aggregate of nothing", () => {
    const assembler = new FrameAssembler(h264Depacketiser(), limits);
    for (let sequence = 0; sequence < 5_000; sequence += 1) {
      const payload = new Uint8Array(1_000).with(0, 0x7c).with(1, sequence === 0 ? 0x85 : 0x05);
      expect(assembler.add({ sequence, rtpTime: 0, marker: false, payload, arrivalUs: 0 })).toEqual([]);
      expect(assembler.waiting).toBeLessThanOrEqual(100);
    }
    expect(h264Depacketiser().read(new Uint8Array(1_000).with(0, 24))).toBeUndefined();
    expect(h264Depacketiser().read(Uint8Array.of(24, 0, 9, 1))).toBeUndefined();
    for (const type of [0, 25, 26, 27, 29, 30, 31])
      expect(h264Depacketiser().read(Uint8Array.of(type, 1, 2))).toBeUndefined();
  });
});
