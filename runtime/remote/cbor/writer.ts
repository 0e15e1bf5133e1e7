import { maxJsonDepth } from "../limits.ts";
import { firstRecord, inlineRecord, Major, maxRecordKinds, maxRecordNames, Simple, TypedArray } from "./format.ts";

/** Up to so many characters it is faster to go over them here than to ask the engine. */
const shortText = 64;
/** Fewer numbers are written one by one. */
const leastTyped = 4;
/** Memory that is kept for the next payload, in bytes. */
const keptBytes = 64 * 1024;
/** What only the escapes of JSON can tell. */
const loneSurrogate = /\p{Surrogate}/u;
const encoder = new TextEncoder();

/** Why a payload is left to JSON; caught where it began. */
const leftToJson = Symbol("left to JSON");

/** Kinds of records that are remembered, of all payloads. */
const rememberedKinds = 64;

/** Objects with the same names in the same order. */
interface Kind {
  readonly names: readonly string[];
  /** The list of them, as it is written. */
  readonly written: Uint8Array;
  /** Of the payload in which it last came, counted from 1, and its number there. */
  payload: number;
  id: number;
}

/** Writes records, lists and maps, one payload after the other. It remembers the kinds of records, for they come again. */
export class CborWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #at = 0;
  #payload = 0;
  /** Kinds of this payload so far. */
  #count = 0;
  #kinds: Kind[] = [];
  /** By depth, the kind that was last met there. */
  #latest: (Kind | undefined)[] = [];

  constructor(capacity = 512) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /**
   * A value in memory of its own. What it reads as is what its JSON would have read as, but for bytes, which stay bytes.
   * @returns undefined for what has to go as JSON: texts with half a surrogate pair, objects with a `toJSON`, what JSON refuses, what is
   * nested too deep
   */
  write(value: unknown): Uint8Array | undefined {
    this.#at = 0;
    this.#payload += 1;
    this.#count = 0;
    try {
      this.#value(value, 0);
    } catch (error) {
      if (error !== leftToJson) throw error;
      return undefined;
    }
    if (this.#at <= keptBytes) return this.#bytes.slice(0, this.#at);
    const written = this.#bytes.subarray(0, this.#at);
    this.#use(new Uint8Array(keptBytes));
    return written;
  }

  #use(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }

  /** Makes sure that so many bytes follow. */
  #room(count: number): void {
    const least = this.#at + count;
    if (least <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(least, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#use(grown);
  }

  /** @param depth of lists and objects around it */
  #value(value: unknown, depth: number): void {
    this.#room(16);
    switch (typeof value) {
      case "string":
        this.#text(value);
        return;
      case "number":
        this.#number(value);
        return;
      case "boolean":
        this.#bytes[this.#at++] = value ? Simple.true : Simple.false;
        return;
      case "object":
        if (value === null) this.#bytes[this.#at++] = Simple.null;
        else if (Array.isArray(value)) this.#list(value as readonly unknown[], depth + 1);
        else if (value instanceof Uint8Array) this.#binary(value);
        else this.#object(value as Readonly<Record<string, unknown>>, depth + 1);
        return;
      default:
        throw leftToJson;
    }
  }

  #head(major: number, argument: number): void {
    const bytes = this.#bytes;
    const first = major << 5;
    if (argument < 24) bytes[this.#at++] = first | argument;
    else if (argument < 0x100) {
      bytes[this.#at++] = first | 24;
      bytes[this.#at++] = argument;
    } else if (argument < 0x1_0000) {
      bytes[this.#at++] = first | 25;
      bytes[this.#at++] = argument >>> 8;
      bytes[this.#at++] = argument & 0xff;
    } else if (argument < 0x1_0000_0000) {
      bytes[this.#at] = first | 26;
      this.#view.setUint32(this.#at + 1, argument);
      this.#at += 5;
    } else {
      bytes[this.#at] = first | 27;
      this.#view.setUint32(this.#at + 1, Math.floor(argument / 0x1_0000_0000));
      this.#view.setUint32(this.#at + 5, argument % 0x1_0000_0000);
      this.#at += 9;
    }
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value)) {
      if (value >= 0) this.#head(Major.unsigned, value);
      else this.#head(Major.negative, -1 - value);
    } else if (Math.fround(value) === value && Number.isFinite(value)) {
      this.#bytes[this.#at] = Simple.float32;
      this.#view.setFloat32(this.#at + 1, value);
      this.#at += 5;
    } else if (Number.isFinite(value)) {
      this.#bytes[this.#at] = Simple.float64;
      this.#view.setFloat64(this.#at + 1, value);
      this.#at += 9;
    } else this.#bytes[this.#at++] = Simple.null;
  }

  #text(value: string): void {
    const { length } = value;
    if (length <= shortText) {
      this.#room(2 + length);
      const start = this.#at;
      this.#head(Major.text, length);
      const bytes = this.#bytes;
      let at = this.#at;
      let index = 0;
      for (; index < length; index += 1) {
        const code = value.charCodeAt(index);
        if (code > 0x7f) break;
        bytes[at++] = code;
      }
      if (index === length) {
        this.#at = at;
        return;
      }
      this.#at = start;
    }
    if (loneSurrogate.test(value)) throw leftToJson;
    // A character takes three bytes at most: where the head has its place is known only behind.
    const most = headBytes(3 * length);
    this.#room(most + 3 * length);
    const { written } = encoder.encodeInto(value, this.#bytes.subarray(this.#at + most));
    const head = headBytes(written);
    if (head < most) this.#bytes.copyWithin(this.#at + head, this.#at + most, this.#at + most + written);
    this.#head(Major.text, written);
    this.#at += written;
  }

  #binary(value: Uint8Array): void {
    this.#room(16 + value.length);
    this.#head(Major.bytes, value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  #list(items: readonly unknown[], depth: number): void {
    const { length } = items;
    if (depth > maxJsonDepth || "toJSON" in items) throw leftToJson;
    if (length >= leastTyped && typeof items[0] === "number") {
      const tag = typeOf(items);
      if (tag !== undefined) {
        this.#numbers(items as readonly number[], tag);
        return;
      }
    }
    this.#head(Major.list, length);
    for (let index = 0; index < length; index += 1) {
      const item = items[index];
      if (item === undefined || typeof item === "function" || typeof item === "symbol") this.#value(null, depth);
      else this.#value(item, depth);
    }
  }

  #numbers(numbers: readonly number[], tag: number): void {
    const { length } = numbers;
    const width = widths[tag] as number;
    this.#room(16 + width * length);
    this.#head(Major.tag, tag);
    this.#head(Major.bytes, width * length);
    const view = this.#view;
    let at = this.#at;
    this.#at += width * length;
    switch (tag) {
      case TypedArray.uint8:
        for (let index = 0; index < length; index += 1) this.#bytes[at++] = numbers[index] as number;
        return;
      case TypedArray.int16:
        for (let index = 0; index < length; index += 1, at += 2) view.setInt16(at, numbers[index] as number, true);
        return;
      case TypedArray.int32:
        for (let index = 0; index < length; index += 1, at += 4) view.setInt32(at, numbers[index] as number, true);
        return;
      case TypedArray.float32:
        for (let index = 0; index < length; index += 1, at += 4)
          view.setFloat32(at, (numbers[index] as number) + 0, true);
        return;
      default:
        for (let index = 0; index < length; index += 1, at += 8)
          view.setFloat64(at, (numbers[index] as number) + 0, true);
    }
  }

  #object(value: Readonly<Record<string, unknown>>, depth: number): void {
    if (depth > maxJsonDepth || ArrayBuffer.isView(value)) throw leftToJson;
    const prototype: unknown = Object.getPrototypeOf(value);
    // A field of that name is seen with the names.
    if (prototype !== Object.prototype && prototype !== null && "toJSON" in value) throw leftToJson;
    const kind = this.#kindOf(value, depth);
    if (kind === undefined) {
      this.#map(value, depth);
      return;
    }
    const { names } = kind;
    for (let index = 0; index < names.length; index += 1) {
      const field = value[names[index] as string];
      if (field === undefined || typeof field === "function" || typeof field === "symbol") {
        this.#room(1);
        this.#bytes[this.#at++] = Simple.absent;
      } else this.#value(field, depth);
    }
  }

  /** Writes what stands before the values. @returns undefined where it is a map */
  #kindOf(value: Readonly<Record<string, unknown>>, depth: number): Kind | undefined {
    let kind = this.#latest[depth];
    if (kind === undefined || !isOf(value, kind.names)) {
      const names = Object.keys(value);
      if (names.includes("toJSON")) throw leftToJson;
      const isMap = names.length === 0 || names.length > maxRecordNames;
      kind = isMap ? undefined : (this.#known(names) ?? this.#remember(names));
      this.#latest[depth] = kind;
    }
    if (kind === undefined) return undefined;
    const { names } = kind;
    if (kind.payload === this.#payload) {
      this.#head(Major.tag, firstRecord + kind.id);
      this.#head(Major.list, names.length);
      return kind;
    }
    if (this.#count === maxRecordKinds) return undefined;
    kind.payload = this.#payload;
    kind.id = this.#count++;
    this.#head(Major.tag, inlineRecord);
    this.#head(Major.list, 2 + names.length);
    this.#head(Major.unsigned, firstRecord + kind.id);
    this.#room(16 + kind.written.length);
    this.#bytes.set(kind.written, this.#at);
    this.#at += kind.written.length;
    return kind;
  }

  #known(names: readonly string[]): Kind | undefined {
    return this.#kinds.find(
      (kind) => kind.names.length === names.length && kind.names.every((name, index) => name === names[index]),
    );
  }

  #remember(names: readonly string[]): Kind {
    const start = this.#at;
    this.#head(Major.list, names.length);
    for (const name of names) {
      this.#room(16);
      this.#text(name);
    }
    const kind = { names, written: this.#bytes.slice(start, this.#at), payload: 0, id: 0 };
    this.#at = start;
    // Those that are forgotten while they are in use are told again.
    if (this.#kinds.length === rememberedKinds) this.#kinds.shift();
    this.#kinds.push(kind);
    return kind;
  }

  #map(value: Readonly<Record<string, unknown>>, depth: number): void {
    const entries = Object.entries(value).filter(
      ([, field]) => field !== undefined && typeof field !== "function" && typeof field !== "symbol",
    );
    this.#head(Major.map, entries.length);
    for (const [name, field] of entries) {
      this.#room(16);
      this.#text(name);
      this.#value(field, depth);
    }
  }
}

/** Bytes of a head with such an argument. */
function headBytes(argument: number): number {
  return argument < 24 ? 1 : argument < 0x100 ? 2 : argument < 0x1_0000 ? 3 : 5;
}

const widths: Readonly<Record<number, number>> = {
  [TypedArray.uint8]: 1,
  [TypedArray.int16]: 2,
  [TypedArray.int32]: 4,
  [TypedArray.float32]: 4,
  [TypedArray.float64]: 8,
};

/** Whether an object has these names in this order. */
function isOf(value: Readonly<Record<string, unknown>>, names: readonly string[]): boolean {
  let index = 0;
  for (const name in value) if (names[index++] !== name) return false;
  return index === names.length;
}

/** The smallest array that holds all numbers of a list exactly; undefined where something is no number that JSON has. */
function typeOf(items: readonly unknown[]): number | undefined {
  let [least, most] = [0, 0];
  let [isWhole, isSingle] = [true, true];
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index];
    if (typeof item !== "number" || item - item !== 0) return undefined;
    if (item < least) least = item;
    else if (item > most) most = item;
    if (isWhole && !Number.isInteger(item)) isWhole = false;
    if (isSingle && Math.fround(item) !== item) isSingle = false;
  }
  if (isWhole) {
    if (least === 0 && most <= 0xff) return TypedArray.uint8;
    if (least >= -0x8000 && most <= 0x7fff) return TypedArray.int16;
    if (least >= -0x8000_0000 && most <= 0x7fff_ffff) return TypedArray.int32;
  }
  return isSingle ? TypedArray.float32 : TypedArray.float64;
}
