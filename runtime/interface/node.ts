import type { FlowType } from "./caps.ts";
import type { Clock } from "./clock.ts";
import type { Location } from "./errors.ts";
import type { Frame, JsonValue, Payload } from "./frame.ts";
import type { PayloadsOf, PortKinds } from "./ports.ts";
import type { Random } from "./random.ts";

export interface EmitOptions {
  /** Media time in microseconds; by default that of the frame in work. */
  readonly timestampUs?: number;
  /** `FrameFlag` bits; 0 by default. */
  readonly flags?: number;
  /**
   * The node gives a typed array away and neither reads nor writes it again. On a thread of its own, one that fills its
   * buffer is then moved to the pipeline in place of a copy. False by default.
   */
  readonly transfer?: boolean;
}

/**
 * Sends a payload out of a port of the node.
 *
 * Returns `undefined` when the next one may follow at once, else a promise that resolves when there is room again. A
 * node that emits many frames for one input awaits it; one that ignores it may overshoot a queue by what it emits
 * for a single frame, which is counted. What a node emits for a frame that has become stale is dropped, counted.
 */
export type Emit<Outputs = Readonly<Record<string, Payload>>> = <Port extends keyof Outputs & string>(
  port: Port,
  payload: Outputs[Port],
  options?: EmitOptions,
) => Promise<void> | undefined;

/** Tells an emission from a payload also where code and pipeline each have a runtime of their own, as on a thread. */
const emissionMark: unique symbol = Symbol.for("pipeline-mesh.emission");

/** What a node returns or yields to send by a port of its choice. */
export class Emission {
  readonly port: string;
  readonly payload: Payload;
  readonly options: EmitOptions | undefined;
  readonly [emissionMark] = true;

  constructor(port: string, payload: Payload, options?: EmitOptions) {
    this.port = port;
    this.payload = payload;
    this.options = options;
  }
}

/** A payload for a named port: `yield emission("words", "hello")`. */
export function emission(port: string, payload: Payload, options?: EmitOptions): Emission {
  return new Emission(port, payload, options);
}

export type LogLevel = "debug" | "info" | "warn" | "error";
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, JsonValue>>) => void;

/** Figures that a node keeps of its own work; `describe()` shows them beside the node. */
export interface NodeMetrics {
  /** Adds to a counter. */
  count(name: string, more?: number): void;
  /** Sets a gauge: what holds now. */
  set(name: string, value: number): void;
  /** One sample of a measurement; the mean of the latest is shown. */
  record(name: string, value: number): void;
}

/**
 * Buffers for the payloads that a node sends, which come back once all who read them have done so: a steady stream then
 * needs no new memory for each frame. Whatever was in one before may still be; in development that is NaN, 32767 or 255.
 *
 * A buffer is sent before the node is called again, or not at all, and from then on left alone, as any payload. Where
 * one of its readers may keep it (a caller, a remote, a node that does not say `borrows`), and before the first call of
 * the node, it is a new one.
 */
export interface PayloadBuffers {
  /** @param length in samples; of all channels together @throws {RangeError} as the constructors of typed arrays do */
  float32(length: number): Float32Array<ArrayBuffer>;
  int16(length: number): Int16Array<ArrayBuffer>;
  uint8(length: number): Uint8Array<ArrayBuffer>;
}

/** Which session an instance belongs to, and for whom that works. */
export interface SessionIdentity {
  readonly id: string;
  /**
   * Id of the session in which it began: of the caller's, where that is on another peer and asks on behalf of somebody, and so on; the own
   * one where nobody did. Of a `batch` pipeline it is that of the call in work, as is the trace.
   */
  readonly origin: string;
  /** Of W3C Trace Context, as the caller has said it: a header `traceparent`, and the `tracestate` with it. */
  readonly traceParent?: string | undefined;
  readonly traceState?: string | undefined;
}

