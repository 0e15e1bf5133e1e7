/** What the first bytes of an Opus packet tell: RFC 6716, section 3. */

/** Of each configuration at 48 kHz, in samples of each channel: section 3.1, table 2. */
const silkSamples = [480, 960, 1920, 2880];
const hybridSamples = [480, 960];
const celtSamples = [120, 240, 480, 960];
/** The first configuration that is CELT alone, which has neither of the flags below. */
const firstCelt = 16;
/** SILK codes frames of at most 20 ms, each with a flag. */
const silkFrame = 960;

export interface OpusPacketInfo {
  /** Samples of each channel at 48 kHz; 0 for what is no packet. */
  readonly samples: number;
  /** It holds sound of before, in-band FEC: the LBRR flag of section 4.2.3, as far as it stands in the first frame. */
  readonly hasFec: boolean;
  /** The encoder has heard nobody speak: its VAD flag, section 4.2.3. CELT has none, and counts as sound. */
  readonly isSilent: boolean;
}

export function readOpusPacket(packet: Uint8Array): OpusPacketInfo {
  const toc = packet[0] ?? 0;
  const config = toc >> 3;
  const frame = samplesOf(config);
  const code = toc & 3;
  const count = code === 0 ? 1 : code < 3 ? 2 : (packet[1] ?? 0) & 0x3f;
  const samples = packet.length === 0 || frame * count > 5760 ? 0 : frame * count;
  const first = packet[firstFrameAt(packet, code, count)];
  if (config >= firstCelt || first === undefined) return { samples, hasFec: false, isSilent: packet.length <= 2 };
  const frames = Math.max(1, frame / silkFrame);
  const channels = (toc & 4) === 0 ? 1 : 2;
  // For each channel: a VAD flag for each frame, then the LBRR flag.
  let hasFec = false;
  let isSilent = true;
  for (let channel = 0; channel < channels; channel += 1) {
    const at = channel * (frames + 1);
    const flag = (index: number): boolean => ((first >> (7 - at - index)) & 1) === 1;
    for (let index = 0; index < frames; index += 1) if (flag(index)) isSilent = false;
    if (flag(frames)) hasFec = true;
  }
  return { samples, hasFec, isSilent };
}

function samplesOf(config: number): number {
  if (config < 12) return silkSamples[config & 3] ?? 0;
  if (config < firstCelt) return hybridSamples[config & 1] ?? 0;
  return celtSamples[config & 3] ?? 0;
}

/** Behind the lengths of frames and of padding: section 3.2. */
function firstFrameAt(packet: Uint8Array, code: number, count: number): number {
  if (code < 2) return 1;
  if (code === 2) return 1 + lengthBytes(packet, 1);
  const flags = packet[1] ?? 0;
  let at = 2;
  if ((flags & 0x40) !== 0) {
    while (packet[at] === 255) at += 1;
    at += 1;
  }
  if ((flags & 0x80) !== 0) for (let index = 1; index < count; index += 1) at += lengthBytes(packet, at);
  return at;
}

function lengthBytes(packet: Uint8Array, at: number): number {
  return (packet[at] ?? 0) < 252 ? 1 : 2;
}
