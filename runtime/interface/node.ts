import type { FlowType } from "./caps.ts";
import type { Clock } from "./clock.ts";
import type { Location } from "./errors.ts";
import type { Frame, JsonValue, Payload } from "./frame.ts";
import type { Random } from "./random.ts";

export interface EmitOptions {
  /** Media time in microseconds; by default that of the frame in work. */
  readonly timestampUs?: number;
  /** `FrameFlag` bits; 0 by default. */
  readonly flags?: number;
}

/**
 * Sends a payload out of a port of the node.
 *
 * Returns `undefined` when the next one may follow at once, else a promise that resolves when there is room again. A
 * node that emits many frames for one input awaits it; one that ignores it may overshoot a queue by what it emits
 * for a single frame, which is counted.
 */
export type Emit = (port: string, payload: Payload, options?: EmitOptions) => Promise<void> | undefined;

export type LogLevel = "debug" | "info" | "warn" | "error";
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, JsonValue>>) => void;

/** What the runtime gives to one instance of a node. */
export interface NodeContext {
  /** The name of the instance in its pipeline, such as `vad` or `Resample#2`. */
  readonly id: string;
  /** Where the instance stands in the `.mesh` file. */
  readonly location: Location;
  readonly session: { readonly id: string };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Aborts when the session is torn down; long work must heed it. */
  readonly signal: AbortSignal;
  /** The fixed format of each port, by port name: every dimension holds exactly one value. */
  readonly formats: {
    readonly inputs: Readonly<Record<string, FlowType>>;
    readonly outputs: Readonly<Record<string, FlowType>>;
  };
  readonly emit: Emit;
}

/** One running instance: belongs to one session, is called by one frame at a time. */
export interface NodeInstance {
  /** Takes one frame of the input `port`. What it throws or rejects with ends its session's branch. */
  process?(frame: Frame, port: string): void | Promise<void>;
  /** All inputs have ended: emit what is left. The outputs end when it returns. */
  end?(): void | Promise<void>;
  /** A new epoch has begun: drop what is half done. */
  flush?(epoch: number): void;
  /** Runs a source, a node without inputs; the outputs end when it returns. */
  run?(): Promise<void>;
  /** Frees what `open` took; called exactly once, whatever happened before. */
  close?(): void | Promise<void>;
}

/** Parameter values by name, checked and defaulted by the compiler against the node's signature. */
export type Params = Readonly<Record<string, JsonValue>>;

/** The code behind a `node` declaration. */
export interface NodeDefinition<P extends Params = Params> {
  /**
   * True when `process` always finishes before it returns, in microseconds rather than milliseconds. The executor
   * then calls it in line with its producer, without a queue between.
   */
  readonly sync?: boolean;
  /**
   * Makes an instance for one session.
   * @throws {MeshError} `dependency-missing` when a package, library or model is not installed, with a hint
   */
  open(params: P, context: NodeContext): NodeInstance | Promise<NodeInstance>;
}

/** Declares the implementation of a node; the export carries the name of the `node` in the `.mesh` file. */
export function defineNode<P extends Params = Params>(definition: NodeDefinition<P>): NodeDefinition {
  // Parameters are verified against the signature when the plan is made, so the widening is sound.
  return definition as unknown as NodeDefinition;
}
