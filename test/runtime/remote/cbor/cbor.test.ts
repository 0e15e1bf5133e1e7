import { deepStrictEqual } from "node:assert/strict";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MeshError } from "../../../../runtime/interface/errors.ts";
import type { JsonValue } from "../../../../runtime/interface/frame.ts";
import { fromBase64, jsonText } from "../../../../runtime/remote/bytes-in-json.ts";
import { CborReader } from "../../../../runtime/remote/cbor/reader.ts";
import { CborWriter } from "../../../../runtime/remote/cbor/writer.ts";
import { decodePayload, encodePayload, Encoding } from "../../../../runtime/remote/payload-codec.ts";

const hexOf = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString("hex");
const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
/** What a value is at the reader that JSON has brought. */
const byJson = (value: unknown): unknown => JSON.parse(jsonText(value as JsonValue));
const written = (value: unknown): Uint8Array | undefined => new CborWriter().write(value);

/** Numbers as programs have them, and those at which their size changes. */
const numbers = fc.oneof(
  fc.integer({ min: -70_000, max: 70_000 }),
  fc.double(),
  fc.float(),
  fc.constantFrom(
    -0,
    23,
    24,
    255,
    256,
    65_535,
    65_536,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53 - 1,
    2 ** 53,
    2 ** 64,
    -(2 ** 32),
    -(2 ** 53),
  ),
);
const texts = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 60 }),
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.constantFrom("half \ud83c", "\udf89"),
);
const names = fc.oneof(
  fc.constantFrom("a", "b", "text", "__proto__", "constructor", "toString", "0", "é"),
  fc.string({ unit: "grapheme", maxLength: 40 }),
);
const { tree: anything } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "medium", withCrossShrink: true },
    numbers,
    texts,
    fc.boolean(),
    fc.constantFrom(null, undefined, () => 1, Symbol("s")),
    fc.array(numbers, { maxLength: 20 }),
    fc.array(tie("tree"), { maxLength: 6 }),
    fc.dictionary(names, tie("tree"), { maxKeys: 6 }),
    // Records of a kind, some without a field.
    fc.array(fc.record({ x: numbers, label: texts, more: tie("tree") }, { requiredKeys: ["x"] }), { maxLength: 5 }),
  ),
}));
const containers = fc.oneof(fc.array(anything, { maxLength: 8 }), fc.dictionary(names, anything, { maxKeys: 8 }));

