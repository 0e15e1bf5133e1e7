import type { FlowType } from "../interface/caps.ts";
import { MeshError, type Location } from "../interface/errors.ts";
import type { JsonValue, Payload } from "../interface/frame.ts";
import type { EmitOptions, LogLevel, SessionIdentity } from "../interface/node.ts";

/** What goes to the thread of a node. Those with an `id` are answered. */
export type ToThread =
  | { readonly do: "load"; readonly id: number; readonly url: string; readonly name: string }
  | { readonly do: "validate"; readonly id: number; readonly params: unknown }
  | { readonly do: "open"; readonly id: number; readonly params: unknown; readonly context: ThreadContext }
  | {
      readonly do: "call";
      readonly id: number;
      readonly part: CallPart;
      readonly given: readonly unknown[];
      readonly session?: SessionIdentity;
    }
  | { readonly do: "next" | "return"; readonly id: number; readonly of: number }
  | { readonly do: "close"; readonly id: number }
  | { readonly do: "cancel"; readonly of: number; readonly reason: ThreadError }
  | { readonly do: "room"; readonly sent: number }
  | { readonly do: "flush"; readonly epoch: number }
  | { readonly do: "key-frame"; readonly port: string }
  | { readonly do: "stop"; readonly reason: ThreadError };

export type CallPart = "process" | "map" | "join" | "run" | "end";

/** What an instance may have. */
export type InstancePart = CallPart | "requestKeyFrame";

/** What the instance is told of itself, as plain data. */
export interface ThreadContext {
  readonly id: string;
  readonly location: Location;
  readonly session: SessionIdentity;
  readonly formats: {
    readonly inputs: Readonly<Record<string, FlowType>>;
    readonly outputs: Readonly<Record<string, FlowType>>;
  };
  /** 16 bytes, for its randomness. */
  readonly seed: Uint8Array;
}

export interface ThreadError {
  readonly message: string;
  readonly code?: string;
  readonly hint?: string;
  readonly stack?: string;
}

/** What a call has given back. */
export type ThreadOutcome =
  | { readonly type: "nothing" }
  | { readonly type: "payload"; readonly payload: Payload }
  | { readonly type: "emission"; readonly port: string; readonly payload: Payload; readonly options?: EmitOptions }
  | { readonly type: "items" };

/** What comes from the thread, several at a time and in order. */
export type FromThread =
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | { readonly kind: "failure"; readonly id: number; readonly error: ThreadError }
  | {
      readonly kind: "emit";
      readonly port: string;
      readonly payload: Payload;
      readonly options?: EmitOptions;
      readonly epoch: number;
    }
  | {
      readonly kind: "log";
      readonly level: LogLevel;
      readonly message: string;
      readonly fields?: Readonly<Record<string, JsonValue>>;
    }
  | { readonly kind: "count" | "set" | "record"; readonly name: string; readonly value: number }
  | { readonly kind: "fail"; readonly error: ThreadError };

/** The data of a record, whatever it is. */
type Loose = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Loose => typeof value === "object" && value !== null;
const isText = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isId = (value: unknown): value is number => Number.isSafeInteger(value);
const isError = (value: unknown): boolean =>
  isRecord(value) &&
  isText(value["message"]) &&
  ["code", "hint", "stack"].every((name) => isOptional(value[name], isText));
const isOptions = (value: unknown): boolean =>
  isRecord(value) && isOptional(value["timestampUs"], isNumber) && isOptional(value["flags"], isId);
const isOptional = (value: unknown, check: (value: unknown) => boolean): boolean => value === undefined || check(value);

const levels = ["debug", "info", "warn", "error"];

const checks: Readonly<Record<FromThread["kind"], (message: Loose) => boolean>> = {
  answer: ({ id }) => isId(id),
  failure: ({ id, error }) => isId(id) && isError(error),
  emit: ({ port, options, epoch, payload }) =>
    isText(port) && isOptional(options, isOptions) && isId(epoch) && payload !== undefined,
  log: ({ level, message, fields }) =>
    isText(level) && levels.includes(level) && isText(message) && isOptional(fields, isRecord),
  count: ({ name, value }) => isText(name) && isNumber(value),
  set: ({ name, value }) => isText(name) && isNumber(value),
  record: ({ name, value }) => isText(name) && isNumber(value),
  fail: ({ error }) => isError(error),
};

/**
 * Reads what a thread has sent. Payloads are checked where they leave the node, as those of every node are.
 * @throws {MeshError} `protocol-violation` for what no thread of ours sends
 */
export function readMessages(data: unknown): readonly FromThread[] {
  if (Array.isArray(data) && data.every(isMessage)) return data;
  throw new MeshError("protocol-violation", "its thread has sent what is no message of a node.", {
    hint: "Code on a thread must leave its message port alone.",
  });
}

function isMessage(message: unknown): message is FromThread {
  if (!isRecord(message)) return false;
  const { kind } = message;
  return isText(kind) && Object.hasOwn(checks, kind) && checks[kind as FromThread["kind"]](message);
}

/** @throws {MeshError} `protocol-violation` */
export function readOutcome(value: unknown): ThreadOutcome {
  if (isRecord(value)) {
    const { type, payload, port, options } = value;
    if (type === "nothing" || type === "items") return { type };
    if (type === "payload" && payload !== undefined) return { type, payload: payload as Payload };
    if (type === "emission" && payload !== undefined && isText(port) && isOptional(options, isOptions)) {
      return {
        type,
        port,
        payload: payload as Payload,
        ...(options !== undefined && { options: options as EmitOptions }),
      };
    }
  }
  throw new MeshError("protocol-violation", "its thread has answered a call with what is no outcome.");
}

/** An error of the thread, as it would have been thrown here. */
export function errorOf({ message, code, hint, stack }: ThreadError): Error {
  const error =
    code !== undefined && MeshError.isCode(code) ? new MeshError(code, message, { hint }) : new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** An error that has to go to the thread. */
export function errorData(error: unknown): ThreadError {
  if (!(error instanceof Error)) return { message: String(error) };
  return {
    message: error.message,
    ...(error instanceof MeshError && { code: error.code, ...(error.hint !== undefined && { hint: error.hint }) }),
  };
}
