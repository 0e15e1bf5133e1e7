import { MeshError } from "../../interface/errors.ts";
import type { JsonValue } from "../../interface/frame.ts";
import { maxJsonDepth } from "../limits.ts";
import { firstRecord, inlineRecord, Major, maxRecordKinds, maxRecordNames, Simple, TypedArray } from "./format.ts";

/** Up to so many bytes a text is read here: to ask the engine takes longer. */
const shortText = 24;
/** And so many put together. */
const joinedText = 12;
/** Texts that are remembered; a power of two. */
const rememberedTexts = 256;
/** Kinds of records that are remembered, and the bytes of their names, at most. */
const rememberedKinds = 16;
const rememberedBytes = 1024;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Objects with the same names in the same order. */
type Names = readonly string[];

/** Names that came, and the bytes that told them. */
interface Told {
  readonly names: Names;
  readonly written: Uint8Array;
}

/** Reads records, lists and maps that another peer has written, and trusts nothing of it. */
export class CborReader {
  #bytes: Uint8Array = nothing;
  #view: DataView = emptyView;
  #at = 0;
  /** Of this payload, by their numbers. */
  #kinds: (Names | undefined)[] = [];
  /** The latest of all payloads, by the numbers that they had: those of the next one are mostly the same. */
  readonly #told: (Told | undefined)[] = [];
  #hasBytes = false;
  /** Short texts by what they are made of: in records the same ones come again and again. */
  readonly #texts: (string | undefined)[] = Array.from({ length: rememberedTexts });

  /** What was read last has bytes in it. */
  get hasBytes(): boolean {
    return this.#hasBytes;
  }

  /** @throws {MeshError} `protocol-violation` */
  read(bytes: Uint8Array): JsonValue {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#at = 0;
    this.#kinds = [];
    this.#hasBytes = false;
    try {
      const value = this.#value(0) as JsonValue;
      if (this.#at !== bytes.length) throw violation("something follows it");
      return value;
    } finally {
      this.#bytes = nothing;
      this.#view = emptyView;
    }
  }

  /** @returns undefined where the field of a record is left out */
  #value(depth: number): unknown {
    if (this.#at >= this.#bytes.length) throw cutShort();
    const first = this.#bytes[this.#at++] as number;
    switch (first >> 5) {
      case Major.unsigned:
        return this.#argument(first);
      case Major.negative:
        return -1 - this.#argument(first);
      case Major.bytes:
        this.#hasBytes = true;
        return this.#taken(this.#argument(first)).slice();
      case Major.text:
        return this.#text(this.#argument(first));
      case Major.list:
        return this.#list(this.#argument(first), depth + 1);
      case Major.map:
        return this.#map(this.#argument(first), depth + 1);
      case Major.tag:
        return this.#tagged(this.#argument(first), depth);
      default:
        return this.#simple(first);
    }
  }

  #argument(first: number): number {
    const info = first & 0x1f;
    if (info < 24) return info;
    const at = this.#at;
    const left = this.#bytes.length - at;
    if (info === 24 && left >= 1) {
      this.#at = at + 1;
      return this.#bytes[at] as number;
    }
    if (info === 25 && left >= 2) {
      this.#at = at + 2;
      return this.#view.getUint16(at);
    }
    if (info === 26 && left >= 4) {
      this.#at = at + 4;
      return this.#view.getUint32(at);
    }
    if (info === 27 && left >= 8) {
      this.#at = at + 8;
      return this.#view.getUint32(at) * 0x1_0000_0000 + this.#view.getUint32(at + 4);
    }
    throw info <= 27 ? cutShort() : violation("a length is left open");
  }

