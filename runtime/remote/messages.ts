/** The control messages of a session: docs/protocol.md, chapter "Session". */
import * as z from "zod/mini";
import { int, list, read, text } from "../interface/bounded.ts";
import { MeshError, type ErrorCode } from "../interface/errors.ts";
import { schema } from "../interface/plan.ts";
import { wireType } from "../interface/wire-type.ts";
import type { JsonValue } from "../interface/frame.ts";
import { checkJsonDepth } from "./json-depth.ts";
import { maxMessageLength, maxStreams, protocolVersion } from "./limits.ts";

const name = text(1, 1_024);
const highestChannel = 1023;
const channel = int(1, highestChannel);
const total = int(0);
const window = z.object({ frames: int(1, 65_536), bytes: int(1, 0x7fff_ffff) });
const schemas = z.record(text(0, 1_024), schema);

/** What the reader of a stream has had of it when a connection broke, and what it has taken: totals of frames and bytes. */
const progress = z.object({ channel, received: total, taken: total, bytes: total, ended: z.boolean() });
export type Progress = z.infer<typeof progress>;
const sent = z.object({ channel, frames: int(1) });
export type Sent = z.infer<typeof sent>;
const token = text(16, 64);

/** The sender can carry streams of these codecs on media tracks; a name that is not known is one that it has and this peer has not. */
const tracks = z.object({ codecs: list(text(1, 32), 0, 16) });

/** Encodings of payloads that the sender reads, beside those that all peers do; one that is not known is one that this peer has not. */
const encodings = list(text(1, 32), 0, 16);

const place = z.object({ file: text(0, 1_024), line: int(1), column: int(1) });

/** A failure in words, as it goes to the other peer. A code this peer does not know becomes `internal`. */
const failure = {
  code: z.pipe(
    text(0, 64),
    z.transform((code: string): ErrorCode => (MeshError.isCode(code) ? code : "internal")),
  ),
  message: text(0, 8_192),
  hint: z.optional(text(0, 8_192)),
  node: z.optional(name),
  location: z.optional(place),
};

const failureObject = z.object(failure);
export type Failure = z.infer<typeof failureObject>;

const hello = z.object({
  type: z.literal("hello"),
  /** All that the caller speaks. */
  versions: list(int(1, 65_535), 1, 16),
  session: text(8, 64),
  pipeline: text(0, 256),
  params: z.record(name, z.json() as z.ZodMiniType<JsonValue>),
  /** What the caller sends: the formats it can. */
  inputs: list(z.object({ port: name, channel, type: wireType }), 0, maxStreams),
  /** What the caller wants: the formats it takes, and how much of it may be under way. */
  outputs: list(z.object({ port: name, channel, type: wireType, window }), 0, maxStreams),
  schemas,
  /** How long the caller waits for the answer. */
  withinMs: z.optional(z.number().check(z.positive())),
  /** The caller will come back with the token when the connection breaks, within this time. */
  resume: z.optional(z.object({ token, withinMs: int(1) })),
  tracks: z.optional(tracks),
  encodings: z.optional(encodings),
  /** For whom the session is opened; `readContext` takes what is as it should be. */
  context: z.optional(
    z.object({
      origin: z.optional(text(0, 1_024)),
      traceParent: z.optional(text(0, 1_024)),
      traceState: z.optional(text(0, 1_024)),
    }),
  ),
});
export type Hello = z.infer<typeof hello>;

const accept = z.object({
  type: z.literal("accept"),
  version: z.int(),
  inputs: list(z.object({ port: name, type: wireType, window }), 0, maxStreams),
  outputs: list(z.object({ port: name, type: wireType }), 0, maxStreams),
  schemas,
  /** Of a batch pipeline: a question may be asked twice. */
  idempotent: z.optional(z.boolean()),
  /** The host keeps the session for so long after a connection of it broke. */
  resume: z.optional(z.object({ withinMs: int(1) })),
  /** The streams of the session may go over media tracks, of these codecs. */
  tracks: z.optional(tracks),
  /** Those of `hello` that this side reads as well. */
  encodings: z.optional(encodings),
});
export type Accept = z.infer<typeof accept>;

const describe = z.object({
  type: z.literal("describe"),
  versions: list(int(1, 65_535), 1, 16),
  pipeline: text(0, 256),
});

const describedPort = z.object({ port: name, type: wireType, optional: z.optional(z.boolean()) });
const description = z.object({
  type: z.literal("description"),
  version: z.int(),
  batch: z.optional(z.boolean()),
  idempotent: z.optional(z.boolean()),
  inputs: list(describedPort, 0, maxStreams),
  outputs: list(describedPort, 0, maxStreams),
  schemas,
});
export type Description = z.infer<typeof description>;

const resume = z.object({
  type: z.literal("resume"),
  versions: list(int(1, 65_535), 1, 16),
  session: text(8, 64),
  pipeline: text(0, 256),
  token,
  /** Counts the attempts of a session to go on, from 1: an older one must not take over from a newer. */
  attempt: int(1),
  streams: list(progress, 0, maxStreams),
});
export type Resume = z.infer<typeof resume>;

