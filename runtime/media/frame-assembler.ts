import type { Depacketiser, Fragment } from "./payload-format.ts";

/** A run of packets that has been put together, or that holds nothing. */
export interface Unit {
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** RTP timestamp that grows beyond 32 bits. */
  readonly rtpTime: number;
  /** Undefined for padding, and for packets that no frame could be made of. */
  readonly payload: Uint8Array | undefined;
  /** Holds nothing, and never did. */
  readonly isPadding: boolean;
  readonly keyFrame: boolean;
  /** See `Fragment`. */
  readonly pictureId: number | undefined;
  readonly pictureIds: number | undefined;
  /** When its first packet came, in microseconds. */
  readonly firstArrivalUs: number;
  /** When its last packet came. */
  readonly arrivalUs: number;
}

/** A packet at its place. */
export interface PlacedPacket {
  readonly sequence: number;
  readonly rtpTime: number;
  readonly marker: boolean;
  readonly payload: Uint8Array;
  readonly arrivalUs: number;
}

interface Slot {
  readonly packet: PlacedPacket;
  readonly fragment: Fragment;
}

export interface AssemblerLimits {
  /** Of packets that wait for others. */
  readonly maxPackets: number;
  /** Of packets that wait, and of a frame. */
  readonly maxBytes: number;
}

/**
 * Puts frames together out of packets in any order. A frame is whole when its packets stand without a hole from where it
 * begins to where it ends: it begins where its format says so or where the packet before it ended a frame, and ends at the
 * marker or where the next packet has another timestamp.
 */
export class FrameAssembler {
  readonly #format: Depacketiser;
  readonly #limits: AssemblerLimits;
  readonly #slots = new Map<number, Slot>();
  /** Sequence numbers of which it is known that a frame ends before them. */
  readonly #boundaries = new Set<number>();
  #bytes = 0;

  constructor(format: Depacketiser, limits: AssemblerLimits) {
    this.#format = format;
    this.#limits = limits;
  }

  /** Packets that wait for others of their frames. */
  get waiting(): number {
    return this.#slots.size;
  }

  /** True for a packet that waits here. */
  has(sequence: number): boolean {
    return this.#slots.has(sequence);
  }

  /** What is whole with this packet: nothing, or a unit or two. */
  add(packet: PlacedPacket): Unit[] {
    const fragment = packet.payload.length === 0 ? undefined : this.#format.read(packet.payload);
    if (fragment === undefined) {
      this.#border(packet.sequence, packet.sequence);
      const units: Unit[] = [emptyUnit(packet)];
      this.#complete(packet.sequence - 1, units);
      this.#complete(packet.sequence + 1, units);
      return units;
    }
    this.#slots.set(packet.sequence, { packet, fragment });
    this.#bytes += packet.payload.length;
    const units: Unit[] = [];
    this.#complete(packet.sequence, units);
    // With another timestamp it ends the frame before it, and its own end lets the one behind it begin.
    this.#complete(packet.sequence - 1, units);
    this.#complete(packet.sequence + 1, units);
    this.#bound();
    return units;
  }

  /** Everything before `sequence` is given up: packets that waited there are dropped. */
  discardBelow(sequence: number): void {
    for (const [place, slot] of this.#slots) if (place < sequence) this.#remove(place, slot);
    for (const boundary of this.#boundaries) if (boundary < sequence) this.#boundaries.delete(boundary);
  }

  clear(): void {
    this.#slots.clear();
    this.#boundaries.clear();
    this.#bytes = 0;
  }

  /** Takes out the frame that holds the packet at `sequence`, if it is whole. */
  #complete(sequence: number, units: Unit[]): void {
    const slot = this.#slots.get(sequence);
    if (slot === undefined) return;
    const { rtpTime } = slot.packet;
    let last = sequence;
    for (let at: Slot = slot; !ends(at); last += 1) {
      const next = this.#slots.get(last + 1);
      if (next === undefined) {
        if (!this.#boundaries.has(last + 1)) return;
        break;
      }
      if (next.packet.rtpTime !== rtpTime) break;
      at = next;
    }
    let first = sequence;
    for (;;) {
      const previous = this.#slots.get(first - 1);
      if (previous === undefined || previous.packet.rtpTime !== rtpTime || ends(previous)) break;
      first -= 1;
    }
    const before = this.#slots.get(first - 1);
    if (this.#slots.get(first)?.fragment.starts !== true && before === undefined && !this.#boundaries.has(first))
      return;
    units.push(this.#take(first, last));
  }

  #take(first: number, last: number): Unit {
    const slots: Slot[] = [];
    for (let sequence = first; sequence <= last; sequence += 1) {
      const slot = this.#slots.get(sequence) as Slot;
      slots.push(slot);
      this.#remove(sequence, slot);
    }
    this.#border(first, last);
    const frame = this.#format.assemble(
      slots.map((slot) => slot.fragment),
      this.#limits.maxBytes,
    );
    const arrivals = slots.map((slot) => slot.packet.arrivalUs);
    return {
      firstSequence: first,
      lastSequence: last,
      rtpTime: slots[0]?.packet.rtpTime ?? 0,
      payload: frame?.payload,
      isPadding: false,
      keyFrame: frame?.keyFrame ?? false,
      pictureId: slots[0]?.fragment.pictureId,
      pictureIds: slots[0]?.fragment.pictureIds,
      firstArrivalUs: Math.min(...arrivals),
      arrivalUs: Math.max(...arrivals),
    };
  }

  /** A unit stands here: the frames beside it end before and begin behind. */
  #border(first: number, last: number): void {
    this.#boundaries.add(first);
    this.#boundaries.add(last + 1);
  }

  #remove(sequence: number, slot: Slot): void {
    this.#slots.delete(sequence);
    this.#bytes -= slot.packet.payload.length;
  }

  /** The oldest go first: what a sender never completes must not fill the memory. */
  #bound(): void {
    while (this.#slots.size > this.#limits.maxPackets || this.#bytes > this.#limits.maxBytes) {
      const oldest = Math.min(...this.#slots.keys());
      this.#remove(oldest, this.#slots.get(oldest) as Slot);
    }
    while (this.#boundaries.size > this.#limits.maxPackets) this.#boundaries.delete(Math.min(...this.#boundaries));
  }
}

function ends({ packet, fragment }: Slot): boolean {
  return packet.marker || fragment.isWhole === true;
}

function emptyUnit({ sequence, rtpTime, arrivalUs, payload }: PlacedPacket): Unit {
  return {
    firstSequence: sequence,
    lastSequence: sequence,
    rtpTime,
    payload: undefined,
    isPadding: payload.length === 0,
    keyFrame: false,
    pictureId: undefined,
    pictureIds: undefined,
    firstArrivalUs: arrivalUs,
    arrivalUs,
  };
}