describe("records in CBOR", () => {
  it("read as their JSON does, whatever they hold", () => {
    const writer = new CborWriter();
    const reader = new CborReader();
    let left = 0;
    fc.assert(
      fc.property(containers, (value) => {
        const bytes = writer.write(value);
        // What only escapes can tell goes as JSON.
        if (bytes === undefined) {
          left += 1;
          expect(JSON.stringify(value)).toMatch(/\\ud[89a-f]/);
          return;
        }
        const read = reader.read(bytes);
        deepStrictEqual(read, byJson(value));
        // The order of names as well, and `__proto__` being one of them.
        expect(JSON.stringify(read)).toBe(JSON.stringify(value));
      }),
      { numRuns: 1_500 },
    );
    expect(left).toBeGreaterThan(0);
  });

  it.each([
    ["half a surrogate pair", { a: "x".repeat(70) + "\ud800" }],
    ["half a pair in a name", { "\udc00": 1 }],
    ["a date, which says itself what it is in JSON", { at: new Date(0) }],
    ["an object that says what it is", { a: { toJSON: () => 1 } }],
    ["a list that does", Object.assign([1], { toJSON: () => 1 })],
    ["a large integer, which JSON refuses", { a: 1n }],
    ["samples, which are an object in JSON", { a: new Float32Array(2) }],
  ])("are left to JSON: %s", (_, value) => {
    expect(written(value)).toBeUndefined();
    if (!Object.values(value).includes(1n))
      expect(encodePayload(value as never, new CborWriter()).encoding).toBe(Encoding.json);
  });

  it("that are nested deeper than a reader takes are left to JSON, which refuses them", () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
    expect(new CborReader().read(written(nested(64)) as Uint8Array)).toEqual(nested(64));
    expect(written(nested(65))).toBeUndefined();
  });

  it("keep bytes as they are, in memory of their own", () => {
    const value = { image: Uint8Array.of(1, 2, 3), more: [new Uint8Array(0)] };
    const bytes = written(value) as Uint8Array;
    const reader = new CborReader();
    const read = reader.read(bytes) as unknown as typeof value;
    expect(read).toEqual(value);
    expect(read.image.buffer.byteLength).toBe(3);
    expect(reader.hasBytes).toBe(true);
    expect(reader.read(written([1]) as Uint8Array)).toEqual([1]);
    expect(reader.hasBytes).toBe(false);
    expect(byJson(value)).toEqual({ image: "AQID", more: [""] });
    expect(fromBase64("AQID")).toEqual(value.image);
  });

  it("know a class by what it holds, as JSON does", () => {
    class Point {
      x = 1;
      y = 2;
      get sum(): number {
        return this.x + this.y;
      }
    }
    expect(new CborReader().read(written([new Point(), new Point()]) as Uint8Array)).toEqual([
      { x: 1, y: 2 },
      { x: 1, y: 2 },
    ]);
  });

  it("of more kinds than there are numbers for are maps", () => {
    const many = Array.from({ length: 700 }, (_, index) => ({ [`n${index}`]: index, [`m${index % 300}`]: 1 }));
    const writer = new CborWriter();
    const reader = new CborReader();
    for (let round = 0; round < 3; round += 1) expect(reader.read(writer.write(many) as Uint8Array)).toEqual(many);
    const wide = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`f${index}`, index]));
    expect(reader.read(writer.write(wide) as Uint8Array)).toEqual(wide);
  });

  it("of another payload are not those of this one, though they are remembered", () => {
    const writer = new CborWriter();
    const reader = new CborReader();
    const one = { a: 1, b: { c: 2 } };
    const first = writer.write(one) as Uint8Array;
    expect(hexOf(writer.write(one))).toBe(hexOf(first));
    for (let round = 0; round < 2; round += 1) {
      for (const value of [one, { b: { c: 1 }, a: 2 }, [{ c: 1 }, { c: undefined }], { a: 3, b: { c: 4 } }]) {
        expect(reader.read(writer.write(value) as Uint8Array)).toEqual(byJson(value));
        expect(new CborReader().read(new CborWriter().write(value) as Uint8Array)).toEqual(byJson(value));
      }
    }
    // A reference to what only an earlier payload has told.
    expect(() => reader.read(bytesOf("d9e000 82 01 a0"))).toThrow("of a kind that has not come");
  });

  it("that throw while they are read are not written half", () => {
    const writer = new CborWriter();
    const broken = {
      get a(): number {
        throw new RangeError("no");
      },
    };
    expect(() => writer.write([broken])).toThrow(RangeError);
    expect(new CborReader().read(writer.write([{ a: 1 }]) as Uint8Array)).toEqual([{ a: 1 }]);
  });
});