  #simple(first: number): unknown {
    const at = this.#at;
    switch (first) {
      case Simple.false:
        return false;
      case Simple.true:
        return true;
      case Simple.null:
        return null;
      case Simple.float16:
        this.#skip(2);
        return finite(half(this.#view.getUint16(at)));
      case Simple.float32:
        this.#skip(4);
        return finite(this.#view.getFloat32(at));
      case Simple.float64:
        this.#skip(8);
        return finite(this.#view.getFloat64(at));
      default:
        throw violation(first === Simple.absent ? "something is undefined" : "a simple value is not known");
    }
  }

  #skip(count: number): void {
    if (this.#bytes.length - this.#at < count) throw cutShort();
    this.#at += count;
  }

  /** The next bytes, where they are. */
  #taken(count: number): Uint8Array {
    const from = this.#at;
    this.#skip(count);
    return this.#bytes.subarray(from, from + count);
  }

  #text(length: number): string {
    const from = this.#at;
    this.#skip(length);
    const end = from + length;
    if (length > shortText) return this.#long(from, end);
    const bytes = this.#bytes;
    let sum = length;
    for (let at = from; at < end; at += 1) {
      const code = bytes[at] as number;
      if (code > 0x7f) return this.#long(from, end);
      sum = (Math.imul(sum, 31) + code) | 0;
    }
    const slot = (sum ^ (sum >>> 8)) & (rememberedTexts - 1);
    const known = this.#texts[slot];
    if (known !== undefined && known.length === length && isText(bytes, from, known)) return known;
    let text = "";
    if (length > joinedText) text = this.#long(from, end);
    else for (let at = from; at < end; at += 1) text += String.fromCharCode(bytes[at] as number);
    this.#texts[slot] = text;
    return text;
  }

  #long(from: number, end: number): string {
    try {
      return decoder.decode(this.#bytes.subarray(from, end));
    } catch {
      throw violation("a text is not UTF-8");
    }
  }

  /** Each of so many values takes a byte at least. */
  #check(count: number, depth: number): void {
    if (count > this.#bytes.length - this.#at) throw cutShort();
    if (depth > maxJsonDepth) throw violation(`it is nested deeper than ${maxJsonDepth} levels`);
  }

  #list(length: number, depth: number): unknown[] {
    this.#check(length, depth);
    const items: unknown[] = [];
    for (let left = length; left > 0; left -= 1) items.push(this.#value(depth));
    return items;
  }

  #map(length: number, depth: number): object {
    this.#check(2 * length, depth);
    const map = {};
    for (let left = length; left > 0; left -= 1) {
      const name = this.#name();
      put(map, name, this.#value(depth));
    }
    return map;
  }

  #name(): string {
    const head = this.#bytes[this.#at];
    if (head === undefined) throw cutShort();
    if (head >> 5 !== Major.text) throw violation("a name is no text");
    this.#at += 1;
    return this.#text(this.#argument(head));
  }

  #tagged(tag: number, depth: number): unknown {
    if (tag >= firstRecord && tag < firstRecord + maxRecordKinds) {
      const names = this.#kinds[tag - firstRecord];
      if (names === undefined) throw violation("a record is of a kind that has not come");
      if (this.#length() !== names.length) throw violation("a record has not the values of its kind");
      return this.#record(names, depth + 1);
    }
    if (tag === inlineRecord) return this.#firstOfKind(depth + 1);
    return this.#numbers(tag);
  }

