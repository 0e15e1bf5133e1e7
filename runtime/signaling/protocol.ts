import * as z from "zod/mini";
import { int, list, read, text } from "../interface/bounded.ts";
import { signalLimits } from "./limits.ts";
import { utf8Length } from "./message-rates.ts";
import type { RefusalReason } from "./refusals.ts";

/** JSON-RPC 2.0 error codes (https://www.jsonrpc.org/specification#error_object); ours is of the server range. */
export const rpcCodes = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  /** `data.code` then says what it is, in the words of the run-time error table. */
  mesh: -32000,
} as const;

const id = z.union([z.int(), text(0, 64)]);
export type RpcId = z.infer<typeof id>;

const name = text(1, 128);
/** Of a message on a data channel. */
const messageBytes = z.optional(int(1));
/** What comes over data channels is confirmed to who asks for it. */
const confirms = z.optional(z.boolean());
/** What is sent to a peer on the same machine; no larger than what it can be tried with on channel 0. */
const packetBytes = z.optional(int(1, 16_384));
const sdp = text(1, signalLimits.sdpLength);

const candidate = z.object({
  candidate: text(0, 1024),
  sdpMid: z.nullish(text(0, 64)),
  sdpMLineIndex: z.nullish(int(0, 255)),
});

/** The name of a hash and its value, as in SDP. */
const fingerprint = text(1, 256);

/** What each method takes. Members that are not named here are ignored. */
export const methodParams = {
  hello: z.object({
    versions: list(int(1), 1, 16),
    /** The pipeline that is called; left out by who wants the service itself. */
    pipeline: z.optional(name),
    /** The id of the peer that is called, at a service that passes calls on. */
    peer: z.optional(name),
    share: z.optional(z.boolean()),
    messageBytes,
    confirms,
    /** The name is the same for all whose packets reach each other without leaving the machine. */
    machine: z.optional(z.object({ name: text(1, 128), packetBytes })),
    bonds: z.optional(list(z.object({ own: fingerprint, other: fingerprint }), 0, signalLimits.bonds)),
  }),
  offer: z.object({ sdp }),
  candidate: z.object({ candidate: z.nullable(candidate) }),
  bye: z.object({ reason: z.optional(text(0, 256)) }),
} as const;

export const helloResult = z.object({
  version: int(1),
  pipeline: name,
  share: z.optional(z.boolean()),
  messageBytes,
  confirms,
  /** The caller has named the machine that this side is on. */
  machine: z.optional(z.object({ packetBytes })),
  over: z.optional(int(0, signalLimits.bonds - 1)),
});
export const answerResult = z.object({ sdp });

const errorData = z.object({
  code: text(0, 64),
  pipelines: z.optional(list(name, 0, signalLimits.listedPipelines)),
  hint: z.optional(text(0, 1024)),
  retryAfterMs: z.optional(z.number().check(z.gte(0))),
});
const rpcError = z.object({
  code: z.int(),
  message: text(0, 1024),
  // Another implementation may put anything there; what is not ours is as good as nothing.
  data: z.optional(
    z.pipe(
      z.unknown(),
      z.transform((data) => read(errorData, data).data),
    ),
  ),
});
export type RpcError = z.infer<typeof rpcError>;

const jsonrpc = z.literal("2.0");
const call = { jsonrpc, method: text(0, 64), params: z.optional(z.unknown()) };
const request = z.object({ ...call, id });
const notification = z.object(call);
const success = z.object({ jsonrpc, id, result: z.unknown() });
const failure = z.object({ jsonrpc, id: z.nullable(id), error: rpcError });

export type SignalMethod = keyof typeof methodParams;
export type MethodParams<M extends SignalMethod> = z.infer<(typeof methodParams)[M]>;

/** The methods that an endpoint knows, by name, with what each takes. */
export type Methods = Readonly<Record<string, z.ZodMiniType>>;

/** A message with its parameters checked; `id` is undefined for a notification. */
export type IncomingOf<M extends Methods> =
  | {
      readonly [K in keyof M & string]: { kind: "call"; method: K; id: RpcId | undefined; params: z.infer<M[K]> };
    }[keyof M & string]
  | { readonly kind: "result"; readonly id: RpcId; readonly result: unknown }
  | { readonly kind: "error"; readonly id: RpcId | null; readonly error: RpcError }
  /** Not acceptable; the answer to send, unless it was a notification or a broken response. */
  | {
      readonly kind: "unacceptable";
      readonly reply: RpcFailure | undefined;
      readonly why: string;
      readonly reason: RefusalReason;
    };

/** A message of a call. */
export type Incoming = IncomingOf<typeof methodParams>;

export interface RpcFailure {
  readonly jsonrpc: "2.0";
  readonly id: RpcId | null;
  readonly error: RpcError;
}

/** Reads one message of a call; never throws. */
export function parseSignal(text: string): Incoming {
  return parseMessage(text, methodParams);
}

