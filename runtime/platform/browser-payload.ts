/** What frames of sound and pictures carry. */
export type MediaPayload = Uint8Array | Int16Array | Float32Array;
