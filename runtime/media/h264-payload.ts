/**
 * H.264 over RTP: RFC 6184 in packetization mode 1, which browsers speak: single units (section 5.6), several in one packet
 * (STAP-A, section 5.7.1) and parts of one (FU-A, section 5.8). Frames are access units in annex B form.
 */
import { hasIdr, joinAnnexB, nalType, NalType, ParameterSets, splitAnnexB } from "./h264-nal.ts";
import { joinBytes, type Depacketiser, type Fragment, type Packetiser, type PayloadPart } from "./payload-format.ts";

const nothing = new Uint8Array(0);
const maxUnitBytes = 0xffff;
/** Units of one access unit; more than a picture of 8,192 lines has in slices of one macroblock row. */
const maxUnits = 1_024;

/**
 * Repeats the parameter sets before each key frame that comes without them, for whoever joins late.
 * @param maxPayloadBytes with the headers of the format
 */
export function h264Packetiser(maxPayloadBytes: number): Packetiser {
  const parameters = new ParameterSets();
  return {
    isKeyFrame: (frame) => hasIdr(splitAnnexB(frame)),
    packetise(frame) {
      const parts: PayloadPart[] = [];
      let small: Uint8Array[] = [];
      let smallBytes = 1;
      const flush = (): void => {
        if (small.length > 0) parts.push(small.length === 1 ? single(small[0] as Uint8Array) : aggregate(small));
        small = [];
        smallBytes = 1;
      };
      for (const unit of parameters.complete(splitAnnexB(frame))) {
        const bytes = unit.length + 2;
        if (smallBytes + bytes > maxPayloadBytes) flush();
        if (unit.length > maxPayloadBytes) parts.push(...fragments(unit, maxPayloadBytes));
        else if (bytes + 1 > maxPayloadBytes || unit.length > maxUnitBytes) parts.push(single(unit));
        else {
          small.push(unit);
          smallBytes += bytes;
        }
      }
      flush();
      return parts;
    },
  };
}

function single(unit: Uint8Array): PayloadPart {
  return { header: nothing, body: unit };
}

function aggregate(units: readonly Uint8Array[]): PayloadPart {
  // The importance is the highest of all units, section 5.7.
  const importance = Math.max(...units.map((unit) => (unit[0] ?? 0) & 0x60));
  const pieces = units.flatMap((unit) => [Uint8Array.of(unit.length >> 8, unit.length & 0xff), unit]);
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return { header: Uint8Array.of(importance | NalType.aggregate), body: joinBytes(pieces, size) };
}

function fragments(unit: Uint8Array, maxPayloadBytes: number): PayloadPart[] {
  const first = unit[0] ?? 0;
  const body = unit.subarray(1);
  const count = Math.ceil(body.length / (maxPayloadBytes - 2));
  const size = Math.ceil(body.length / count);
  return Array.from({ length: count }, (_, index) => {
    const position = (index === 0 ? 0x80 : 0) | (index === count - 1 ? 0x40 : 0);
    return {
      header: Uint8Array.of((first & 0xe0) | NalType.fragment, position | (first & 0x1f)),
      body: body.subarray(index * size, (index + 1) * size),
    };
  });
}

/** Keeps the parameter sets, so that each key frame it gives can be the first one of a decoder. */
export function h264Depacketiser(): Depacketiser {
  const parameters = new ParameterSets();
  return {
    read(payload): Fragment | undefined {
      const type = nalType(payload);
      if (payload.length < 2) return undefined;
      if (type === NalType.fragment) {
        if (payload.length < 3) return undefined;
        // That a unit begins does not say that its picture does.
        return { starts: ((payload[1] ?? 0) & 0x80) === 0 ? false : undefined, payload };
      }
      if (type === NalType.aggregate) {
        const units = aggregated(payload);
        return units === undefined ? undefined : { starts: startsPicture(units[0]), payload };
      }
      if (type === 0 || type > 23) return undefined;
      return { starts: startsPicture(payload), payload };
    },
    assemble(all, maxBytes) {
      const units = unitsOf(all, maxBytes);
      if (units === undefined) return undefined;
      const complete = parameters.complete(units);
      return { payload: joinAnnexB(complete), keyFrame: hasIdr(complete) };
    },
  };
}

/** Delimiters and parameter sets come before all slices of a picture: ITU-T H.264, section 7.4.1.2.3. */
function startsPicture(unit: Uint8Array | undefined): true | undefined {
  const type = unit === undefined ? 0 : nalType(unit);
  return type === NalType.delimiter || type === NalType.sequenceParameters ? true : undefined;
}

/** The units of a STAP-A; undefined when it is cut short. */
function aggregated(payload: Uint8Array): Uint8Array[] | undefined {
  const units: Uint8Array[] = [];
  let at = 1;
  while (at + 2 <= payload.length) {
    const size = ((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0);
    at += 2;
    if (size === 0 || at + size > payload.length || units.length >= maxUnits) return undefined;
    units.push(payload.subarray(at, at + size));
    at += size;
  }
  return units.length === 0 || at !== payload.length ? undefined : units;
}

function unitsOf(all: readonly Fragment[], maxBytes: number): Uint8Array[] | undefined {
  const units: Uint8Array[] = [];
  let parts: Uint8Array[] | undefined;
  let size = 0;
  for (const { payload } of all) {
    size += payload.length;
    if (size > maxBytes || units.length > maxUnits) return undefined;
    const type = nalType(payload);
    if (type !== NalType.fragment) {
      // A unit was left without its end.
      if (parts !== undefined) return undefined;
      if (type === NalType.aggregate) units.push(...(aggregated(payload) ?? []));
      else units.push(payload);
      continue;
    }
    const position = payload[1] ?? 0;
    const begins = (position & 0x80) !== 0;
    if (begins !== (parts === undefined)) return undefined;
    parts ??= [Uint8Array.of(((payload[0] ?? 0) & 0xe0) | (position & 0x1f))];
    parts.push(payload.subarray(2));
    if ((position & 0x40) === 0) continue;
    units.push(
      joinBytes(
        parts,
        parts.reduce((sum, part) => sum + part.length, 0),
      ),
    );
    parts = undefined;
  }
  return parts !== undefined || units.length === 0 ? undefined : units;
}
