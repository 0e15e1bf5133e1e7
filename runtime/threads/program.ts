import type { Clock } from "../interface/clock.ts";
import type { Payload } from "../interface/frame.ts";
import type { EmitOptions, LogLevel, NodeContext, NodeDefinition, NodeInstance } from "../interface/node.ts";
import type { FromThread, ThreadError, ThreadOutcome, ToThread } from "./messages.ts";

/** What the platform puts before the program on its thread. */
export interface ThreadPlatform {
  post(messages: readonly FromThread[], transfer: readonly ArrayBuffer[]): void;
  receive(take: (message: ToThread) => void): void;
  /** Imports a module, `import` under another name, for bundlers would rewrite that. */
  load(url: string): Promise<Readonly<Record<string, unknown>>>;
  /** Bytes fit for identifiers. */
  bytes(count: number): Uint8Array;
  readonly clock: Clock;
}

/**
 * What runs on the thread of a node: it is sent there as text, so it refers to nothing outside itself but what JavaScript
 * has everywhere. It holds one instance, calls it as it is told to and sends back what comes of it.
 */
export function threadProgram({ post, receive, load, bytes, clock }: ThreadPlatform): void {
  type Items = Generator | AsyncGenerator;
  /** Emissions that may be on their way before the node is held up. */
  const window = 8;
  const abort = new AbortController();
  /** The calls that are at work, each with its signal once that is asked for, as most never do. */
  const calls = new Map<number, { aborted?: Error; controller?: AbortController }>();
  const items = new Map<number, Items>();
  let code: NodeDefinition | undefined;
  let parsed: { readonly value: unknown } | undefined;
  let instance: NodeInstance = {};
  let session: NodeContext["session"] = { id: "", origin: "" };
  let epoch = 0;
  let sent = 0;
  let acknowledged = 0;
  let waiting: { readonly from: number; resolve(): void; reject(error: unknown): void }[] = [];

  // ---- messages ----

  let out: FromThread[] = [];
  let transfer: ArrayBuffer[] = [];

  /** What is said in one go goes in one message. */
  const say = (message: FromThread): void => {
    out.push(message);
    if (out.length === 1) queueMicrotask(flushOut);
  };
  const flushOut = (): void => {
    const [messages, buffers] = [out, transfer];
    out = [];
    transfer = [];
    try {
      post(messages, [...new Set(buffers)]);
    } catch (error) {
      // Something that cannot be copied: no payload is.
      post([{ kind: "fail", error: dataOf(error) }], []);
    }
  };

  const dataOf = (error: unknown): ThreadError => {
    if (!(error instanceof Error)) return { message: String(error) };
    const { code: errorCode, hint } = error as { code?: unknown; hint?: unknown };
    return {
      message: error.message || error.name,
      ...(typeof errorCode === "string" && { code: errorCode }),
      ...(typeof hint === "string" && { hint }),
      ...(error.stack !== undefined && { stack: error.stack }),
    };
  };
  const errorFrom = ({ message, code: errorCode }: ThreadError): Error =>
    Object.assign(new Error(message), errorCode === undefined ? {} : { name: "MeshError", code: errorCode });

  /** The payload as it goes out: a copy that is moved, so that the node keeps its own; itself where it is given away. */
  const outgoing = (payload: Payload, options: EmitOptions | undefined): Payload => {
    if (!ArrayBuffer.isView(payload)) return payload;
    const { buffer, byteLength } = payload;
    const whole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
    const moved = options?.transfer === true && whole ? payload : payload.slice();
    transfer.push(moved.buffer as ArrayBuffer);
    return moved;
  };
  const header = (options: EmitOptions | undefined): { options?: EmitOptions } => {
    if (options === undefined) return {};
    const { timestampUs, flags } = options;
    return { options: { ...(timestampUs !== undefined && { timestampUs }), ...(flags !== undefined && { flags }) } };
  };

  // ---- what the instance has ----

  const emit = (port: string, payload: Payload, options?: EmitOptions): Promise<void> | undefined => {
    if (abort.signal.aborted) {
      const refused = Promise.reject<void>(abort.signal.reason as Error);
      refused.catch(() => undefined);
      return refused;
    }
    sent += 1;
    say({ kind: "emit", port, payload: outgoing(payload, options), epoch, ...header(options) });
    if (sent - acknowledged < window) return undefined;
    const from = sent;
    const room = new Promise<void>((resolve, reject) => waiting.push({ from, resolve, reject }));
    room.catch(() => undefined);
    return room;
  };

  /** Small and fast, with a period that no test sees the end of (sfc32, https://pracrand.sourceforge.net). */
  const randomFrom = (seed: Uint8Array): (() => number) => {
    const state = new Uint32Array(seed.slice().buffer);
    return () => {
      const [a = 0, b = 0, c = 0, d = 0] = state;
      const result = (a + b + d) | 0;
      state[3] = d + 1;
      state[0] = b ^ (b >>> 9);
      state[1] = c + (c << 3);
      state[2] = ((c << 21) | (c >>> 11)) + result;
      return (result >>> 0) / 2 ** 32;
    };
  };

  const contextOf = (given: Extract<ToThread, { do: "open" }>["context"]): NodeContext => {
    const { seed, session: own, ...plain } = given;
    session = own;
    const metric = (kind: "count" | "set" | "record") => (name: string, value: number) => say({ kind, name, value });
    return {
      ...plain,
      session: {
        id: own.id,
        get origin() {
          return session.origin;
        },
        get traceParent() {
          return session.traceParent;
        },
        get traceState() {
          return session.traceState;
        },
      },
      clock,
      random: { next: randomFrom(seed), bytes },
      log: (level: LogLevel, message, fields) => say({ kind: "log", level, message, ...(fields && { fields }) }),
      metrics: { count: (name, more = 1) => metric("count")(name, more), set: metric("set"), record: metric("record") },
      // What is sent is copied, or given away with its memory.
      buffers: {
        float32: (length) => new Float32Array(length),
        int16: (length) => new Int16Array(length),
        uint8: (length) => new Uint8Array(length),
      },
      signal: abort.signal,
      emit: emit as NodeContext["emit"],
      fail: (error) => say({ kind: "fail", error: dataOf(error) }),
    };
  };

  // ---- calls ----

  const isItems = (value: unknown): value is Items =>
    typeof value === "object" && value !== null && typeof (value as { next?: unknown }).next === "function";

  const outcomeOf = (value: unknown): ThreadOutcome => {
    if (value === undefined) return { type: "nothing" };
    // Modules may have a runtime of their own, so it is told by its mark.
    if (typeof value === "object" && value !== null && Symbol.for("pipeline-mesh.emission") in value) {
      const { port, payload, options } = value as { port: string; payload: Payload; options?: EmitOptions };
      return { type: "emission", port, payload: outgoing(payload, options), ...header(options) };
    }
    return { type: "payload", payload: outgoing(value as Payload, undefined) };
  };

  const call = async ({
    id,
    part,
    given,
    session: news,
  }: Extract<ToThread, { do: "call" }>): Promise<ThreadOutcome> => {
    const state: { aborted?: Error; controller?: AbortController } = {};
    calls.set(id, state);
    if (news !== undefined) session = news;
    const work = {
      get signal(): AbortSignal {
        state.controller ??= new AbortController();
        if (state.aborted !== undefined) state.controller.abort(state.aborted);
        return state.controller.signal;
      },
    };
    const own = instance[part] as ((...all: unknown[]) => unknown) | undefined;
    const isWorked = part === "process" || part === "join";
    const result = await own?.apply(instance, isWorked ? [...given, work] : [...given]);
    if (!isItems(result)) return outcomeOf(result);
    items.set(id, result);
    return { type: "items" };
  };

  const step = async (of: number, end: boolean): Promise<unknown> => {
    const found = items.get(of);
    if (found === undefined) return { done: true };
    const { done, value } = (await (end ? found.return(undefined) : found.next())) as IteratorResult<unknown>;
    if (done !== true) return { done: false, outcome: outcomeOf(value) };
    items.delete(of);
    calls.delete(of);
    return { done: true };
  };

  const kinds = (ports: object | undefined): Record<string, string> =>
    Object.fromEntries(Object.entries(ports ?? {}).map(([port, { name }]: [string, { name: string }]) => [port, name]));

  const loaded = async (url: string, name: string): Promise<unknown> => {
    const module = await load(url);
    const found = module[name] as NodeDefinition | undefined;
    if (typeof found?.open !== "function") {
      throw new Error(`${url.startsWith("data:") ? "its module" : url} exports no node \`${name}\`.`);
    }
    code = found;
    return { inputs: kinds(found.inputs), outputs: kinds(found.outputs), validates: found.parameters !== undefined };
  };

  const validated = async (params: unknown): Promise<unknown> => {
    const result = await code?.parameters?.["~standard"].validate(params);
    if (result?.issues !== undefined) {
      const issues = result.issues.map(({ message, path = [] }) => ({
        message,
        path: path.map((one) => String(typeof one === "object" ? one.key : one)),
      }));
      return { issues };
    }
    parsed = { value: result?.value };
    return {};
  };

  const opened = async ({ params, context }: Extract<ToThread, { do: "open" }>): Promise<unknown> => {
    const values = parsed === undefined ? params : parsed.value;
    instance = (await code?.open(values as never, contextOf(context))) ?? {};
    const parts = ["process", "map", "join", "run", "end", "requestKeyFrame"] as const;
    return parts.filter((part) => instance[part] !== undefined);
  };

  const answer = (message: ToThread): Promise<unknown> => {
    switch (message.do) {
      case "load":
        return loaded(message.url, message.name);
      case "validate":
        return validated(message.params);
      case "open":
        return opened(message);
      case "call":
        return call(message);
      case "next":
      case "return":
        return step(message.of, message.do === "return");
      default:
        return Promise.resolve(instance.close?.());
    }
  };

  receive((message) => {
    switch (message.do) {
      case "cancel": {
        const state = calls.get(message.of);
        if (state === undefined) return;
        state.aborted ??= errorFrom(message.reason);
        state.controller?.abort(state.aborted);
        return;
      }
      case "room": {
        acknowledged = message.sent;
        const free = waiting.filter(({ from }) => from - acknowledged < window);
        waiting = waiting.filter(({ from }) => from - acknowledged >= window);
        for (const one of free) one.resolve();
        return;
      }
      case "flush":
        epoch = message.epoch;
        try {
          instance.flush?.(epoch);
        } catch (error) {
          say({ kind: "fail", error: dataOf(error) });
        }
        return;
      case "key-frame":
        try {
          instance.requestKeyFrame?.(message.port);
        } catch (error) {
          say({ kind: "fail", error: dataOf(error) });
        }
        return;
      case "stop": {
        const reason = errorFrom(message.reason);
        abort.abort(reason);
        for (const one of waiting) one.reject(reason);
        waiting = [];
        return;
      }
      default: {
        const { id } = message;
        answer(message).then(
          (value) => {
            if (message.do === "call" && !items.has(id)) calls.delete(id);
            say({ kind: "answer", id, value });
          },
          (error: unknown) => {
            calls.delete(id);
            say({ kind: "failure", id, error: dataOf(error) });
          },
        );
      }
    }
  });
}