  /** The head of a list. */
  #length(): number {
    const head = this.#bytes[this.#at];
    if (head === undefined) throw cutShort();
    if (head >> 5 !== Major.list) throw violation("a record is no list");
    this.#at += 1;
    return this.#argument(head);
  }

  #firstOfKind(depth: number): object {
    const length = this.#length();
    const id = this.#value(depth);
    const isId = typeof id === "number" && id >= firstRecord && id < firstRecord + maxRecordKinds;
    if (!isId) throw violation("the number of a kind of record is none");
    const names = this.#names(id - firstRecord);
    if (length !== 2 + names.length) throw violation("a record has not the values of its kind");
    this.#kinds[id - firstRecord] = names;
    return this.#record(names, depth);
  }

  #names(kind: number): Names {
    const from = this.#at;
    const told = this.#told[kind];
    if (told !== undefined && startsWith(this.#bytes, from, told.written)) {
      this.#at += told.written.length;
      return told.names;
    }
    const count = this.#length();
    if (count > maxRecordNames) throw violation(`a record has more than ${maxRecordNames} names`);
    const names: string[] = [];
    for (let left = count; left > 0; left -= 1) names.push(this.#name());
    if (new Set(names).size !== count) throw violation("a record has a name twice");
    if (kind < rememberedKinds && this.#at - from <= rememberedBytes)
      this.#told[kind] = { names, written: this.#bytes.slice(from, this.#at) };
    return names;
  }

  #record(names: Names, depth: number): object {
    this.#check(names.length, depth);
    const record: Record<string, unknown> = {};
    for (let index = 0; index < names.length; index += 1) {
      const name = names[index] as string;
      if (this.#bytes[this.#at] === Simple.absent) {
        this.#at += 1;
        continue;
      }
      const value = this.#value(depth);
      if (name === "__proto__") put(record, name, value);
      else record[name] = value;
    }
    return record;
  }

  #numbers(tag: number): number[] {
    const width = widths[tag];
    if (width === undefined) throw violation(`tag ${tag} is not known`);
    const head = this.#bytes[this.#at];
    if (head === undefined) throw cutShort();
    if (head >> 5 !== Major.bytes) throw violation("the numbers of a list are no bytes");
    this.#at += 1;
    const bytes = this.#argument(head);
    let at = this.#at;
    this.#skip(bytes);
    if (bytes % width !== 0) throw violation("a number is cut short");
    const view = this.#view;
    const end = at + bytes;
    // As long as it gets at once: to grow takes longer than to read.
    const numbers: number[] = [];
    numbers.length = bytes / width;
    let next = 0;
    switch (tag) {
      case TypedArray.uint8:
        for (; at < end; at += 1) numbers[next++] = view.getUint8(at);
        break;
      case TypedArray.int8:
        for (; at < end; at += 1) numbers[next++] = view.getInt8(at);
        break;
      case TypedArray.uint16:
        for (; at < end; at += 2) numbers[next++] = view.getUint16(at, true);
        break;
      case TypedArray.int16:
        for (; at < end; at += 2) numbers[next++] = view.getInt16(at, true);
        break;
      case TypedArray.uint32:
        for (; at < end; at += 4) numbers[next++] = view.getUint32(at, true);
        break;
      case TypedArray.int32:
        for (; at < end; at += 4) numbers[next++] = view.getInt32(at, true);
        break;
      case TypedArray.float32:
        for (; at < end; at += 4) numbers[next++] = finite(view.getFloat32(at, true));
        break;
      default:
        for (; at < end; at += 8) numbers[next++] = finite(view.getFloat64(at, true));
    }
    return numbers;
  }
}

const nothing = new Uint8Array(0);
const emptyView = new DataView(nothing.buffer);

const widths: Readonly<Record<number, number>> = {
  [TypedArray.uint8]: 1,
  [TypedArray.int8]: 1,
  [TypedArray.uint16]: 2,
  [TypedArray.int16]: 2,
  [TypedArray.uint32]: 4,
  [TypedArray.int32]: 4,
  [TypedArray.float32]: 4,
  [TypedArray.float64]: 8,
};

/** Of a name that comes twice the last value counts, as in JSON; `__proto__` is a name like any other. */
function put(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
}

function startsWith(bytes: Uint8Array, from: number, start: Uint8Array): boolean {
  if (bytes.length - from < start.length) return false;
  for (let index = 0; index < start.length; index += 1) if (bytes[from + index] !== start[index]) return false;
  return true;
}

function isText(bytes: Uint8Array, from: number, text: string): boolean {
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) !== bytes[from + index]) return false;
  return true;
}

/** JSON has no others. */
function finite(value: number): number {
  if (value - value !== 0) throw violation("a number is not finite");
  return value;
}

/** RFC 8949, appendix D. */
function half(bits: number): number {
  const exponent = (bits >> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  const size =
    exponent === 0 ? mantissa * 2 ** -24 : exponent === 31 ? Number.NaN : (mantissa + 1024) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -size : size;
}

function cutShort(): MeshError {
  return violation("it is cut short");
}

function violation(what: string): MeshError {
  return new MeshError("protocol-violation", `A payload in CBOR is not as the protocol wants it: ${what}.`);
}
