import { whenAborted } from "../interface/abort.ts";
import { loadOnce } from "../interface/load-once.ts";
import { MeshError } from "../interface/errors.ts";
import type { Frame, Payload } from "../interface/frame.ts";
import {
  emission,
  type Emission,
  type NodeContext,
  type NodeDefinition,
  type NodeInstance,
  type ParameterSchema,
  type SessionIdentity,
  type Work,
} from "../interface/node.ts";
import type { PortKinds } from "../interface/ports.ts";
import { openInstance } from "../pipeline/instance.ts";
import { errorData, errorOf, readOutcome, type CallPart, type InstancePart, type ThreadOutcome } from "./messages.ts";
import { threadProgram } from "./program.ts";
import { NodeThread, type Said, type StartThread } from "./thread.ts";

/** How long an instance may take to come to rest and close before its thread is ended; less than a session waits. */
const graceMs = 4_000;

/** Emissions after which the thread is told that there is room; it has eight on their way at most. */
const acknowledgeEvery = 4;

export interface ThreadModule {
  /** The address of a module that can be imported, once it is wanted. */
  readonly address: () => string | Promise<string>;
  /** Under which it exports the code. */
  readonly name: string;
}

/**
 * The code of a node that runs on a thread of its own: the module is imported there, each instance has a thread.
 *
 * The instance here stands for the one there, call by call, so that whatever the executor does with it holds for both.
 * Frames are copied once and the copy is moved, for others may read what a frame carries; what comes back is moved too.
 */
export function threadDefinition(module: ThreadModule, start: StartThread): NodeDefinition {
  const address = loadOnce(async () => module.address());
  return {
    // Frames are copied before a call returns.
    borrows: true,
    async open(params, context) {
      const own = new ThreadNode(context, start);
      try {
        const loaded = await own.load(await address(), module.name);
        return await openInstance(
          { ...loaded, open: (values) => own.open(values) },
          { node: context.id },
          params,
          context,
        );
      } catch (error) {
        own.end(MeshError.from(error, "node-failed"));
        throw error;
      }
    },
  };
}

/** The text that runs on the thread; the platform puts before it what the program wants. */
const source = (): string => `
  // Compilers that keep the names of functions leave calls to this behind.
  const __name = (value) => value;
  (${threadProgram.toString()})(platform);`;

class ThreadNode {
  readonly #context: NodeContext;
  readonly #thread: NodeThread;
  #told: SessionIdentity | undefined;
  #epoch = 0;
  /** Calls that are out, other than that of a source: what they still say for an epoch that has ended, the executor drops. */
  #calls = 0;
  #handled = 0;
  #acknowledged = 0;
  #cancelGrace: (() => void) | undefined;

