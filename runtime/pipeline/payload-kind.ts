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

/** As numbers in the code: to read them from an object would take longer than the check. */
const enum Code {
  other,
  number,
  text,
  floats,
  integers,
  bytes,
  pulse,
  boolean,
}

/** The code of a kind that is left to its function. */
export const leftToCheck: number = Code.other;

/** By code, from 1 on. */
const coded: readonly PayloadCheck[] = [isNumber, isText, isFloats, isIntegers, isBytes, isNull, isBoolean];

/** The kind of a type whose dimensions are fixed. */
export function kindOf(type: FlowType, schemas: Schemas): PayloadKind {
  const other = kindCheck(type, schemas);
  return { code: coded.indexOf(other) + 1, other };
}

/** True when the payload may travel where the kind is asked for. @param left what holds the check of the other kinds */
export function isOfKind(kind: number, left: { readonly other: PayloadCheck }, payload: unknown): payload is Payload {
  if (kind === Code.number) return typeof payload === "number";
  if (kind === Code.floats) return payload instanceof Float32Array;
  if (kind === Code.text) return typeof payload === "string";
  if (kind === Code.bytes) return payload instanceof Uint8Array;
  if (kind === Code.integers) return payload instanceof Int16Array;
  if (kind === Code.pulse) return payload === null;
  if (kind === Code.boolean) return typeof payload === "boolean";
  return left.other(payload);
}
