import type { EmitOptions } from "../interface/node.ts";
import type { InputPort } from "../typed/ports.ts";

/** A payload with its media time and flags. */
export class Timed<T> {
  readonly timestampUs: number;
  readonly payload: T;
  /** `FrameFlag` bits. */
  readonly flags: number;

  constructor(timestampUs: number, payload: T, flags = 0) {
    this.timestampUs = timestampUs;
    this.payload = payload;
    this.flags = flags;
  }
}

/**
 * A payload at a media time: `feed(mic, [at(0, first), at(20_000, second)])`.
 * @param timestampUs microseconds since the stream's own zero
 * @param flags `FrameFlag` bits
 */
export function at<T>(timestampUs: number, payload: T, flags = 0): Timed<T> {
  return new Timed(timestampUs, payload, flags);
}

export interface FeedOptions {
  /** Media time of the first payload, in microseconds; without it and `everyUs`, the port gives the time as it always does. */
  readonly startUs?: number;
  /** From one payload to the next, in microseconds. */
  readonly everyUs?: number;
}

/** What may be fed: payloads, with media time or without. */
export type Fed<T> = Iterable<T | Timed<T>> | AsyncIterable<T | Timed<T>>;

/** Payloads with what is to be written along. */
export async function* timed<T>(items: Fed<T>, { startUs, everyUs }: FeedOptions): AsyncGenerator<[T, EmitOptions]> {
  let count = 0;
  for await (const item of items) {
    if (item instanceof Timed) yield [item.payload as T, { timestampUs: item.timestampUs, flags: item.flags }];
    else if (startUs === undefined && everyUs === undefined) yield [item as T, {}];
    else yield [item as T, { timestampUs: (startUs ?? 0) + count * (everyUs ?? 0) }];
    count += 1;
  }
}

/**
 * Writes payloads into an input of a pipeline, each as soon as there is room. The input stays open: `port.end()` ends it.
 * @throws {MeshError} what `write` throws, and the failure of the pipeline
 */
export async function feed<T>(port: InputPort<T>, items: Fed<T>, options: FeedOptions = {}): Promise<void> {
  for await (const [payload, written] of timed(items, options)) await port.write(payload, written);
}
