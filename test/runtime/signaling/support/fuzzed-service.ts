import * as z from "zod";
import { errorCodes } from "../../../../runtime/interface/errors.ts";
import { read } from "../../../../runtime/interface/bounded.ts";
import { balancingChooser } from "../../../../runtime/signaling/service/chooser.ts";
import { SignalingService } from "../../../../runtime/signaling/service/service.ts";
import { serviceHelloResult, serviceParams, serviceResults } from "../../../../runtime/signaling/methods.ts";
import { helloResult } from "../../../../runtime/signaling/protocol.ts";
import { canonical } from "../../../../runtime/signaling/registry/interface-hash.ts";
import { memoryStore } from "../../../../runtime/signaling/registry/memory-store.ts";
import { Registry } from "../../../../runtime/signaling/registry/registry.ts";
import { Refusals } from "../../../../runtime/signaling/refusals.ts";
import { serveSockets } from "../../../../runtime/signaling/server.ts";
import type { SignalSocket } from "../../../../runtime/signaling/socket.ts";
import { seededRandom } from "../../../../runtime/testing/seeded-random.ts";
import { virtualClock, type VirtualClock } from "../../../../runtime/testing/virtual-clock.ts";

/** A connection that is all in memory: what is said is heard at once, and what is answered is kept. */
export interface Line {
  readonly said: string[];
  closed: { readonly code: number; readonly reason: string } | undefined;
  say(text: string): void;
  hangUp(): void;
}

export interface FuzzedService {
  readonly clock: VirtualClock;
  readonly registry: Registry;
  readonly service: SignalingService;
  readonly refusals: Refusals;
  readonly open: () => Line;
  readonly close: () => Promise<void>;
}

export const maxPeers = 6;
const at = { host: "signal", port: 7440 };

/** A service as `meshc signal` starts one, with lines instead of WebSockets. */
export async function fuzzedService(): Promise<FuzzedService> {
  const clock = virtualClock();
  const random = seededRandom(1);
  const registry = await Registry.open({ store: memoryStore(), clock, random, maxPeers });
  const { directory } = registry;
  const refusals = new Refusals();
  const service = new SignalingService({
    clock,
    directory,
    registry,
    chooser: balancingChooser(clock, random),
    refusals,
  });
  let accept: (socket: SignalSocket) => void = () => undefined;
  const listen = async (_: unknown, onSocket: (socket: SignalSocket) => void) => {
    accept = onSocket;
    return { ...at, close: async () => undefined };
  };
  const limits = { halfOpen: 4, halfOpenPerAddress: 4, refusals };
  const handle = await serveSockets(
    { clock, listen },
    { ...at, ...limits, http: undefined, reception: service, onCall: () => undefined },
  );
  return {
    clock,
    registry,
    service,
    refusals,
    open() {
      const { line, socket } = lineAndSocket();
      accept(socket);
      return line;
    },
    async close() {
      registry.close();
      service.close();
      await handle.close();
    },
  };
}

function lineAndSocket(): { readonly line: Line; readonly socket: SignalSocket } {
  let onMessage: (text: string) => void = () => undefined;
  let onClose: (code: number, reason: string) => void = () => undefined;
  const end = (code: number, reason: string): void => {
    if (line.closed !== undefined) return;
    line.closed = { code, reason };
    onClose(code, reason);
  };
  const line: Line = {
    said: [],
    closed: undefined,
    say: (text) => {
      if (line.closed === undefined) onMessage(text);
    },
    hangUp: () => end(1006, ""),
  };
  const socket: SignalSocket = {
    send: (text) => {
      if (line.closed === undefined) line.said.push(text);
    },
    // The close frame is answered before anything else can come.
    close: end,
    onMessage: (listener) => (onMessage = listener),
    onClose: (listener) => (onClose = listener),
  };
  return { line, socket };
}

const id = z.union([z.int(), z.string().max(64)]);
const failure = z.strictObject({
  jsonrpc: z.literal("2.0"),
  id: z.nullable(id),
  error: z.strictObject({
    code: z.literal([-32_700, -32_600, -32_601, -32_602, -32_000]),
    message: z.string().min(1).max(1_100),
    data: z.optional(
      z.strictObject({
        code: z.enum(Object.keys(errorCodes)),
        pipelines: z.optional(z.array(z.string()).max(20)),
        hint: z.optional(z.string().max(1_024)),
        retryAfterMs: z.optional(z.number().min(0)),
      }),
    ),
  }),
});
const success = z.strictObject({ jsonrpc: z.literal("2.0"), id, result: z.record(z.string(), z.unknown()) });
const notification = z.strictObject({ jsonrpc: z.literal("2.0"), method: z.string(), params: z.unknown() });

/** What a service has said, read as strictly as it can be. @throws {Error} for what it must not say */
export type Said =
  | { readonly kind: "failure"; readonly id: unknown; readonly code: number; readonly mesh: string | undefined }
  | { readonly kind: "success"; readonly id: unknown; readonly result: Readonly<Record<string, unknown>> }
  | { readonly kind: "notification"; readonly method: string; readonly params: Readonly<Record<string, unknown>> };

export function readSaid(text: string, methodOf: (id: unknown) => string | undefined): Said {
  const value: unknown = JSON.parse(text);
  if (text.length > 65_536) throw new Error(`it says ${text.length} characters at once`);
  const members = value as Readonly<Record<string, unknown>>;
  if ("method" in members) {
    const { method, params } = notification.parse(value);
    if (method !== "changed" && method !== "relay") throw new Error(`it says "${method}"`);
    return { kind: "notification", method, params: strictly(serviceParams[method], params) };
  }
  if ("error" in members) {
    const { id: answered, error } = failure.parse(value);
    return { kind: "failure", id: answered, code: error.code, mesh: error.data?.code };
  }
  const { id: answered, result } = success.parse(value);
  const method = methodOf(answered);
  if (method === undefined) throw new Error(`it answers ${String(answered)}, which was not asked`);
  if (method === "hello") {
    const either = read(serviceHelloResult, result).success || read(helloResult, result).success;
    if (!either) throw new Error(`a result of hello: ${text}`);
  } else if (!Object.hasOwn(serviceResults, method)) throw new Error(`it answers "${method}"`);
  else strictly(serviceResults[method as keyof typeof serviceResults], result);
  return { kind: "success", id: answered, result };
}

/** As the schema has it: nothing missing, and nothing beside it. */
function strictly(
  schema: (typeof serviceParams)["changed"] | z.core.$ZodType,
  value: unknown,
): Record<string, unknown> {
  const parsed = read(schema as never, value);
  if (!parsed.success) throw new Error(`${parsed.flaw.path}: ${parsed.flaw.message} in ${JSON.stringify(value)}`);
  if (canonical(parsed.data) !== canonical(value)) throw new Error(`beside the schema: ${JSON.stringify(value)}`);
  return parsed.data as Record<string, unknown>;
}
