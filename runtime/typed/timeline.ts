import type { FlowType } from "../interface/caps.ts";
import type { Clock } from "../interface/clock.ts";
import type { Payload } from "../interface/frame.ts";
import { samplesInSecond } from "../pipeline/sound-time.ts";

/** Gives each frame that is written its media time, in microseconds since the stream's own zero. */
export type Timeline = (payload: Payload, givenUs: number | undefined) => number;

/**
 * Where the format tells how long a frame is, time follows from what went before, so that a file that is written faster
 * than it plays keeps its time. All else is stamped by the clock, the first frame being at 0.
 */
export function timelineOf(format: FlowType, clock: Clock): Timeline {
  const rate = samplesInSecond(format);
  return rate === undefined ? byClock(clock) : bySamples(rate);
}

/** @param rate of all channels together */
function bySamples(rate: number): Timeline {
  let baseUs = 0;
  let samples = 0;
  return (payload, givenUs) => {
    if (givenUs !== undefined) {
      baseUs = givenUs;
      samples = 0;
    }
    const timestampUs = baseUs + Math.round((samples / rate) * 1e6);
    if (payload instanceof Float32Array || payload instanceof Int16Array) samples += payload.length;
    return timestampUs;
  };
}

function byClock(clock: Clock): Timeline {
  let startUs: number | undefined;
  return (_payload, givenUs) => {
    const nowUs = clock.nowUs();
    startUs ??= nowUs - (givenUs ?? 0);
    return givenUs ?? Math.round(nowUs - startUs);
  };
}
