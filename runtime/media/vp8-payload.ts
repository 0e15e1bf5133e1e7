/** VP8 over RTP: RFC 7741. */
import { joinBytes, type Depacketiser, type Fragment, type Packetiser } from "./payload-format.ts";

/** X and I, then M and 15 bits of picture id: section 4.2. */
const descriptorBytes = 4;
const pictureIds = 2 ** 15;

/** The frame header begins with a bit that is 0 for key frames: RFC 6386, section 9.1. */
export function isVp8KeyFrame(frame: Uint8Array): boolean {
  return frame.length > 0 && ((frame[0] ?? 1) & 1) === 0;
}

/**
 * @param maxPayloadBytes with the payload descriptor
 * @param firstPictureId 0 to 2^15 - 1
 */
export function vp8Packetiser(maxPayloadBytes: number, firstPictureId: number): Packetiser {
  let pictureId = firstPictureId % pictureIds;
  const room = maxPayloadBytes - descriptorBytes;
  return {
    isKeyFrame: isVp8KeyFrame,
    packetise(frame) {
      // Parts of about equal size: a last packet of a few bytes is as likely to be lost as a full one.
      const count = Math.ceil(frame.length / room);
      const size = Math.ceil(frame.length / count);
      const parts = Array.from({ length: count }, (_, index) => ({
        header: Uint8Array.of(index === 0 ? 0x90 : 0x80, 0x80, 0x80 | (pictureId >> 8), pictureId & 0xff),
        body: frame.subarray(index * size, (index + 1) * size),
      }));
      if (count > 0) pictureId = (pictureId + 1) % pictureIds;
      return parts;
    },
  };
}

export const vp8Depacketiser: Depacketiser = {
  read(payload): Fragment | undefined {
    const [first = 0] = payload;
    let at = 1;
    let pictureId: number | undefined;
    let ids = 0;
    if ((first & 0x80) !== 0) {
      const fields = payload[at++] ?? 0;
      if ((fields & 0x80) !== 0) {
        const id = payload[at++] ?? 0;
        const isLong = (id & 0x80) !== 0;
        ids = isLong ? pictureIds : 2 ** 7;
        pictureId = isLong ? ((id & 0x7f) << 8) | (payload[at++] ?? 0) : id;
      }
      if ((fields & 0x40) !== 0) at += 1;
      if ((fields & 0x30) !== 0) at += 1;
    }
    // A descriptor without anything behind it is not allowed.
    if (at >= payload.length) return undefined;
    const fragment: Fragment = { starts: (first & 0x10) !== 0 && (first & 0x07) === 0, payload: payload.subarray(at) };
    return pictureId === undefined ? fragment : { ...fragment, pictureId, pictureIds: ids };
  },
  assemble(fragments, maxBytes) {
    const size = fragments.reduce((sum, { payload }) => sum + payload.length, 0);
    if (size === 0 || size > maxBytes || fragments[0]?.starts !== true) return undefined;
    const payload = joinBytes(
      fragments.map((fragment) => fragment.payload),
      size,
    );
    return { payload, keyFrame: isVp8KeyFrame(payload) };
  },
};
