/** Opus over RTP: RFC 7587. A payload is one Opus packet, unchanged, and never cut. */
import type { Depacketiser, Packetiser } from "./payload-format.ts";

const nothing = new Uint8Array(0);
/** The longest packet (RFC 6716, section 3.4, R5), in microseconds. */
const longestUs = 120_000;

/** Of each configuration in microseconds: RFC 6716, section 3.1, table 2. */
const silkUs = [10_000, 20_000, 40_000, 60_000];
const hybridUs = [10_000, 20_000];
const celtUs = [2_500, 5_000, 10_000, 20_000];

/** How long the sound of a packet is, in microseconds, by its first bytes; undefined when it is no Opus packet. */
export function opusDurationUs(packet: Uint8Array): number | undefined {
  const [toc] = packet;
  if (toc === undefined) return undefined;
  const config = toc >> 3;
  const frameUs = config < 12 ? silkUs[config & 3] : config < 16 ? hybridUs[config & 1] : celtUs[config & 3];
  const code = toc & 3;
  const frames = code === 0 ? 1 : code < 3 ? 2 : (packet[1] ?? 0) & 0x3f;
  const durationUs = (frameUs ?? 0) * frames;
  return durationUs > 0 && durationUs <= longestUs ? durationUs : undefined;
}

export const opusPacketiser: Packetiser = {
  packetise: (frame) => (frame.length === 0 ? [] : [{ header: nothing, body: frame }]),
  isKeyFrame: () => false,
};

export const opusDepacketiser: Depacketiser = {
  read: (payload) => (opusDurationUs(payload) === undefined ? undefined : { starts: true, isWhole: true, payload }),
  assemble: ([fragment], maxBytes) =>
    fragment === undefined || fragment.payload.length > maxBytes
      ? undefined
      : { payload: fragment.payload.slice(), keyFrame: false },
};