describe("what another peer sends as CBOR", () => {
  it.each([
    ["an integer of 8 bytes", "1b 0020000000000000", 2 ** 53],
    ["half a float", "f9 3e00", 1.5],
    ["a tiny half", "f9 0001", 2 ** -24],
    ["minus zero in halves", "f9 8000", -0],
    ["a map", "a2 6161 01 6162 80", { a: 1, b: [] }],
    ["a name twice in a map, as in JSON", "a2 6161 01 6161 02", { a: 2 }],
    ["lengths that take more bytes than they need", "9a00000001 1801", [1]],
    ["16-bit numbers without a sign", "d845 44 0100 ffff", [1, 65_535]],
    ["32-bit numbers without a sign", "d846 44 ffffffff", [2 ** 32 - 1]],
    ["bytes with a sign", "d848 42 ff7f", [-1, 127]],
    ["no numbers", "d856 40", []],
    ["a record whose field is not there", "d9dfff 84 19e000 82 6161 6162 f7 02", { b: 2 }],
    [
      "a number of a kind given anew",
      "82 d9dfff 83 19e007 81 6161 01 d9dfff 83 19e007 81 6162 02",
      [{ a: 1 }, { b: 2 }],
    ],
    ["a kind that its own field refers to", "d9dfff 83 19e000 81 6161 d9e000 81 f6", { a: { a: null } }],
  ])("is read: %s", (_, hex, value) => {
    expect(new CborReader().read(bytesOf(hex))).toStrictEqual(value);
  });

  it.each([
    ["nothing", "", "cut short"],
    ["something behind it", "01 01", "something follows it"],
    ["a list that says it has more", "82 01", "cut short"],
    ["a list of four thousand million", "9a ffffffff 01", "cut short"],
    ["a map that says it has more", "bb 0010000000000000", "cut short"],
    ["a text that says it has more", "7a 7fffffff 61", "cut short"],
    ["numbers that say they have more", "d856 5b 0010000000000000", "cut short"],
    ["half a number in a list", "d856 44 00000000", "a number is cut short"],
    ["a list of no length", "9f ff", "a length is left open"],
    ["a text in pieces", "7f 6161 ff", "a length is left open"],
    ["a text that is not UTF-8", "62 c328", "not UTF-8"],
    ["a long one that is not", `7820 ${"ff".repeat(32)}`, "not UTF-8"],
    ["a name that is a number", "a1 01 02", "a name is no text"],
    ["NaN", "fb 7ff8000000000000", "not finite"],
    ["infinity in halves", "f9 7c00", "not finite"],
    ["NaN among numbers", "d855 44 0000c07f", "not finite"],
    ["undefined", "f7", "something is undefined"],
    ["undefined in a map", "a1 6161 f7", "something is undefined"],
    ["a simple value", "e0", "not known"],
    ["a tag", "c1 00", "tag 1 is not known"],
    ["big-endian numbers", "d841 42 0001", "tag 65 is not known"],
    ["numbers that are no bytes", "d840 81 01", "the numbers of a list are no bytes"],
    ["a kind out of range", "d9dfff 83 19e100 81 6161 01", "the number of a kind of record is none"],
    ["a kind that is no number", "d9dfff 83 6161 81 6161 01", "the number of a kind of record is none"],
    ["a record without a value", "d9dfff 82 19e000 81 6161", "has not the values of its kind"],
    ["a reference with a value too many", "82 d9dfff 83 19e000 81 6161 01 d9e000 82 01 02", "has not the values"],
    ["a name twice", "d9dfff 84 19e000 82 6161 6161 01 02", "a name twice"],
    ["more names than a record has", `d9dfff 99 0103 19e000 990101 ${"6161".repeat(257)}`, "more than 256 names"],
    ["a record that is no list", "d9dfff 01", "a record is no list"],
  ])("is refused: %s", (_, hex, why) => {
    const read = (): unknown => decodePayload(Encoding.cbor, bytesOf(hex), true);
    expect(read).toThrow(MeshError);
    expect(read).toThrow(why);
  });

  it("is refused when it is nested too deep, of lists, maps and records", () => {
    const deep = (head: string, levels: number): string => `${head.repeat(levels)}00`;
    expect(() => new CborReader().read(bytesOf(deep("81", 64)))).not.toThrow();
    const record = "d9dfff 83 19e000 81 6161";
    for (const head of ["81", "a16161", record])
      expect(() => new CborReader().read(bytesOf(deep(head, 65)))).toThrow("nested deeper than 64");
    expect(() => new CborReader().read(bytesOf(deep("81", 1_000_000)))).toThrow("nested deeper");
  });

  it("makes nothing of `__proto__` but a name", () => {
    const asMap = new CborReader().read(bytesOf("a1 695f5f70726f746f5f5f a1 6161 01"));
    const asRecord = new CborReader().read(bytesOf("d9dfff 83 19e000 81 695f5f70726f746f5f5f a1 6161 01"));
    for (const read of [asMap, asRecord]) {
      expect(Object.keys(read as object)).toEqual(["__proto__"]);
      expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
      expect((read as Record<string, unknown>)["a"]).toBeUndefined();
    }
  });

  it("is read or refused, whatever its bytes are, and never takes more than they can tell", () => {
    const reader = new CborReader();
    const valid = fc.array(anything, { maxLength: 4 }).map((value) => written(value) ?? Uint8Array.of(0x80));
    const spoilt = fc
      .tuple(valid, fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }))
      .map(([bytes, changes]) => {
        const changed = bytes.slice();
        for (const [at, byte] of changes) changed[at % changed.length] = byte;
        return changed;
      });
    let [read, refused] = [0, 0];
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), spoilt, spoilt), (bytes) => {
        try {
          const value = reader.read(bytes);
          read += 1;
          // A byte tells a value at most, and one of a list of records refers to names that stand there once.
          expect(JSON.stringify(value).length).toBeLessThanOrEqual(30 * (bytes.length + 1) ** 2);
        } catch (error) {
          refused += 1;
          if (!(error instanceof MeshError)) throw error;
          expect(error.code).toBe("protocol-violation");
        }
      }),
      { numRuns: 6_000 },
    );
    expect(read).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(100);
  });
});
