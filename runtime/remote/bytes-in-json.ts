/** Bytes inside records, lists and maps: JSON has none, so they travel as base64 (RFC 4648, section 4, padded). */
import type { FlowType, Schemas } from "../interface/caps.ts";
import type { JsonValue, Payload } from "../interface/frame.ts";

/** The JSON of a record, list or map, bytes in it as base64. */
export function jsonText(payload: Payload): string {
  return holdsBytes(payload)
    ? JSON.stringify(payload, (_, value: unknown) => (value instanceof Uint8Array ? toBase64(value) : value))
    : JSON.stringify(payload);
}

function holdsBytes(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === "object" && holdsBytes(item)) return true;
    return false;
  }
  if (value instanceof Uint8Array) return true;
  for (const key in value) {
    const item = (value as Readonly<Record<string, unknown>>)[key];
    if (typeof item === "object" && holdsBytes(item)) return true;
  }
  return false;
}

/** A value in which bytes may stand, which JSON has not; itself where there are none. */
export function textForBytes(payload: Payload): Payload {
  return holdsBytes(payload) ? (JSON.parse(jsonText(payload)) as JsonValue) : payload;
}

export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

export function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

/** @param text one that `isBase64` takes */
export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/**
 * Puts bytes back where a type has them, in values that came as JSON and fit the type; changes them in place.
 * @returns undefined for a type without bytes inside
 */
export function bytesRestorer(type: FlowType, schemas: Schemas): ((payload: Payload) => Payload) | undefined {
  const inside = type.kind !== "scalar" && hasBytes(type, schemas, new Set());
  return inside ? (payload) => restored(payload as JsonValue, type, schemas) as Payload : undefined;
}

function hasBytes(type: FlowType, schemas: Schemas, seen: Set<string>): boolean {
  switch (type.kind) {
    case "scalar":
      return type.name === "bytes";
    case "list":
    case "map":
    case "optional":
      return hasBytes(type.element, schemas, seen);
    case "named": {
      const schema = Object.hasOwn(schemas, type.name) ? schemas[type.name] : undefined;
      if (schema?.kind !== "record" || seen.has(type.name)) return false;
      seen.add(type.name);
      return schema.fields.some((field) => hasBytes(field.type, schemas, seen));
    }
    default:
      return false;
  }
}

function restored(value: JsonValue, type: FlowType, schemas: Schemas): unknown {
  if (value === null) return value;
  switch (type.kind) {
    case "scalar":
      return type.name === "bytes" && typeof value === "string" ? fromBase64(value) : value;
    case "optional":
      return restored(value, type.element, schemas);
    case "list":
    case "map":
      return replaceAll(value, Object.keys(value), () => type.element, schemas);
    case "named": {
      const schema = Object.hasOwn(schemas, type.name) ? schemas[type.name] : undefined;
      if (schema?.kind !== "record") return value;
      const types = new Map(schema.fields.map((field) => [field.name, field.type]));
      const names = [...types.keys()].filter((name) => Object.hasOwn(value as object, name));
      return replaceAll(value, names, (name) => types.get(name), schemas);
    }
    default:
      return value;
  }
}

function replaceAll(
  value: JsonValue,
  keys: readonly string[],
  typeOf: (key: string) => FlowType | undefined,
  schemas: Schemas,
): JsonValue {
  const holder = value as Record<string, unknown>;
  for (const key of keys) {
    const type = typeOf(key);
    const before = holder[key];
    const after = type === undefined ? before : restored(before as JsonValue, type, schemas);
    // Only what changes is written, so that a key such as `__proto__` is never assigned to.
    if (after !== before)
      Object.defineProperty(holder, key, { value: after, enumerable: true, writable: true, configurable: true });
  }
  return value;
}
