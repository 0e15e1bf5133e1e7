import type { Location, MeshError } from "../../../runtime/interface/errors.ts";
import type { MeshEvent } from "../../../runtime/interface/events.ts";
import type { JsonValue } from "../../../runtime/interface/frame.ts";
import type { SessionDescription } from "../../../runtime/interface/session.ts";
import { thrownAt } from "./thrown-at.ts";
import type { ExitCode } from "../exit-code.ts";

/** An error as data. */
export interface PlainError {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly node?: string | undefined;
  readonly location?: Location | undefined;
}

/** A `MeshEvent` with its errors as data. */
export type PlainEvent = MeshEvent extends infer E
  ? E extends MeshEvent
    ? { readonly [K in keyof E]: MeshError extends E[K] ? PlainError | Exclude<E[K], MeshError> : E[K] }
    : never
  : never;

/** What went through the files of a session. */
export interface PortTotals {
  readonly port: string;
  readonly direction: "in" | "out";
  readonly frames: number;
  /** Length of the sound; undefined for other kinds. */
  readonly seconds?: number | undefined;
  readonly file?: string | undefined;
}

export interface SessionSummary {
  readonly pipeline: string;
  readonly ports: readonly PortTotals[];
  /** From the end of the question's speech to the first sound of the answer; undefined where there was none. */
  readonly latencyMs: number | undefined;
}

/**
 * One line of `meshc run --format json`. Lines that come from a process of their own (`--processes`) have its `peer`
 * beside these fields.
 */
export type RunMessage =
  /** The process of a peer was started. */
  | { readonly type: "started"; readonly peer: string; readonly pid: number | undefined }
  /** The peers of this process listen. */
  | {
      readonly type: "ready";
      readonly peers: readonly { readonly peer: string; readonly addresses: readonly string[] }[];
    }
  | { readonly type: "event"; readonly event: PlainEvent }
  /** Every quarter of a second, and when a session ends: the sessions that run here. */
  | { readonly type: "describe"; readonly sessions: readonly SessionDescription[] }
  /** A frame of an output that is not written to a file. */
  | { readonly type: "output"; readonly port: string; readonly value: JsonValue }
  | { readonly type: "log"; readonly level: LogLevel; readonly message: string }
  /** The process of a peer has ended; `expected` when it was to end or said why it does. */
  | {
      readonly type: "exited";
      readonly peer: string;
      readonly pid: number | undefined;
      readonly how: string;
      readonly expected: boolean;
    }
  /** The last line. */
  | ({ readonly type: "ended" } & RunEnd);

/** `info` is what the code of a node prints. */
export type LogLevel = "info" | "warn" | "error";

/** What a run comes to. */
export interface RunEnd {
  /** The exit code. */
  readonly code: ExitCode;
  readonly error?: PlainError | undefined;
  readonly summary?: SessionSummary | undefined;
}

/** @param cwd the folder that the place of a user's own code is shown relative to */
export function plainError(error: MeshError, cwd: string): PlainError {
  const { code, message, node, location } = error;
  const place = error.hint === undefined ? thrownAt(error.cause, cwd) : undefined;
  const hint = place === undefined ? error.hint : `It was thrown at ${place}.`;
  return { code, message, hint, node, location };
}

/** Errors do not survive `JSON.stringify`; this is what does. */
export function plainEvent(event: MeshEvent, cwd: string): PlainEvent {
  if (!("error" in event)) return event;
  const { error } = event;
  return { ...event, error: error === undefined ? undefined : plainError(error, cwd) } as PlainEvent;
}

/** Reads a line of another process of ours; undefined when it is none, such as a `console.log` of a node. */
export function readMessage(line: string): RunMessage | undefined {
  if (!line.startsWith('{"type":"')) return undefined;
  try {
    // Written by this same program, a moment ago, in a process that this one started.
    return JSON.parse(line) as RunMessage;
  } catch {
    return undefined;
  }
}
