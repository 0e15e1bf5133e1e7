/**
 * The encoding of Protocol Buffers (https://protobuf.dev/programming-guides/encoding/), as far as messages that are written and read by
 * hand need it.
 */
import { MeshError } from "../../interface/errors.ts";

/** Beyond what HTTP/2 reads at a time a message has been put together in memory of its own. */
const readBytes = 64 * 1024;
/** What stands in front of the bytes in such a message, at most. */
const headBytes = 1024;
/** What stands in front of a message of a channel: five bytes of gRPC, and the fields before it. */
const messageHeadBytes = 16;

/** Bytes that a number takes, of at most 32 bits. */
export function varintBytes(value: number): number {
  let count = 1;
  for (let rest = value; rest > 0x7f; rest >>>= 7) count += 1;
  return count;
}

/** @returns the place behind the number */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  let rest = value;
  let place = at;
  while (rest > 0x7f) {
    target[place++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[place++] = rest;
  return place;
}

/** Reads one field after the other; what is wrong ends with a `protocol-violation`. */
export class ProtobufReader {
  readonly #bytes: Buffer;
  readonly #name: string;
  #at = 0;
  #end: number;

  /** @param name of the message, for errors */
  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#name = name;
    this.#end = bytes.length;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  /** A tag, a length, or a number; one of 64 bits, which no field that is known here has, is not a number. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    for (let count = 0; count < 5; count++) if (this.#byte() < 0x80) return Number.NaN;
    throw this.#broken();
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  /** In memory of its own: what is around it belongs to the connection. Not copied where nothing else is there. */
  bytes(): Uint8Array {
    const length = this.varint();
    const { buffer, byteOffset } = this.#bytes;
    const at = byteOffset + this.#take(length);
    const isAlone = length > readBytes && buffer.byteLength - length <= headBytes;
    return isAlone ? new Uint8Array(buffer, at, length) : new Uint8Array(buffer.slice(at, at + length));
  }

  /** In memory of their own, but for a head in front of them: not copied where the message has been put together alone. */
  whole(): Uint8Array {
    const length = this.varint();
    const { buffer, byteOffset } = this.#bytes;
    const at = byteOffset + this.#take(length);
    const isAlone = at <= messageHeadBytes && at + length === buffer.byteLength;
    return isAlone ? new Uint8Array(buffer, at, length) : new Uint8Array(buffer.slice(at, at + length));
  }

  /** What is no UTF-8 becomes U+FFFD. */
  text(): string {
    const length = this.varint();
    const at = this.#take(length);
    return this.#bytes.toString("utf8", at, at + length);
  }

  /** What `read` gets to see ends where the message does that begins here. */
  message<T>(read: (reader: ProtobufReader) => T): T {
    const length = this.varint();
    const end = this.#take(length) + length;
    const outer = this.#end;
    this.#at = end - length;
    this.#end = end;
    const value = read(this);
    this.#at = end;
    this.#end = outer;
    return value;
  }

  /** A field of a later version. */
  skip(wireType: number): void {
    if (wireType === 0) this.varint();
    else if (wireType === 1) this.#take(8);
    else if (wireType === 2) this.#take(this.varint());
    else if (wireType === 5) this.#take(4);
    else throw this.#broken();
  }

  #byte(): number {
    const byte = this.#at < this.#end ? this.#bytes[this.#at] : undefined;
    if (byte === undefined) throw this.#broken();
    this.#at += 1;
    return byte;
  }

  /** @returns where so many bytes begin, which are read with that */
  #take(count: number): number {
    const at = this.#at;
    if (!(at + count <= this.#end)) throw this.#broken();
    this.#at = at + count;
    return at;
  }

  #broken(): MeshError {
    return new MeshError("protocol-violation", `A message is not one of ${this.#name}.`);
  }
}
