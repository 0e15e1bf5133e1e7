// The code of the node `Gain`: a module without a runtime, whose only memory is one frame.

/** 64 KiB, as f32: 170 ms of stereo at 48 kHz. */
const capacity: i32 = 1 << 16;
const frame = memory.data(1 << 16, 16);
let factor: f32 = 1;

/** Where a frame of so many bytes is written to; 0 says that it is too large. */
export function in_ptr(bytes: i32): usize {
  return bytes <= capacity ? frame : 0;
}

/** The parameter `gain`, in decibels of amplitude. */
export function set_gain(gain: f64): void {
  factor = Mathf.pow(10, f32(gain) / 20);
}

/** Changes the samples in place, so nothing has to be returned. */
export function process(samples: i32): void {
  const end = frame + (usize(samples) << 2);
  for (let at = frame; at < end; at += 4) store<f32>(at, load<f32>(at) * factor);
}