/** Reads one message; never throws. */
export function parseMessage<M extends Methods>(text: string, methods: M): IncomingOf<M> {
  if (text.length > signalLimits.messageBytes / 3 && utf8Length(text) > signalLimits.messageBytes) {
    return unacceptable(null, rpcCodes.invalidRequest, "the message is larger than 64 KiB");
  }
  if (jsonDepth(text) > signalLimits.jsonDepth) {
    return unacceptable(null, rpcCodes.invalidRequest, `the message is nested deeper than ${signalLimits.jsonDepth}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return unacceptable(null, rpcCodes.parseError, "the message is not JSON");
  }
  return classify(value, methods);
}

/** Holds one message against the methods; never throws. */
export function classify<M extends Methods>(value: unknown, methods: M): IncomingOf<M> {
  const members = typeof value === "object" && value !== null ? value : {};
  if ("method" in members) {
    const called = read("id" in members ? request : notification, value);
    if (!called.success) return unacceptable(null, rpcCodes.invalidRequest, "not a JSON-RPC 2.0 request");
    const callId = "id" in called.data ? called.data.id : undefined;
    return checkCall(callId as RpcId | undefined, called.data.method, called.data.params, methods);
  }
  if ("result" in members) {
    const parsed = read(success, value);
    if (parsed.success) return { kind: "result", id: parsed.data.id, result: parsed.data.result };
  } else if ("error" in members) {
    const parsed = read(failure, value);
    if (parsed.success) return { kind: "error", id: parsed.data.id, error: parsed.data.error };
  }
  return unacceptable(null, rpcCodes.invalidRequest, "not a JSON-RPC 2.0 message; batches are not taken");
}

function checkCall<M extends Methods>(
  callId: RpcId | undefined,
  method: string,
  params: unknown,
  methods: M,
): IncomingOf<M> {
  const schema = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (schema === undefined) {
    const why = `there is no method "${method}" here; there are ${Object.keys(methods).join(", ")}`;
    return unacceptable(callId, rpcCodes.methodNotFound, why);
  }
  if (namesPrototype(params)) {
    const why = `the parameters of "${method}" are not acceptable: a member of them is named __proto__`;
    return unacceptable(callId, rpcCodes.invalidParams, why);
  }
  const parsed = read(schema, params ?? {});
  if (!parsed.success) {
    const where = `${parsed.flaw.path}: ${parsed.flaw.message}`;
    return unacceptable(callId, rpcCodes.invalidParams, `the parameters of "${method}" are not acceptable: ${where}`);
  }
  // The table pairs each method with its schema, which the compiler cannot follow through an index.
  return { kind: "call", method, id: callId, params: parsed.data } as IncomingOf<M>;
}

/** Schemas pass such a member over without a word, and who has sent it would not know that it is missing. The depth has been checked. */
function namesPrototype(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.hasOwn(value, "__proto__") || Object.values(value).some(namesPrototype);
}

const reasons = {
  [rpcCodes.parseError]: "parse-error",
  [rpcCodes.invalidRequest]: "invalid-request",
  [rpcCodes.methodNotFound]: "method-not-found",
  [rpcCodes.invalidParams]: "invalid-params",
} as const satisfies Readonly<Record<number, RefusalReason>>;

function unacceptable<M extends Methods>(
  replyTo: RpcId | null | undefined,
  code: keyof typeof reasons,
  why: string,
): IncomingOf<M> {
  const reply = replyTo === undefined ? undefined : rpcFailure(replyTo, { code, message: why });
  return { kind: "unacceptable", reply, why, reason: reasons[code] };
}

/** Deepest nesting of brackets outside strings; an upper bound for text that is not JSON. */
export function jsonDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (inString) {
      if (char === 0x5c) i++;
      else if (char === 0x22) inString = false;
    } else if (char === 0x22) inString = true;
    else if (char === 0x7b || char === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (char === 0x7d || char === 0x5d) depth--;
  }
  return deepest;
}

export function rpcFailure(replyTo: RpcId | null, error: RpcError): RpcFailure {
  return { jsonrpc: "2.0", id: replyTo, error };
}

export function rpcSuccess(replyTo: RpcId, result: object): object {
  return { jsonrpc: "2.0", id: replyTo, result };
}

/** The text of a success whose result is JSON already. */
export function rpcSuccessText(replyTo: RpcId, result: string): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(replyTo)},"result":${result}}`;
}

/** The text of a notification whose parameters are JSON already. */
export function rpcNotificationText(method: string, params: string): string {
  return `{"jsonrpc":"2.0","method":${JSON.stringify(method)},"params":${params}}`;
}

export function rpcRequest(callId: RpcId, method: string, params: object): object {
  return { jsonrpc: "2.0", id: callId, method, params };
}

export function rpcNotification(method: string, params: object): object {
  return { jsonrpc: "2.0", method, params };
}