  constructor(context: NodeContext, start: StartThread) {
    this.#context = context;
    this.#thread = new NodeThread({
      start,
      source: source(),
      said: (message) => this.#said(message),
      died: (error) => context.fail(error),
    });
    const { signal } = context;
    if (signal.aborted) this.#stop();
    else whenAborted(signal, () => this.#stop());
  }

  end(reason: MeshError): void {
    this.#cancelGrace?.();
    this.#thread.terminate(reason);
  }

  /** What the code declares, its schema of parameters asked on the thread. */
  async load(url: string, name: string): Promise<Omit<NodeDefinition, "open">> {
    const found = (await this.#thread.ask({ do: "load", url, name })) as {
      readonly inputs: Readonly<Record<string, string>>;
      readonly outputs: Readonly<Record<string, string>>;
      readonly validates: boolean;
    };
    const ports = (kinds: Readonly<Record<string, string>>): PortKinds =>
      Object.fromEntries(
        Object.entries(kinds).map(([port, kind]) => [port, { name: kind as PortKinds[string]["name"] }]),
      );
    const parameters: ParameterSchema = {
      "~standard": {
        version: 1,
        vendor: "thread",
        // What it is parsed to stays there.
        validate: async (value) => {
          const { issues } = (await this.#thread.ask({ do: "validate", params: value })) as {
            readonly issues?: readonly { readonly message: string; readonly path: readonly string[] }[];
          };
          return issues === undefined ? { value } : { issues };
        },
      },
    };
    return { inputs: ports(found.inputs), outputs: ports(found.outputs), ...(found.validates && { parameters }) };
  }

  async open(params: unknown): Promise<NodeInstance> {
    const { id, location, formats, random } = this.#context;
    const session = identityOf(this.#context);
    this.#told = session;
    const context = { id, location, session, formats, seed: random.bytes(16) };
    const parts = new Set((await this.#thread.ask({ do: "open", params, context })) as readonly InstancePart[]);
    return {
      ...(parts.has("process") || !parts.has("map") ? this.#process(parts) : this.#map()),
      ...(parts.has("join") && {
        join: (frames: Readonly<Record<string, Frame>>, work: Work) => {
          const transfer: ArrayBuffer[] = [];
          const given = Object.entries(frames).map(([port, frame]) => [port, moved(frame, transfer)]);
          return this.#call("join", [Object.fromEntries(given)], transfer, work.signal);
        },
      }),
      ...(parts.has("run") && { run: () => this.#call("run", [], []) as Promise<void> }),
      ...(parts.has("end") && { end: () => this.#call("end", [], []) }),
      flush: (epoch) => {
        this.#epoch = epoch;
        this.#thread.tell({ do: "flush", epoch });
      },
      ...(parts.has("requestKeyFrame") && {
        requestKeyFrame: (port: string) => this.#thread.tell({ do: "key-frame", port }),
      }),
      close: () => this.#close(),
    };
  }

  #process(parts: ReadonlySet<InstancePart>): NodeInstance {
    if (!parts.has("process")) return {};
    return {
      process: (frame, port, work) => {
        const transfer: ArrayBuffer[] = [];
        return this.#call("process", [moved(frame, transfer), port], transfer, work.signal);
      },
    };
  }

  /** By frames, for each is a message anyway; signals, which `map` does not take, are passed over. */
  #map(): NodeInstance {
    return {
      process: (frame, port) => {
        if (this.#context.formats.inputs[port]?.kind === "signal") return undefined;
        const transfer: ArrayBuffer[] = [];
        const { payload, ...header } = moved(frame, transfer);
        return this.#call("map", [payload, header], transfer);
      },
    };
  }

  async #call(
    part: CallPart,
    given: readonly unknown[],
    transfer: readonly ArrayBuffer[],
    signal?: AbortSignal,
  ): Promise<never> {
    let call = 0;
    const cancel = (): void => this.#thread.tell({ do: "cancel", of: call, reason: errorData(signal?.reason) });
    const answered = this.#thread.ask({ do: "call", part, given, ...this.#news() }, transfer, (id) => (call = id));
    if (signal?.aborted === true) cancel();
    const unlisten = whenAborted(signal, cancel);
    const counts = part === "run" ? 0 : 1;
    this.#calls += counts;
    const left = (): void => {
      this.#calls -= counts;
      unlisten();
    };
    try {
      const outcome = readOutcome(await answered);
      // The executor takes whatever code may give back, and gives it the types.
      if (outcome.type === "items") return this.#items(call, left) as never;
      left();
      return valueOf(outcome) as never;
    } catch (error) {
      left();
      throw error;
    }
  }

  /** For whom the session works, where that has changed since the thread was told. */
  #news(): { readonly session?: SessionIdentity } {
    const [{ session }, told] = [this.#context, this.#told];
    if (session.origin === told?.origin && session.traceParent === told.traceParent) return {};
    this.#told = identityOf(this.#context);
    return { session: this.#told };
  }

  /** Steps a generator of the thread, one item for each that there is room for. */
  async *#items(of: number, left: () => void): AsyncGenerator<Payload | Emission | undefined, void> {
    let over = false;
    try {
      for (;;) {
        const step = (await this.#thread.ask({ do: "next", of })) as {
          readonly done: boolean;
          readonly outcome: unknown;
        };
        over = step.done;
        if (over) return;
        yield valueOf(readOutcome(step.outcome));
      }
    } finally {
      left();
      if (!over) await this.#thread.ask({ do: "return", of });
    }
  }

  #said(message: Said): Promise<void> | undefined {
    const { log, metrics, fail } = this.#context;
    switch (message.kind) {
      case "emit":
        return this.#emit(message);
      case "log":
        log(message.level, message.message, message.fields);
        return undefined;
      case "fail":
        fail(errorOf(message.error));
        return undefined;
      default:
        metrics[message.kind](message.name, message.value);
        return undefined;
    }
  }

  #emit({ port, payload, options, epoch }: Extract<Said, { kind: "emit" }>): Promise<void> | undefined {
    this.#handled += 1;
    const isStale = epoch < this.#epoch && this.#calls === 0;
    // It did not know yet that the epoch has ended, and its frame would pass for one of the new epoch.
    if (isStale) this.#context.metrics.count("stale");
    const room = isStale ? undefined : this.#context.emit(port, payload, options);
    if (room === undefined) {
      this.#acknowledge(acknowledgeEvery);
      return undefined;
    }
    return room.then(
      () => this.#acknowledge(1),
      () => undefined,
    );
  }

  #acknowledge(from: number): void {
    if (this.#handled - this.#acknowledged < from) return;
    this.#acknowledged = this.#handled;
    this.#thread.tell({ do: "room", sent: this.#handled });
  }

  /** The session is over: the thread may finish what it does, but not for ever. */
  #stop(): void {
    const { signal, clock, log, id } = this.#context;
    this.#thread.tell({ do: "stop", reason: errorData(signal.reason) });
    this.#cancelGrace ??= clock.schedule(graceMs, () => {
      log("warn", `The thread of ${id} did not stop within ${graceMs} ms and was ended`, {});
      this.#thread.terminate(new MeshError("cancelled", "Its thread was ended."));
    });
  }

  async #close(): Promise<void> {
    try {
      // What it held has gone with it where it is over.
      if (!this.#thread.over) await this.#thread.ask({ do: "close" });
    } finally {
      this.end(new MeshError("cancelled", "Its thread was ended."));
    }
  }
}

/** As plain data. */
function identityOf({ session: { id, origin, traceParent, traceState } }: NodeContext): SessionIdentity {
  return { id, origin, traceParent, traceState };
}

function valueOf(outcome: Exclude<ThreadOutcome, { type: "items" }> | ThreadOutcome): Payload | Emission | undefined {
  if (outcome.type === "payload") return outcome.payload;
  return outcome.type === "emission" ? emission(outcome.port, outcome.payload, outcome.options) : undefined;
}

/** The frame with a payload that may be moved. */
function moved(frame: Frame, transfer: ArrayBuffer[]): Frame {
  const { timestampUs, seq, epoch, flags, payload } = frame;
  if (!ArrayBuffer.isView(payload)) return { timestampUs, seq, epoch, flags, payload };
  const copy = payload.slice();
  transfer.push(copy.buffer as ArrayBuffer);
  return { timestampUs, seq, epoch, flags, payload: copy };
}
