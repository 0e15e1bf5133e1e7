import { fixedValue, type FlowType, type Schemas } from "../interface/caps.ts";
import type { Payload } from "../interface/frame.ts";
import { kindCheck, type PayloadCheck } from "./payload-check.ts";

/**
 * The kind of payload that a port takes, in a form that is told without a call: the check stands in the path of every
 * frame. Where `code` is 0, it is left to a function.
 */
export interface PayloadKind {
  readonly code: number;
  readonly other: PayloadCheck;
}

const code = { other: 0, number: 1, text: 2, floats: 3, integers: 4, bytes: 5, pulse: 6, boolean: 7 } as const;

/** The code of a kind that is left to its function. */
export const leftToCheck = code.other;

/** The kind of a type whose dimensions are fixed. */
export function kindOf(type: FlowType, schemas: Schemas): PayloadKind {
  return { code: codeOf(type), other: kindCheck(type, schemas) };
}

function codeOf(type: FlowType): number {
  switch (type.kind) {
    case "audio": {
      const codec = fixedValue(type, "codec");
      return codec === "pcm_f32" ? code.floats : codec === "pcm_s16" ? code.integers : code.bytes;
    }
    case "video":
    case "tensor":
      return code.bytes;
    case "signal":
      return code.pulse;
    case "scalar":
      switch (type.name) {
        case "text":
          return code.text;
        case "bytes":
          return code.bytes;
        case "bool":
          return code.boolean;
        case "json":
        case "resolution":
        case "version":
          return code.other;
        default:
          return code.number;
      }
    case "named":
    case "list":
    case "map":
    case "optional":
      return code.other;
    default:
      return type satisfies never;
  }
}

/** True when the payload may travel where the kind is asked for. */
export function isOfKind(kind: number, other: PayloadCheck, payload: unknown): payload is Payload {
  switch (kind) {
    case code.number:
      return typeof payload === "number";
    case code.text:
      return typeof payload === "string";
    case code.floats:
      return payload instanceof Float32Array;
    case code.integers:
      return payload instanceof Int16Array;
    case code.bytes:
      return payload instanceof Uint8Array;
    case code.pulse:
      return payload === null;
    case code.boolean:
      return typeof payload === "boolean";
    default:
      return other(payload);
  }
}
