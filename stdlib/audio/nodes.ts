/** The nodes of `std/audio`. */
export { Gain } from "./gain.node.ts";
export { OpusDecode } from "./opus-decode.node.ts";
export { OpusEncode } from "./opus-encode.node.ts";
export { Remix } from "./remix.node.ts";
export { Resample } from "./resample.node.ts";
export { ToFloat } from "./to-float.node.ts";
export { ToInteger } from "./to-integer.node.ts";