const message = z.discriminatedUnion("type", [
  hello,
  /** In place of `hello`: goes on with a session whose connection broke. `resumed` or `refuse` follows. */
  resume,
  z.object({ type: z.literal("resumed"), version: z.int(), streams: list(progress, 0, maxStreams) }),
  /** In place of `hello`: what does the pipeline take and give? `description` or `refuse` follows. */
  describe,
  description,
  /** The hello is understood and the pipeline is being opened; `accept` or `refuse` follows. */
  z.object({ type: z.literal("opening") }),
  accept,
  z.object({ type: z.literal("refuse"), ...failure }),
  /** Totals since the session began of what the reader of a channel has taken. */
  z.object({ type: z.literal("credit"), channel, frames: total, bytes: total }),
  /** From its writer: the stream has failed. From its reader: nothing more of it is wanted. */
  z.object({ type: z.literal("abort"), channel, ...failure }),
  /**
   * From the caller: the stream of a channel has this media track from now on, or none any more; `late` when nothing of the stream has
   * been of use yet. From the host: it would like the stream to have one.
   */
  z.object({
    type: z.literal("track"),
    channel,
    mid: z.optional(z.string().check(z.regex(/^[!-~]{1,16}$/))),
    late: z.optional(z.boolean()),
  }),
  /** From the reader of video that comes over its channel: the next picture should decode by itself. */
  z.object({ type: z.literal("key-frame"), channel }),
  /** The pipeline has ended in good order; what is left is on the streams. */
  z.object({ type: z.literal("finished") }),
  /** From the host: it is about to stop, and answers what it was asked; the caller should go on elsewhere. */
  z.object({ type: z.literal("goaway") }),
  z.object({ type: z.literal("ping"), sentUs: z.number() }),
  z.object({ type: z.literal("pong"), sentUs: z.number() }),
  /** The last word; with a code when the session failed. */
  z.object({
    type: z.literal("bye"),
    ...failure,
    code: z.optional(failure.code),
    message: z.optional(failure.message),
    /** By channel, how many frames a host had sent in all when its session failed. Those may come behind this message. */
    sent: z.optional(list(sent, 0, maxStreams)),
  }),
]);
export type ControlMessage = z.infer<typeof message>;
export type Bye = Extract<ControlMessage, { type: "bye" }>;
export type Refuse = Extract<ControlMessage, { type: "refuse" }>;

/** A hello, a question or a resume, by a caller that speaks only versions this peer does not. */
export interface ForeignHello {
  readonly type: "foreign-hello";
  readonly versions: readonly number[];
}

const head = z.object({ type: text(0, 64), critical: z.optional(z.boolean()) });
const helloHead = z.object({ versions: hello.shape.versions });
const known: ReadonlySet<string> = new Set(message.def.options.flatMap((option) => option.shape.type.def.values));

/**
 * Reads one control message.
 * @returns undefined for a type this peer does not know and need not
 * @throws {MeshError} `protocol-violation`; `version-mismatch` for an unknown type that is marked critical
 */
export function parseControl(text: string): ControlMessage | ForeignHello | undefined {
  checkJsonDepth(text);
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw violation("it is not JSON");
  }
  const credit = creditIn(data);
  if (credit !== undefined) return credit;
  const start = read(head, data);
  if (!start.success) throw violation("it has no type");
  const { type, critical } = start.data;
  if (!known.has(type)) {
    if (critical !== true) return undefined;
    throw new MeshError("version-mismatch", `The other peer needs "${type}", which this peer does not know.`);
  }
  if (type === "hello" || type === "describe" || type === "resume") {
    // One of another version may look different in all but this.
    const versions = read(helloHead, data);
    if (versions.success && !versions.data.versions.includes(protocolVersion)) {
      return { type: "foreign-hello", versions: versions.data.versions };
    }
  }
  const result = read(message, data);
  if (result.success) return result.data;
  throw violation(`in "${type}", ${result.flaw.path || "the message"}: ${result.flaw.message}`);
}

/**
 * A credit as the schema has it; undefined for whatever is none, which the schema tells of. Of all messages it alone comes while streams
 * flow, hundreds of times a second, and what a schema makes anew each time has V8 look through the whole heap as often.
 */
function creditIn(data: unknown): ControlMessage | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const { type, channel, frames, bytes } = data as Readonly<Record<string, unknown>>;
  if (type !== "credit" || !isWhole(channel, 1, highestChannel) || !isWhole(frames, 0) || !isWhole(bytes, 0))
    return undefined;
  return { type, channel, frames, bytes };
}

function isWhole(value: unknown, min: number, max: number = Number.MAX_SAFE_INTEGER): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
}

function violation(what: string): MeshError {
  return new MeshError("protocol-violation", `A control message is not as the protocol wants it: ${what}.`);
}

/** The words of an error for the other peer: never its cause or its stack. */
export function toFailure(error: MeshError): Failure {
  const { location } = error;
  return {
    code: error.code,
    message: clip(error.message),
    ...(error.hint !== undefined && { hint: clip(error.hint) }),
    ...(error.node !== undefined && error.node !== "" && { node: error.node.slice(0, 1_024) }),
    ...(location !== undefined && {
      location: { file: location.file.slice(0, 1_024), line: location.line, column: location.column },
    }),
  };
}

function clip(text: string): string {
  return text.length <= maxMessageLength ? text : `${text.slice(0, maxMessageLength)}…`;
}

/** The error behind the words of the other peer, word for word. */
export function fromFailure(said: Failure): MeshError {
  return new MeshError(said.code, said.message, { hint: said.hint, node: said.node, location: said.location });
}

/** Why the other side leaves; undefined when it gives no code. */
export function byeError(bye: Bye): MeshError | undefined {
  const { code, message = "The other peer gave no reason." } = bye;
  return code === undefined ? undefined : fromFailure({ ...bye, code, message });
}
