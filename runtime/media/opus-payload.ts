/** Opus over RTP: RFC 7587. A payload is one Opus packet, unchanged, and never cut. */
import { readOpusPacket } from "../interface/opus-packet.ts";
import { clockRates, type Depacketiser, type Packetiser } from "./payload-format.ts";

const nothing = new Uint8Array(0);
/** How long the sound of a packet is, in microseconds; undefined when it is no Opus packet. */
export function opusDurationUs(packet: Uint8Array): number | undefined {
  const { samples } = readOpusPacket(packet);
  return samples === 0 ? undefined : (samples * 1e6) / clockRates.opus;
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
      : { payload: fragment.payload, keyFrame: false },
};
