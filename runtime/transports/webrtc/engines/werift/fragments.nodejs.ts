/** A DATA chunk of SCTP (RFC 9260 section 3.3.1) as werift 0.24 holds it in its queue. */
interface DataChunk {
  flags: number;
  tsn: number;
  userData: Uint8Array;
  bookSize: number;
}

interface Sctp {
  localTsn: number;
  outboundQueue: DataChunk[];
}

const lastFragment = 0x01;
const firstFragment = 0x02;

/**
 * Bytes of a message in one packet. IPv6 asks every path to take packets of 1,280 bytes (RFC 8200 section 5); of these IP takes 40,
 * UDP 8, a TURN server's wrapping up to 36 (RFC 8656 section 11.4), DTLS 37 and SCTP 28.
 */
const fragmentBytes = 1_120;

/**
 * Cuts messages so that a packet passes wherever IPv6 does. Werift cuts them at 1,200 bytes, which makes packets of 1,293: behind
 * a tunnel they are lost without a word, and the stream stands still.
 *
 * The chunks of a message are made and put into the queue in one go; they are taken over there, before any is sent.
 * Called again and again as parts of the connection come into being; does nothing to what it has done before.
 */
export function cutSmaller(value: unknown): void {
  const sctp = value as Sctp;
  if (!Array.isArray(sctp.outboundQueue)) return;
  const { get } = Object.getOwnPropertyDescriptor(sctp, "outboundQueue") ?? {};
  if (get !== undefined) return;
  let queue = cutting(sctp, sctp.outboundQueue);
  // Werift takes a new array whenever the queue has run empty.
  Object.defineProperty(sctp, "outboundQueue", {
    get: () => queue,
    set: (fresh: DataChunk[]) => (queue = cutting(sctp, fresh)),
  });
}

/** A queue that cuts what is put into it; the chunks of a message come one after the other. */
function cutting(sctp: Sctp, queue: DataChunk[]): DataChunk[] {
  let message: DataChunk[] = [];
  const push = (...chunks: DataChunk[]): number => {
    for (const chunk of chunks) {
      message.push(chunk);
      if ((chunk.flags & lastFragment) === 0) continue;
      const whole = message;
      message = [];
      const fits = whole.every(({ userData }) => userData.length <= fragmentBytes);
      Array.prototype.push.apply(queue, fits ? whole : cut(sctp, whole));
    }
    return queue.length;
  };
  Object.defineProperty(queue, "push", { value: push });
  return queue;
}

/** The same message in smaller chunks, with the numbers that follow each other from the first on. */
function cut(sctp: Sctp, whole: readonly DataChunk[]): DataChunk[] {
  const [first] = whole as [DataChunk];
  const bytes = Buffer.concat(whole.map(({ userData }) => userData));
  const count = Math.ceil(bytes.length / fragmentBytes);
  const kind = first.flags & ~(firstFragment | lastFragment);
  const chunks = Array.from({ length: count }, (_, index): DataChunk => {
    const userData = bytes.subarray(index * fragmentBytes, (index + 1) * fragmentBytes);
    const place = (index === 0 ? firstFragment : 0) | (index === count - 1 ? lastFragment : 0);
    const made = { flags: kind | place, tsn: (first.tsn + index) >>> 0, userData, bookSize: userData.length };
    return Object.assign(Object.create(Object.getPrototypeOf(first) as object) as DataChunk, first, made);
  });
  sctp.localTsn = (first.tsn + count) >>> 0;
  return chunks;
}
