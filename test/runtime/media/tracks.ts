import { FrameFlag, type Frame } from "../../../runtime/interface/frame.ts";
import type { TrackCodec } from "../../../runtime/media/payload-format.ts";
import { TrackReceiver, type TrackReceiverInit } from "../../../runtime/media/track-receiver.ts";
import { TrackSender, type TrackSenderInit } from "../../../runtime/media/track-sender.ts";
import { seededRandom, virtualClock, type VirtualClock } from "pipeline-mesh/testing";
import { Path, type PathConditions } from "../../support/virtual-path.ts";

/** A frame that came out, and when. */
export interface Given extends Frame<Uint8Array> {
  readonly atMs: number;
}

export interface TrackUnderTest {
  readonly clock: VirtualClock;
  readonly sender: TrackSender;
  readonly receiver: TrackReceiver;
  readonly path: Path;
  readonly given: Given[];
  /** What the receiver asked for. */
  readonly asked: number[];
  readonly ended: number[];
}

export interface TrackOptions {
  readonly clock?: VirtualClock;
  readonly path?: PathConditions;
  readonly sender?: Partial<TrackSenderInit>;
  readonly receiver?: Partial<TrackReceiverInit>;
  /** Marks go their own way, in milliseconds; undefined for a plain sender. */
  readonly markMs?: number;
  /** The media times are told by the session; true by default. */
  readonly told?: boolean;
}

/** A sender and a receiver with a bad network between them. */
export function track(codec: TrackCodec, options: TrackOptions = {}): TrackUnderTest {
  const clock = options.clock ?? virtualClock();
  const given: Given[] = [];
  const asked: number[] = [];
  const ended: number[] = [];
  const { markMs } = options;
  const sender = new TrackSender({
    codec,
    payloadType: 96,
    clock,
    random: seededRandom(5),
    ...(markMs !== undefined && { onMark: (mark) => void clock.schedule(markMs, () => receiver.mark(mark)) }),
    ...options.sender,
  });
  const receiver: TrackReceiver = new TrackReceiver({
    codec,
    clock,
    ...(options.told !== false && { origin: sender.origin }),
    onFrame: (frame) => given.push({ ...frame, atMs: clock.nowUs() / 1_000 }),
    onKeyFrameRequest: () => asked.push(clock.nowUs() / 1_000),
    onEnd: () => ended.push(clock.nowUs() / 1_000),
    ...options.receiver,
  });
  const path = new Path(clock, options.path ?? {}, (packet) => receiver.receive(packet));
  return { clock, sender, receiver, path, given, asked, ended };
}

/** A packet of 20 ms that says which it is. */
export function opusFrame(index: number, init: Partial<Frame<Uint8Array>> = {}): Frame<Uint8Array> {
  const payload = new Uint8Array(80).fill(7).with(0, 0x78);
  new DataView(payload.buffer).setUint32(4, index);
  return { timestampUs: index * 20_000, seq: index, epoch: 0, flags: 0, payload, ...init };
}

/** A picture of VP8, at 25 frames a second, that says which it is. */
export function vp8Frame(index: number, isKeyFrame: boolean, bytes = 3_000): Frame<Uint8Array> {
  const payload = new Uint8Array(bytes).fill(7).with(0, isKeyFrame ? 0x10 : 0x11);
  new DataView(payload.buffer).setUint32(4, index);
  return { timestampUs: index * 40_000, seq: index, epoch: 0, flags: isKeyFrame ? FrameFlag.keyFrame : 0, payload };
}

export function indexOf(frame: Frame<Uint8Array>): number {
  return new DataView(frame.payload.buffer, frame.payload.byteOffset).getUint32(4);
}