/** What the runtime gives to one instance of a node. */
export interface NodeContext<Inputs = Readonly<Record<string, Payload>>, Outputs = Readonly<Record<string, Payload>>> {
  /** The name of the instance in its pipeline, such as `vad` or `Resample#2`. */
  readonly id: string;
  /** Where the instance stands in the `.mesh` file. */
  readonly location: Location;
  readonly session: SessionIdentity;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: NodeMetrics;
  readonly buffers: PayloadBuffers;
  /** Aborts when the instance is torn down; long work must heed it. */
  readonly signal: AbortSignal;
  /** The fixed format of each port, by port name: every dimension holds exactly one value. */
  readonly formats: {
    readonly inputs: { readonly [Port in keyof Inputs]: FlowType };
    readonly outputs: { readonly [Port in keyof Outputs]: FlowType };
  };
  readonly emit: Emit<Outputs>;
  /** Fails the node for what no call can throw: of a socket, a timer or a thread of its own. After its end it does nothing. */
  readonly fail: (error: unknown) => void;
}

/** The call that is in work. */
export interface Work {
  /**
   * Aborts when the answer is not wanted any more: the epoch has ended, another branch of a `first` has won, the session
   * is over. Made when it is first asked for.
   */
  readonly signal: AbortSignal;
}

/** What is sent by the only output of the node that is no signal, or by a port of its own. */
type Sent<Outputs> = Outputs[keyof Outputs] | Emission;

/**
 * What comes of a call into a node. A payload that it returns, resolves with or yields goes out by the only output that
 * is no signal, with the media time of the frame in work (what it returns: with its flags too); an `Emission` by the port it
 * names; `undefined` sends nothing. Between what it yields, a generator waits for room, and it is closed when its epoch ends.
 */
export type Outcome<Outputs> =
  | void
  | undefined
  | Sent<Outputs>
  | Promise<void | undefined | Sent<Outputs>>
  | Generator<Sent<Outputs> | undefined, void>
  | AsyncGenerator<Sent<Outputs> | undefined, void>;

/** The arguments of `process`: a frame together with the name of the input it came in by. */
export type Received<Inputs> = {
  [Port in keyof Inputs & string]: [frame: FrameOf<Inputs[Port]>, port: Port, work: Work];
}[keyof Inputs & string];

type FrameOf<P> = Frame<P extends Payload ? P : Payload>;

/** What all frames that come of one have in common with it. */
export type FrameHeader = Pick<Frame, "timestampUs" | "epoch" | "flags">;

/** One running instance: belongs to one session, is called by one frame at a time. */
export interface NodeInstance<Inputs = Readonly<Record<string, Payload>>, Outputs = Readonly<Record<string, Payload>>> {
  /** Takes one frame of an input. What it throws or rejects with is a failure of the node. */
  process?(...received: Received<Inputs>): Outcome<Outputs>;
  /**
   * For the only input that is no signal, in place of `process`: one payload in, one out or, with `undefined`, none. The
   * quickest form, for no frames are made between two nodes that have it. The frame that comes out has the same header.
   */
  map?(payload: Inputs[keyof Inputs], header: FrameHeader): Outputs[keyof Outputs] | undefined;
  /** Takes a whole set of a node whose signature has `join`: one frame of each of the inputs that are joined. */
  join?(frames: { readonly [Port in keyof Inputs]: FrameOf<Inputs[Port]> }, work: Work): Outcome<Outputs>;
  /** Runs a source, a node without inputs; the outputs end when it returns. */
  run?(): Promise<void> | AsyncGenerator<Sent<Outputs> | undefined, void>;
  /** All inputs have ended: emit what is left. The outputs end when it is done. */
  end?(): Outcome<Outputs>;
  /** A new epoch has begun: drop what is half done. May come while `process` is at work. */
  flush?(epoch: number): void;
  /**
   * Who reads an output needs a picture that decodes by itself: it came late, or has missed some. For a node that encodes: its next
   * frame should be a key frame. Left out, what feeds the video inputs of the node is asked. Comes while `process` is at work, too, and
   * at most four times a second for an output.
   */
  requestKeyFrame?(port: string): void;
  /** Frees what `open` took; called exactly once, whatever happened before. */
  close?(): void | Promise<void>;
}

/** Parameter values by name, checked and defaulted by the compiler against the node's signature. */
export type Params = Readonly<Record<string, JsonValue>>;

/** What a `node` of a program declares, as types: its parameters, and what its inputs and outputs carry, by name. */
export interface NodeTypes {
  readonly params: object;
  readonly inputs: object;
  readonly outputs: object;
}

