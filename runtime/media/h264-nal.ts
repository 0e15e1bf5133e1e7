/** NAL units of H.264 (ITU-T H.264, section 7.3.1) in a byte stream (annex B): the form in which frames carry access units. */

export const NalType = {
  slice: 1,
  idrSlice: 5,
  sei: 6,
  sequenceParameters: 7,
  pictureParameters: 8,
  delimiter: 9,
  /** Of RFC 6184, section 5.4: several units in one packet. */
  aggregate: 24,
  /** A part of a unit. */
  fragment: 28,
} as const;

export function nalType(unit: Uint8Array): number {
  return (unit[0] ?? 0) & 0x1f;
}

/**
 * The units of an access unit, as views without start codes and the zeros that may stand before them. What stands before the
 * first start code is no unit; without any start code all of it is one.
 */
export function splitAnnexB(bytes: Uint8Array): Uint8Array[] {
  const units: Uint8Array[] = [];
  let start = -1;
  let zeros = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === 0) {
      zeros += 1;
      continue;
    }
    if (byte === 1 && zeros >= 2) {
      if (start >= 0) addUnit(units, bytes, start, at - zeros);
      start = at + 1;
    }
    zeros = 0;
  }
  if (start >= 0) addUnit(units, bytes, start, bytes.length - zeros);
  else if (bytes.length > 0) units.push(bytes);
  return units;
}

function addUnit(units: Uint8Array[], bytes: Uint8Array, from: number, to: number): void {
  if (to > from) units.push(bytes.subarray(from, to));
}

/** The units one behind the other, each with a start code of 4 bytes. */
export function joinAnnexB(units: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(units.reduce((sum, unit) => sum + 4 + unit.length, 0));
  let at = 0;
  for (const unit of units) {
    whole[at + 3] = 1;
    whole.set(unit, at + 4);
    at += 4 + unit.length;
  }
  return whole;
}

/** The latest parameter sets that have passed, which a decoder needs before it can begin with a key frame. */
export class ParameterSets {
  #sequence: Uint8Array | undefined;
  #picture: Uint8Array | undefined;

  /** The units of an access unit; with the known parameter sets before a key frame that comes without. */
  complete(units: readonly Uint8Array[]): readonly Uint8Array[] {
    let isKey = false;
    let hasSequence = false;
    let hasPicture = false;
    for (const unit of units) {
      const type = nalType(unit);
      if (type === NalType.idrSlice) isKey = true;
      else if (type === NalType.sequenceParameters) {
        this.#sequence = new Uint8Array(unit);
        hasSequence = true;
      } else if (type === NalType.pictureParameters) {
        this.#picture = new Uint8Array(unit);
        hasPicture = true;
      }
    }
    if (!isKey || (hasSequence && hasPicture)) return units;
    const missing = [hasSequence ? undefined : this.#sequence, hasPicture ? undefined : this.#picture];
    const added = missing.filter((unit) => unit !== undefined);
    // A delimiter has to stay the first unit.
    const head = units[0] !== undefined && nalType(units[0]) === NalType.delimiter ? 1 : 0;
    return [...units.slice(0, head), ...added, ...units.slice(head)];
  }
}

/** True when there is a slice of an IDR picture: what follows needs nothing from before. */
export function hasIdr(units: readonly Uint8Array[]): boolean {
  return units.some((unit) => nalType(unit) === NalType.idrSlice);
}
