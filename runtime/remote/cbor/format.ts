/**
 * What both ends know of the second encoding of records: CBOR (RFC 8949) with the typed arrays of RFC 8746, and the records of
 * https://github.com/kriszyp/cbor-records, whose names stand once in a payload. docs/protocol.md, chapter "Records in CBOR".
 */

export const Major = { unsigned: 0, negative: 1, bytes: 2, text: 3, list: 4, map: 5, tag: 6, simple: 7 } as const;

/** First bytes of what stands for itself. */
export const Simple = {
  false: 0xf4,
  true: 0xf5,
  null: 0xf6,
  /** In place of the value of a record: the field is not there. */
  absent: 0xf7,
  float16: 0xf9,
  float32: 0xfa,
  float64: 0xfb,
} as const;

/** Tags of typed arrays in the byte order of the wire, and of single bytes. */
export const TypedArray = {
  uint8: 64,
  uint16: 69,
  uint32: 70,
  int8: 72,
  int16: 77,
  int32: 78,
  float32: 85,
  float64: 86,
} as const;

/** Tag of a record that is the first of its kind: a list of the number of its kind, the names, and the values. */
export const inlineRecord = 57_343;
/** Tag of a record of kind 0, the number of a kind being the tag that refers to it. */
export const firstRecord = 57_344;
/** Kinds of records in a payload. */
export const maxRecordKinds = 256;
/** Names of one kind, at most; an object with more is a map. */
export const maxRecordNames = 256;
