import type { FlowType, Schemas } from "../../runtime/interface/caps.ts";
import type { JsonValue } from "../../runtime/interface/frame.ts";

/**
 * A compact binary encoding as both ends of a stream could have it, for both know its type: fields in the order of the type, without
 * their names; a byte before each that may be missing; lengths and whole numbers as LEB128, others as 64-bit floats; text in UTF-8. It stands for
 * what a binary encoding can gain at best: those that say themselves what they hold (CBOR, MessagePack) are larger and slower.
 */
export interface TypedCodec {
  encode(value: JsonValue): Uint8Array;
  decode(bytes: Uint8Array): JsonValue;
}

export function codecOf(type: FlowType, schemas: Schemas): TypedCodec {
  const write = writerOf(type, schemas);
  const read = readerOf(type, schemas);
  const target = new Target();
  return {
    encode(value) {
      target.at = 0;
      write(target, value);
      return target.bytes.slice(0, target.at);
    },
    decode: (bytes) => read(new Source(bytes)),
  };
}

type Write = (target: Target, value: JsonValue) => void;
type Read = (source: Source) => JsonValue;
type RecordValue = Readonly<Record<string, JsonValue>>;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });
/** Up to so many characters it is faster to go over them here. */
const shortText = 24;

class Target {
  bytes = new Uint8Array(4 * 1024 * 1024);
  readonly view = new DataView(this.bytes.buffer);
  at = 0;

  count(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.bytes[this.at++] = (rest & 0x7f) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.at++] = rest;
  }

  float(value: number): void {
    this.view.setFloat64(this.at, value, true);
    this.at += 8;
  }

  text(value: string): void {
    if (value.length <= shortText && this.#ascii(value)) return;
    const encoded = encoder.encode(value);
    this.count(encoded.length);
    this.bytes.set(encoded, this.at);
    this.at += encoded.length;
  }

  #ascii(value: string): boolean {
    const start = this.at;
    this.bytes[this.at++] = value.length;
    for (let index = 0; index < value.length; index += 1) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) {
        this.at = start;
        return false;
      }
      this.bytes[this.at++] = code;
    }
    return true;
  }
}

class Source {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  count(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.bytes[this.at++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  float(): number {
    const value = this.view.getFloat64(this.at, true);
    this.at += 8;
    return value;
  }

  text(): string {
    const length = this.count();
    const start = this.at;
    this.at += length;
    if (length > shortText) return decoder.decode(this.bytes.subarray(start, this.at));
    let text = "";
    for (let at = start; at < this.at; at += 1) {
      const code = this.bytes[at] ?? 0;
      if (code > 0x7f) return decoder.decode(this.bytes.subarray(start, this.at));
      text += String.fromCharCode(code);
    }
    return text;
  }
}

function writerOf(type: FlowType, schemas: Schemas): Write {
  if (type.kind === "list") {
    const element = writerOf(type.element, schemas);
    return (target, value) => {
      const items = value as readonly JsonValue[];
      target.count(items.length);
      for (const item of items) element(target, item);
    };
  }
  if (type.kind === "named") {
    const fields = fieldsOf(type.name, schemas).map(
      ({ name, type: of, optional }) => [name, optional, writerOf(of, schemas)] as const,
    );
    return (target, value) => {
      for (const [name, optional, write] of fields) {
        const field = (value as RecordValue)[name];
        if (optional) target.count(field === undefined || field === null ? 0 : 1);
        if (field !== undefined && field !== null) write(target, field);
      }
    };
  }
  const name = scalarOf(type);
  if (name === "text") return (target, value) => target.text(value as string);
  // Zigzag, as Protocol Buffers have it.
  if (name === "int")
    return (target, value) => target.count((value as number) < 0 ? -2 * (value as number) - 1 : 2 * (value as number));
  if (name === "bool") return (target, value) => target.count(value === true ? 1 : 0);
  return (target, value) => target.float(value as number);
}

function readerOf(type: FlowType, schemas: Schemas): Read {
  if (type.kind === "list") {
    const element = readerOf(type.element, schemas);
    return (source) => {
      const items: JsonValue[] = [];
      for (let left = source.count(); left > 0; left -= 1) items.push(element(source));
      return items;
    };
  }
  if (type.kind === "named") {
    const fields = fieldsOf(type.name, schemas).map(
      ({ name, type: of, optional }) => [name, optional, readerOf(of, schemas)] as const,
    );
    return (source) => {
      const record: Record<string, JsonValue> = {};
      for (const [name, optional, read] of fields) {
        if (!optional || source.count() === 1) record[name] = read(source);
      }
      return record;
    };
  }
  const name = scalarOf(type);
  if (name === "text") return (source) => source.text();
  if (name === "bool") return (source) => source.count() === 1;
  if (name !== "int") return (source) => source.float();
  return (source) => {
    const value = source.count();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  };
}

function fieldsOf(name: string, schemas: Schemas) {
  const schema = schemas[name];
  if (schema?.kind !== "record") throw new Error(`\`${name}\` is no record.`);
  return schema.fields;
}

function scalarOf(type: FlowType): string {
  if (type.kind !== "scalar") throw new Error(`This bench has no \`${type.kind}\`.`);
  return type.name;
}
