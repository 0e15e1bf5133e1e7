import type { FlowType } from "../../runtime/interface/caps.ts";
import type { Clock } from "../../runtime/interface/clock.ts";
import type { Frame, JsonValue, Payload } from "../../runtime/interface/frame.ts";
import type { LogLevel, NodeContext, NodeDefinition, Params } from "../../runtime/interface/node.ts";
import { seededRandom, soundFrames, virtualClock } from "pipeline-mesh/testing";

/** The type of an audio port. */
export function audio(codec: string, rate: number, channels: number): FlowType {
  return { kind: "audio", dims: { codec: [codec], rate: [rate], channels: [channels] } };
}

export interface HarnessOptions {
  readonly inputs?: Readonly<Record<string, FlowType>>;
  readonly outputs?: Readonly<Record<string, FlowType>>;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  /** Called for each emission before the node goes on; what it returns is what `emit` returns. */
  readonly onEmit?: (port: string, frame: Frame) => Promise<void> | undefined;
}

export interface NodeHarness {
  /** What came out of a port so far, `out` by default. */
  frames(port?: string): Frame[];
  /** All emissions in order. */
  readonly emitted: { readonly port: string; readonly frame: Frame }[];
  readonly logs: {
    readonly level: LogLevel;
    readonly message: string;
    readonly fields?: Readonly<Record<string, JsonValue>>;
  }[];
  /** What the node counted, by name. */
  readonly metrics: Readonly<Record<string, number>>;
  send(payload: Payload, header?: { timestampUs?: number; flags?: number; port?: string; seq?: number }): Promise<void>;
  /** Passes the frames on with their timestamps and flags, numbered anew. */
  sendFrames(frames: readonly Frame[]): Promise<void>;
  /** The same with their own numbers: those between that are missing were lost. */
  sendLossy(frames: readonly Frame[]): Promise<void>;
  flush(): void;
  end(): Promise<void>;
  close(): Promise<void>;
}

/** Opens one instance of a node and stands in for the runtime around it. */
export async function openNode(
  definition: NodeDefinition,
  params: Params,
  options: HarnessOptions = {},
): Promise<NodeHarness> {
  const emitted: { port: string; frame: Frame }[] = [];
  const logs: { level: LogLevel; message: string; fields?: Readonly<Record<string, JsonValue>> }[] = [];
  const counts: Record<string, number> = {};
  const metrics: Record<string, number> = {};
  let currentUs = 0;
  let seq = 0;
  let epoch = 0;
  const context: NodeContext = {
    id: "subject",
    location: { file: "test.mesh", line: 1, column: 1 },
    session: { id: "session", origin: "session" },
    clock: options.clock ?? virtualClock(),
    random: seededRandom(1),
    log: (level, message, fields) =>
      void logs.push(fields === undefined ? { level, message } : { level, message, fields }),
    metrics: {
      count: (name, more = 1) => void (metrics[name] = (metrics[name] ?? 0) + more),
      set: () => undefined,
      record: () => undefined,
    },
    buffers: {
      float32: (length) => new Float32Array(length),
      int16: (length) => new Int16Array(length),
      uint8: (length) => new Uint8Array(length),
    },
    signal: options.signal ?? new AbortController().signal,
    formats: { inputs: options.inputs ?? {}, outputs: options.outputs ?? {} },
    emit(port, payload, { timestampUs = currentUs, flags = 0 } = {}) {
      const next = counts[port] ?? 0;
      counts[port] = next + 1;
      const frame: Frame = { timestampUs, flags, payload, seq: next, epoch };
      emitted.push({ port, frame });
      return options.onEmit?.(port, frame);
    },
    fail(error) {
      throw error;
    },
  };
  const instance = await definition.open(params, context);
  const send: NodeHarness["send"] = async (payload, header = {}) => {
    const { timestampUs = 0, flags = 0, port = "in" } = header;
    currentUs = timestampUs;
    const frame: Frame = { timestampUs, flags, payload, seq: header.seq ?? seq, epoch };
    seq = frame.seq + 1;
    if (instance.process === undefined) {
      const result = instance.map?.(payload, frame);
      if (result !== undefined) void context.emit("out", result, { flags });
      return;
    }
    const pending = instance.process(frame, port, { signal: context.signal });
    if (definition.sync === true && pending !== undefined) throw new Error("a sync node returned a promise");
    await pending;
  };
  return {
    emitted,
    logs,
    send,
    frames: (port = "out") => emitted.filter((one) => one.port === port).map((one) => one.frame),
    metrics,
    async sendFrames(frames) {
      for (const { payload, timestampUs, flags } of frames) await send(payload, { timestampUs, flags });
    },
    async sendLossy(frames) {
      for (const { payload, timestampUs, flags, seq: own } of frames)
        await send(payload, { timestampUs, flags, seq: own });
    },
    flush() {
      epoch += 1;
      instance.flush?.(epoch);
    },
    end: async () => void (await instance.end?.()),
    close: async () => instance.close?.(),
  };
}

/** Sound as frames of one stream, marked as one segment unless `flags` is false. */
export function cut<T extends Float32Array | Int16Array>(
  sound: T,
  format: { readonly rate: number; readonly channels?: number; readonly samples?: number },
  { startUs = 0, flags = true }: { readonly startUs?: number; readonly flags?: boolean } = {},
): Frame<T>[] {
  const frames = soundFrames(sound, { ...format, startUs, segment: flags });
  return frames.map((frame, seq) => ({ ...frame, seq, epoch: 0 }));
}

/** All the sound of some frames in one piece. */
export function joined(frames: readonly Frame[]): Float32Array<ArrayBuffer> {
  return Float32Array.from(frames.flatMap((frame) => [...(frame.payload as Float32Array)]));
}
