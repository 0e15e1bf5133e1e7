import {
  fixedValue,
  formatType,
  isBetween,
  type FieldType,
  type FlowType,
  type ScalarType,
  type Schemas,
} from "../interface/caps.ts";
import type { Payload } from "../interface/frame.ts";

/** True when the payload may travel on the port. */
export type PayloadCheck = (payload: unknown) => boolean;

/** Deeper values are refused: no honest record is, and the check itself recurses. */
const maxDepth = 64;

export const isFloats: PayloadCheck = (payload) => payload instanceof Float32Array;
export const isIntegers: PayloadCheck = (payload) => payload instanceof Int16Array;
export const isBytes: PayloadCheck = (payload) => payload instanceof Uint8Array;
export const isText: PayloadCheck = (payload) => typeof payload === "string";
export const isNumber: PayloadCheck = (payload) => typeof payload === "number";
export const isBoolean: PayloadCheck = (payload) => typeof payload === "boolean";
export const isNull: PayloadCheck = (payload) => payload === null;
export const isList: PayloadCheck = (payload) => Array.isArray(payload);
export const isObject: PayloadCheck = (payload) =>
  typeof payload === "object" && payload !== null && !Array.isArray(payload) && !ArrayBuffer.isView(payload);
const isJson: PayloadCheck = (payload) =>
  payload === null ||
  typeof payload === "string" ||
  typeof payload === "boolean" ||
  typeof payload === "number" ||
  isList(payload) ||
  isObject(payload);

/**
 * The check that each frame passes on its way out of a node: the kind of the payload only, so that it costs nothing.
 * The type must be fixed.
 */
export function kindCheck(type: FlowType, schemas: Schemas): PayloadCheck {
  switch (type.kind) {
    case "audio": {
      const codec = fixedValue(type, "codec");
      return codec === "pcm_f32" ? isFloats : codec === "pcm_s16" ? isIntegers : isBytes;
    }
    case "video":
    case "tensor":
      return isBytes;
    case "signal":
      return isNull;
    case "scalar":
      return scalarKind(type);
    case "named": {
      const schema = Object.hasOwn(schemas, type.name) ? schemas[type.name] : undefined;
      return schema?.kind === "enum" ? isText : isObject;
    }
    case "list":
      return isList;
    case "map":
      return isObject;
    case "optional": {
      const inner = kindCheck(type.element, schemas);
      return (payload) => payload === null || inner(payload);
    }
    default:
      return type satisfies never;
  }
}

function scalarKind(type: ScalarType): PayloadCheck {
  switch (type.name) {
    case "text":
      return isText;
    case "bytes":
      return isBytes;
    case "json":
      return isJson;
    case "bool":
      return isBoolean;
    case "resolution":
      return isObject;
    case "version":
      return (payload) => isText(payload) || isNumber(payload);
    default:
      return isNumber;
  }
}

/**
 * The check for what comes from outside, of a value through and through: fields, ranges, patterns, enum members; of
 * samples, whether they are whole groups of channels. Other media payloads are checked by kind.
 */
export function valueCheck(type: FlowType, schemas: Schemas): PayloadCheck {
  const kind = kindCheck(type, schemas);
  if (type.kind === "audio") {
    const channels = fixedValue(type, "channels");
    if (kind === isBytes || typeof channels !== "number" || channels < 2) return kind;
    return (payload) => kind(payload) && (payload as Float32Array | Int16Array).length % channels === 0;
  }
  if (type.kind === "video" || type.kind === "tensor" || type.kind === "signal" || isPlain(type)) return kind;
  return (payload) => matches(payload, type, schemas, 0);
}

/** Its kind says all. */
function isPlain(type: FlowType): boolean {
  if (type.kind !== "scalar" || type.pattern !== undefined) return false;
  return type.name === "text" || type.name === "bytes" || type.name === "bool";
}

/** A field that may be left out is. */
export function isAbsent(found: unknown, field: FieldType): boolean {
  if (found !== undefined && found !== null) return false;
  return field.optional || (found === undefined && field.type.kind === "optional");
}

function matches(value: unknown, type: FlowType, schemas: Schemas, depth: number): boolean {
  if (depth > maxDepth) return false;
  switch (type.kind) {
    case "scalar":
      return scalarMatches(value, type, depth);
    case "list":
      return Array.isArray(value) && value.every((item) => matches(item, type.element, schemas, depth + 1));
    case "map":
      return (
        isObject(value) && Object.values(value as object).every((v) => matches(v, type.element, schemas, depth + 1))
      );
    case "optional":
      return value === null || value === undefined || matches(value, type.element, schemas, depth + 1);
    case "named": {
      const schema = Object.hasOwn(schemas, type.name) ? schemas[type.name] : undefined;
      if (schema === undefined) return false;
      if (schema.kind === "enum") return typeof value === "string" && schema.values.includes(value);
      if (!isObject(value)) return false;
      const record = value as Record<string, unknown>;
      return schema.fields.every((field) => {
        const found = Object.hasOwn(record, field.name) ? record[field.name] : undefined;
        return isAbsent(found, field) || matches(found, field.type, schemas, depth + 1);
      });
    }
    default:
      return kindCheck(type, schemas)(value);
  }
}

function scalarMatches(value: unknown, type: ScalarType, depth: number): boolean {
  if (type.name === "json") return jsonMatches(value, depth);
  if (!scalarKind(type)(value)) return false;
  if (typeof value === "number") {
    if (!Number.isFinite(value) || (type.name === "int" && !Number.isInteger(value))) return false;
    return (type.min === undefined || value >= type.min) && (type.max === undefined || value <= type.max);
  }
  if (type.name === "resolution") {
    const { width, height } = value as { width?: unknown; height?: unknown };
    return isNumber(width) && isNumber(height) && isBetween({ width: Number(width), height: Number(height) }, type);
  }
  if (type.name === "version" && !isBetween(String(value), type)) return false;
  // `matches` describes the whole text. The pattern was written by the author of the program, not by a stranger.
  return type.pattern === undefined || new RegExp(`^(?:${type.pattern})$`, "u").test(value as string);
}

function jsonMatches(value: unknown, depth: number): boolean {
  if (depth > maxDepth || !isJson(value)) return false;
  if (Array.isArray(value)) return value.every((item) => jsonMatches(item, depth + 1));
  if (typeof value !== "object" || value === null) return true;
  return Object.values(value).every((item) => jsonMatches(item, depth + 1));
}

/** What a payload is, in the words of the port types; for messages. */
export function describePayload(payload: Payload | undefined): string {
  if (payload === undefined) return "nothing";
  if (payload === null) return "null";
  if (Array.isArray(payload)) return "a list";
  if (ArrayBuffer.isView(payload)) return `a ${payload.constructor.name}`;
  return typeof payload === "object" ? "a record" : typeof payload === "string" ? "a text" : `a ${typeof payload}`;
}

/** What a port of the type takes, in words. */
export function describeExpected(type: FlowType): string {
  const codec = fixedValue(type, "codec");
  if (type.kind === "audio" && codec === "pcm_f32") return "a Float32Array";
  if (type.kind === "audio" && codec === "pcm_s16") return "an Int16Array";
  if (type.kind === "audio" || type.kind === "video" || type.kind === "tensor") return "a Uint8Array";
  if (type.kind === "signal") return "null";
  return `a value of type ${formatType(type)}`;
}
