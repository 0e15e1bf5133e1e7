import type { FlowType, Schemas } from "../interface/caps.ts";
import type { Payload } from "../interface/frame.ts";
import {
  isBoolean,
  isBytes,
  isFloats,
  isIntegers,
  isNull,
  isNumber,
  isText,
  kindCheck,
  type PayloadCheck,
} from "./payload-check.ts";

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

/** By code, from 1 on. */
const coded: readonly PayloadCheck[] = [isNumber, isText, isFloats, isIntegers, isBytes, isNull, isBoolean];

/** The kind of a type whose dimensions are fixed. */
export function kindOf(type: FlowType, schemas: Schemas): PayloadKind {
  const other = kindCheck(type, schemas);
  return { code: coded.indexOf(other) + 1, other };
}

/** True when the payload may travel where the kind is asked for. @param left what holds the check of the other kinds */
export function isOfKind(kind: number, left: { readonly other: PayloadCheck }, payload: unknown): payload is Payload {
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
      return left.other(payload);
  }
}
