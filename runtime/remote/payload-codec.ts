/** Payloads as bytes: docs/protocol.md, chapter "Frames". */
import { MeshError } from "../interface/errors.ts";
import type { JsonValue, Payload } from "../interface/frame.ts";
import { jsonText } from "./bytes-in-json.ts";
import { CborReader } from "./cbor/reader.ts";
import type { CborWriter } from "./cbor/writer.ts";
import { checkJsonDepth } from "./json-depth.ts";

/** How the payload of a frame is written. */
export const Encoding = { null: 0, bytes: 1, s16le: 2, f32le: 3, utf8: 4, json: 5, cbor: 6 } as const;
export type Encoding = (typeof Encoding)[keyof typeof Encoding];

const names = ["null", "bytes", "16-bit samples", "32-bit float samples", "text", "JSON", "CBOR"] as const;

export function isEncoding(value: number): value is Encoding {
  return value < names.length;
}

export function encodingName(encoding: Encoding): string {
  return names[encoding];
}

const nothing = new Uint8Array(0);
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Typed arrays have the order of the machine; the wire is little-endian. */
const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * The payload as bytes; a typed array is not copied where the byte order of the machine allows it. How it is written
 * follows from the payload alone, so that a reader may know it under a wider type than its writer does.
 * @param cbor writes records, lists and maps for a reader that takes them so; left out, they are JSON
 */
export function encodePayload(
  payload: Payload,
  cbor?: CborWriter,
): { readonly encoding: Encoding; readonly body: Uint8Array } {
  if (payload instanceof Float32Array) return { encoding: Encoding.f32le, body: ordered(payload) };
  if (payload instanceof Int16Array) return { encoding: Encoding.s16le, body: ordered(payload) };
  if (payload instanceof Uint8Array) return { encoding: Encoding.bytes, body: payload };
  if (payload === null) return { encoding: Encoding.null, body: nothing };
  if (typeof payload === "string") return { encoding: Encoding.utf8, body: encoder.encode(payload) };
  const body = typeof payload === "object" ? cbor?.write(payload) : undefined;
  if (body !== undefined) return { encoding: Encoding.cbor, body };
  return { encoding: Encoding.json, body: encoder.encode(jsonText(payload)) };
}

function ordered(samples: Float32Array | Int16Array): Uint8Array {
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  return littleEndian ? bytes : swapped(bytes, samples.BYTES_PER_ELEMENT);
}

function swapped(bytes: Uint8Array, width: number): Uint8Array {
  const result = bytes.slice();
  for (let at = 0; at < result.length; at += width) result.subarray(at, at + width).reverse();
  return result;
}

/**
 * The payload behind the bytes.
 * @param exclusive nothing else lives in the buffer of `body`: the payload may keep it. Otherwise it gets a copy, so
 * that a consumer can transfer its buffer to a worker without taking others' data along
 * @param cbor of the stream, which knows what its records are like
 * @throws {MeshError} `protocol-violation`
 */
export function decodePayload(encoding: Encoding, body: Uint8Array, exclusive: boolean, cbor?: CborReader): Payload {
  switch (encoding) {
    case Encoding.null:
      if (body.length > 0) throw violation("an empty payload has bytes");
      return null;
    case Encoding.bytes:
      return exclusive ? body : body.slice();
    case Encoding.s16le: {
      const bytes = samplesOf(body, exclusive, 2);
      return new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
    }
    case Encoding.f32le: {
      const bytes = samplesOf(body, exclusive, 4);
      return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    }
    case Encoding.utf8:
      return textOf(body);
    case Encoding.json:
      return parseJson(textOf(body));
    case Encoding.cbor:
      return (cbor ?? new CborReader()).read(body);
    default:
      return encoding satisfies never;
  }
}

function samplesOf(body: Uint8Array, exclusive: boolean, width: number): Uint8Array {
  if (body.length % width !== 0) throw violation("a sample is cut short");
  if (!littleEndian) return swapped(body, width);
  return exclusive && body.byteOffset % width === 0 ? body : new Uint8Array(body);
}

function textOf(body: Uint8Array): string {
  try {
    return decoder.decode(body);
  } catch {
    throw violation("a text is not UTF-8");
  }
}

/** @throws {MeshError} `protocol-violation` */
export function parseJson(text: string): JsonValue {
  checkJsonDepth(text);
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    throw violation("a record is not JSON");
  }
}

function violation(what: string): MeshError {
  return new MeshError("protocol-violation", `A payload is not as the protocol wants it: ${what}.`);
}
