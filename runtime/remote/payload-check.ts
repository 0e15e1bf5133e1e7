/** Whether a payload is what the format of its stream says (the boundary is where outside data is checked). */
import { fixedValue, formatType, isBetween, type FlowType, type ScalarType, type Schemas } from "../interface/caps.ts";
import type { JsonValue, Payload } from "../interface/frame.ts";
import { bytesRestorer, isBase64, textForBytes } from "./bytes-in-json.ts";
import { Encoding, encodingName } from "./payload-codec.ts";

/** A text is written as it is, whatever the type of its port; the check of the value tells what fits. */
const data = [Encoding.json, Encoding.cbor, Encoding.utf8, Encoding.null] as const;

/** The encodings that frames of this type may have; of audio with an open codec, all it could turn out to be. */
export function encodingsOf(type: FlowType): readonly Encoding[] {
  switch (type.kind) {
    case "audio": {
      const codec = fixedValue(type, "codec");
      if (codec === undefined) return [Encoding.f32le, Encoding.s16le, Encoding.bytes];
      return [codec === "pcm_f32" ? Encoding.f32le : codec === "pcm_s16" ? Encoding.s16le : Encoding.bytes];
    }
    case "video":
    case "tensor":
      return [Encoding.bytes];
    case "signal":
      return [Encoding.null];
    case "optional":
      return [Encoding.null, ...encodingsOf(type.element)];
    case "scalar":
      if (type.name === "text") return [Encoding.utf8];
      return type.name === "bytes" ? [Encoding.bytes] : data;
    case "named":
    case "list":
    case "map":
      return data;
    default:
      return type satisfies never;
  }
}

/** One stream's check, prepared once. */
export class PayloadCheck {
  readonly #type: FlowType;
  readonly #schemas: Schemas;
  readonly #encodings: readonly Encoding[];
  readonly #channels: number;
  readonly #patterns = new Map<string, RegExp | undefined>();
  readonly #restore: ((payload: Payload) => Payload) | undefined;

  constructor(type: FlowType, schemas: Schemas) {
    this.#type = type;
    this.#schemas = schemas;
    this.#encodings = encodingsOf(type);
    const channels = fixedValue(type, "channels");
    this.#restore = bytesRestorer(type, schemas);
    this.#channels = typeof channels === "number" ? channels : 1;
  }

  /** There are bytes in its records, lists or maps. */
  get hasBytesInside(): boolean {
    return this.#restore !== undefined;
  }