/** A validator as of the Standard Schema specification, version 1 (https://standardschema.dev); Zod schemas are such. */
export interface ParameterSchema<P = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<P> | Promise<SchemaResult<P>>;
    readonly types?: { readonly input: unknown; readonly output: P } | undefined;
  };
}

type SchemaResult<P> = { readonly value: P; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The code behind a `node` declaration, as the executor sees it. */
export interface NodeDefinition {
  /**
   * True when `process` always finishes before it returns, in microseconds rather than milliseconds. The executor
   * then calls it in line with its producer, without a queue between.
   */
  readonly sync?: boolean;
  /**
   * True when it neither keeps a typed array that it was given beyond the call, nor sends it on, or a view of its memory:
   * its producer may then fill the same buffer again; see `NodeContext.buffers`. A call that waits lasts until it is settled.
   */
  readonly borrows?: boolean;
  /** Checks the parameters once more when an instance opens, and may turn them into what the code works with. */
  readonly parameters?: ParameterSchema;
  /** What the code takes and gives; has to agree with the signature. Ports of the signature may be missing here. */
  readonly inputs?: PortKinds;
  readonly outputs?: PortKinds;
  /**
   * Makes an instance for one session.
   * @throws {MeshError} `dependency-missing` when a package, library or model is not installed, with a hint
   */
  open(params: Params, context: NodeContext): NodeInstance | Promise<NodeInstance>;
}

/** By which TypeScript knows the contract of code; nothing is there at run time. */
declare const contract: unique symbol;

/** The code of a node that was declared by `defineNode`, with what it is given, takes and sends, as types. */
export interface DefinedNode<Contract extends NodeTypes = NodeTypes> extends NodeDefinition {
  readonly [contract]?: Contract;
}

type ParamsOf<T> = T extends NodeTypes ? T["params"] : T;
type InputsOf<T, Declared> = T extends NodeTypes ? T["inputs"] : PayloadsOf<Declared>;
type OutputsOf<T, Declared> = T extends NodeTypes ? T["outputs"] : PayloadsOf<Declared>;

/** The code of a node with types: of its parameters alone, of its whole signature, or taken from what it declares. */
export interface NodeCode<
  Types extends object,
  Inputs extends PortKinds,
  Outputs extends PortKinds,
  Parsed = ParamsOf<Types>,
> {
  readonly sync?: boolean;
  readonly borrows?: boolean;
  readonly parameters?: ParameterSchema<Parsed>;
  readonly inputs?: Inputs;
  readonly outputs?: Outputs;
  open(
    params: Parsed,
    context: NodeContext<InputsOf<Types, Inputs>, OutputsOf<Types, Outputs>>,
  ): Opened<InputsOf<Types, Inputs>, OutputsOf<Types, Outputs>>;
}

/** The contract of code; where it says nothing of its ports, they may be any. */
export interface ContractOf<Types extends object, Inputs extends PortKinds, Outputs extends PortKinds> {
  readonly params: ParamsOf<Types>;
  readonly inputs: InputsOf<Types, Inputs> & object;
  readonly outputs: OutputsOf<Types, Outputs> & object;
}

type Opened<Inputs, Outputs> = NodeInstance<Inputs, Outputs> | Promise<NodeInstance<Inputs, Outputs>>;

/**
 * Declares the implementation of a node; the export carries the name of the `node` in the `.mesh` file.
 *
 * ```ts
 * export const Upper = defineNode({ sync: true, open: () => ({ map: (text) => String(text).toUpperCase() }) });
 * ```
 *
 * `Types` is the type of the parameters, `defineNode<{ gain: number }>`, or of the whole signature, as the build writes it:
 * `defineNode<GainContract>`. Without it, types come from `parameters`, `inputs` and `outputs`.
 */
export function defineNode<
  Types extends object = Params,
  Inputs extends PortKinds = PortKinds,
  Outputs extends PortKinds = PortKinds,
  Parsed = ParamsOf<Types>,
>(code: NodeCode<Types, Inputs, Outputs, Parsed>): DefinedNode<ContractOf<Types, Inputs, Outputs>> {
  // Parameters are verified against the signature when the plan is made, declared ports when a session opens, so the
  // widening is sound.
  return code as unknown as DefinedNode<ContractOf<Types, Inputs, Outputs>>;
}
