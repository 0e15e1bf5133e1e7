/** The control messages of a session: docs/protocol.md, chapter "Session". */
import * as z from "zod";
import { MeshError, type ErrorCode } from "../interface/errors.ts";
import { isCell, isMedia, type FlowType } from "../interface/caps.ts";
import { flowType, schema } from "../interface/plan.ts";
import type { JsonValue } from "../interface/frame.ts";
import { checkJsonDepth } from "./json-depth.ts";
import { maxMessageLength, maxStreams, protocolVersion } from "./limits.ts";

const name = z.string().min(1).max(1_024);
const channel = z.int().min(1).max(1023);
const total = z.int().min(0);
const window = z.object({ frames: z.int().min(1).max(65_536), bytes: z.int().min(1).max(0x7fff_ffff) });
/** A cell is meaningful only inside the pipeline that has it. */
const wireType = flowType.refine(isClosed, "a format refers to a cell");
const schemas = z.record(z.string().max(1_024), schema);

function isClosed(type: FlowType): boolean {
  let inner = type;
  while (inner.kind === "list" || inner.kind === "optional" || inner.kind === "map") inner = inner.element;
  return !isMedia(inner) || Object.values(inner.dims).every((dimension) => !isCell(dimension));
}

const place = z.object({ file: z.string().max(1_024), line: z.int().min(1), column: z.int().min(1) });

/** A failure in words, as it goes to the other peer. A code this peer does not know becomes `internal`. */
const failure = {
  code: z
    .string()
    .max(64)
    .transform((code): ErrorCode => (MeshError.isCode(code) ? code : "internal")),
  message: z.string().max(8_192),
  hint: z.string().max(8_192).optional(),
  node: name.optional(),
  location: place.optional(),
};

const failureObject = z.object(failure);
export type Failure = z.infer<typeof failureObject>;

const hello = z.object({
  type: z.literal("hello"),
  /** All that the caller speaks. */
  versions: z.array(z.int().min(1).max(65_535)).min(1).max(16),
  session: z.string().min(8).max(64),
  pipeline: z.string().max(256),
  params: z.record(name, z.json() as z.ZodType<JsonValue>),
  /** What the caller sends: the formats it can. */
  inputs: z.array(z.object({ port: name, channel, type: wireType })).max(maxStreams),
  /** What the caller wants: the formats it takes, and how much of it may be under way. */
  outputs: z.array(z.object({ port: name, channel, type: wireType, window })).max(maxStreams),
  schemas,
  capabilities: z.record(name, z.json() as z.ZodType<JsonValue>).optional(),
  /** How long the caller waits for the answer. */
  withinMs: z.number().positive().optional(),
});
export type Hello = z.infer<typeof hello>;

const accept = z.object({
  type: z.literal("accept"),
  version: z.int(),
  inputs: z.array(z.object({ port: name, type: wireType, window })).max(maxStreams),
  outputs: z.array(z.object({ port: name, type: wireType })).max(maxStreams),
  schemas,
  capabilities: z.record(name, z.json() as z.ZodType<JsonValue>).optional(),
});
export type Accept = z.infer<typeof accept>;

const describe = z.object({
  type: z.literal("describe"),
  versions: z.array(z.int().min(1).max(65_535)).min(1).max(16),
  pipeline: z.string().max(256),
});

const describedPort = z.object({ port: name, type: wireType, optional: z.boolean().optional() });
const description = z.object({
  type: z.literal("description"),
  version: z.int(),
  batch: z.boolean().optional(),
  inputs: z.array(describedPort).max(maxStreams),
  outputs: z.array(describedPort).max(maxStreams),
  schemas,
});
export type Description = z.infer<typeof description>;

const message = z.discriminatedUnion("type", [
  hello,
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
  /** The pipeline has ended in good order; what is left is on the streams. */
  z.object({ type: z.literal("finished") }),
  z.object({ type: z.literal("ping"), sentUs: z.number() }),
  z.object({ type: z.literal("pong"), sentUs: z.number() }),
  /** The last word; with a code when the session failed. */
  z.object({ type: z.literal("bye"), ...failureObject.partial().shape }),
]);
export type ControlMessage = z.infer<typeof message>;
export type Bye = Extract<ControlMessage, { type: "bye" }>;
export type Refuse = Extract<ControlMessage, { type: "refuse" }>;

/** A hello, or a question, by a caller that speaks only versions this peer does not. */
export interface ForeignHello {
  readonly type: "foreign-hello";
  readonly versions: readonly number[];
}

const head = z.object({ type: z.string().max(64), critical: z.boolean().optional() });
const helloHead = z.object({ versions: hello.shape.versions });
const known: ReadonlySet<string> = new Set(message.options.map((option) => option.shape.type.value));

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
  const start = head.safeParse(data);
  if (!start.success) throw violation("it has no type");
  const { type, critical } = start.data;
  if (!known.has(type)) {
    if (critical !== true) return undefined;
    throw new MeshError("version-mismatch", `The other peer needs "${type}", which this peer does not know.`);
  }
  if (type === "hello" || type === "describe") {
    // One of another version may look different in all but this.
    const versions = helloHead.safeParse(data);
    if (versions.success && !versions.data.versions.includes(protocolVersion)) {
      return { type: "foreign-hello", versions: versions.data.versions };
    }
  }
  const result = message.safeParse(data);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw violation(`in "${type}", ${issue?.path.join(".") || "the message"}: ${issue?.message ?? "unreadable"}`);
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