  /** What is wrong with the encoding, as the end of a sentence; undefined when nothing is. */
  encodingProblem(encoding: Encoding): string | undefined {
    if (this.#encodings.includes(encoding)) return undefined;
    const wanted = this.#encodings.map(encodingName).join(" or ");
    return `its payload is ${encodingName(encoding)}, not ${wanted}`;
  }

  /** What is wrong with the value, as the end of a sentence; undefined when nothing is. */
  valueProblem(payload: Payload): string | undefined {
    if (payload instanceof Uint8Array) return undefined;
    if (payload instanceof Float32Array || payload instanceof Int16Array) {
      const whole = payload.length % this.#channels === 0;
      return whole ? undefined : `${payload.length} samples are not whole groups of ${this.#channels} channels`;
    }
    const found = this.#mismatch(payload, this.#type);
    return found === undefined ? undefined : `${found.path === "" ? "its value" : `\`${found.path}\``} ${found.why}`;
  }

  /** What an encoding with bytes has told of a type that has none inside: as JSON would have told it. */
  plain(payload: Payload): Payload {
    return this.#restore === undefined ? textForBytes(payload) : payload;
  }

  /** A payload that has passed, as nodes know it: bytes inside records are bytes again. */
  restored(payload: Payload): Payload {
    return this.#restore === undefined ? payload : this.#restore(payload);
  }

  /** The path is put together where something is found, for mostly nothing is. */
  #mismatch(value: JsonValue, type: FlowType): Mismatch | undefined {
    switch (type.kind) {
      case "optional":
        return value === null ? undefined : this.#mismatch(value, type.element);
      case "signal":
        return value === null ? undefined : { path: "", why: "is not empty" };
      case "scalar": {
        const why = this.#scalarProblem(value, type);
        return why === undefined ? undefined : { path: "", why };
      }
      case "list": {
        if (!Array.isArray(value)) return { path: "", why: "is not a list" };
        const items = value as readonly JsonValue[];
        for (let index = 0; index < items.length; index++) {
          const found = this.#mismatch(items[index] as JsonValue, type.element);
          if (found !== undefined) return within(`[${index}]`, found);
        }
        return undefined;
      }
      case "map": {
        if (!isRecord(value)) return { path: "", why: "is not a map" };
        for (const [key, item] of Object.entries(value)) {
          const found = this.#mismatch(item, type.element);
          if (found !== undefined) return within(key, found);
        }
        return undefined;
      }
      case "named":
        return this.#named(value, type.name);
      default:
        return { path: "", why: "cannot be carried in a record" };
    }
  }

  #named(value: JsonValue, name: string): Mismatch | undefined {
    const schema = Object.hasOwn(this.#schemas, name) ? this.#schemas[name] : undefined;
    if (schema === undefined) return { path: "", why: `is a \`${name}\`, which nobody has declared` };
    if (schema.kind === "enum") {
      const known = typeof value === "string" && schema.values.includes(value);
      return known ? undefined : { path: "", why: `is not one of ${schema.values.join(", ")}` };
    }
    if (!isRecord(value)) return { path: "", why: `is not a record \`${name}\`` };
    for (const field of schema.fields) {
      const inner = Object.hasOwn(value, field.name) ? value[field.name] : undefined;
      if (inner === undefined || (inner === null && field.optional)) {
        if (!field.optional && field.type.kind !== "optional") return { path: field.name, why: "is missing" };
        continue;
      }
      const found = this.#mismatch(inner, field.type);
      if (found !== undefined) return within(field.name, found);
    }
    return undefined;
  }

  #scalarProblem(value: JsonValue, type: ScalarType): string | undefined {
    switch (type.name) {
      case "json":
        return undefined;
      case "text":
        if (typeof value !== "string") return "is not a text";
        return this.#matches(value, type.pattern) ? undefined : `does not match ${JSON.stringify(type.pattern)}`;
      case "bool":
        return typeof value === "boolean" ? undefined : "is not true or false";
      case "bytes":
        return (value as unknown) instanceof Uint8Array || (typeof value === "string" && isBase64(value))
          ? undefined
          : "is not base64";
      case "version":
        if (typeof value !== "string") return "is not a text";
        return isBetween(value, type) ? undefined : `is no ${formatType(type)}`;
      case "resolution":
        if (!isResolution(value)) return "is not a resolution";
        return isBetween(value, type) ? undefined : `is no ${formatType(type)}`;
      case "channels":
        if (typeof value === "string") return undefined;
        break;
    }
    if (typeof value !== "number") return "is not a number";
    if (type.name === "int" && !Number.isInteger(value)) return "is not a whole number";
    if (type.min !== undefined && value < type.min) return `is below ${type.min}`;
    return type.max !== undefined && value > type.max ? `is above ${type.max}` : undefined;
  }

  /** The patterns come from this peer's own program, never from the other one. */
  #matches(value: string, pattern: string | undefined): boolean {
    if (pattern === undefined) return true;
    if (!this.#patterns.has(pattern)) this.#patterns.set(pattern, compile(pattern));
    return this.#patterns.get(pattern)?.test(value) ?? true;
  }
}

function compile(pattern: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${pattern})$`, "u");
  } catch {
    return undefined;
  }
}

interface Mismatch {
  /** Where, from the value that was looked at; empty for all of it. */
  readonly path: string;
  readonly why: string;
}

/** @param step a field, or an index in brackets */
function within(step: string, { path, why }: Mismatch): Mismatch {
  const isFurther = path !== "" && !path.startsWith("[");
  return { path: `${step}${isFurther ? "." : ""}${path}`, why };
}

function isResolution(value: JsonValue): value is { readonly width: number; readonly height: number } {
  return isRecord(value) && typeof value["width"] === "number" && typeof value["height"] === "number";
}

function isRecord(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
