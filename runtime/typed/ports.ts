import type { EmitOptions } from "../interface/node.ts";
import type { TypedFrame } from "./contract.ts";

/** What a Zod schema offers for a port; that of any version will do. */
export interface PortSchema<Out, In = Out> {
  safeParse(
    value: In,
  ): { readonly success: true; readonly data: Out } | { readonly success: false; readonly error: SchemaError };
}

interface SchemaError {
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
}

/** Where a program writes frames into a pipeline. */
export interface InputPort<T> {
  /** The name of the port in the pipeline. */
  readonly name: string;
  /** The negotiated format, such as `audio<opus, 48kHz, mono>`. */
  readonly format: string;
  /** True when the next `write` is taken at once. */
  readonly writable: boolean;
  /**
   * Sends one frame.
   *
   * @param options media time in microseconds and flags; by default the time follows from what was written before
   * where the format tells how long a frame is (PCM), else from the clock
   * @returns undefined when the frame was taken at once, otherwise a promise that resolves when there was room for it.
   * Awaiting either is all that back-pressure asks for.
   * @throws {MeshError} `invalid-argument` for what the port does not take, `channel-closed` after an end,
   * `channel-full` when more than a thousand writes wait
   */
  write(payload: T, options?: EmitOptions): Promise<void> | undefined;
  /**
   * For a program that encodes video: `listener` is called whenever a reader needs a picture that decodes by itself, because it came
   * late or has missed some. The last listener counts; without one, what is kept of the last key frame is sent again.
   */
  onKeyFrameRequest(listener: () => void): void;
  /** No more frames will follow; those written before are still delivered. Calling it again does nothing. */
  end(): void;
}

/**
 * Where a program reads frames from a pipeline: `for await (const caption of captions)`.
 *
 * The loop ends when the stream does, and throws the failure of the session. Who reads holds the pipeline back by not
 * reading on; while nobody reads, the latest frames are kept for later and older ones are dropped, so that an output that
 * is not of interest does not hold up the others.
 */
export interface OutputPort<T> extends AsyncIterable<T> {
  /** The name of the port in the pipeline. */
  readonly name: string;
  /** The negotiated format, such as `audio<opus, 48kHz, mono>`. */
  readonly format: string;
  /** How many frames were dropped because nobody read them. */
  readonly dropped: number;
  /**
   * For a program that decodes video: asks for a picture that decodes by itself, as soon as may be.
   * @returns false where nobody can be asked for one
   */
  requestKeyFrame(): boolean;
  /** Reads whole frames, with media time and flags, in place of payloads. */
  frames(): AsyncIterable<TypedFrame<T>>;
}

/** How a generated module describes an input of a pipeline. */
export interface InputSpec<T> {
  readonly direction: "in";
  /** The name of the port where the property has another one. */
  readonly port: string | undefined;
  readonly schema: PortSchema<unknown, T> | undefined;
}

/** How a generated module describes an output of a pipeline. */
export interface OutputSpec<T> {
  readonly direction: "out";
  /** The name of the port where the property has another one. */
  readonly port: string | undefined;
  readonly schema: PortSchema<T, never> | undefined;
}

/** The ports of a pipeline by the name of the property that stands for each. */
export type PortSpecs = Readonly<Record<string, InputSpec<never> | OutputSpec<unknown>>>;

/** What the descriptions of ports turn into once the pipeline runs. */
export type PortsOf<Specs> = {
  readonly [Name in keyof Specs]: Specs[Name] extends InputSpec<infer T>
    ? InputPort<T>
    : Specs[Name] extends OutputSpec<infer T>
      ? OutputPort<T>
      : never;
};

/**
 * Describes an input.
 * @param schema checks what is written; left out where the kind of the payload says it all
 */
export function inputPort<T>(schema?: PortSchema<unknown, T>, port?: string): InputSpec<T> {
  return { direction: "in", port, schema };
}

/**
 * Describes an output.
 * @param schema checks what is read and fills in defaults; left out where the kind of the payload says it all
 */
export function outputPort<T>(schema?: PortSchema<T, never>, port?: string): OutputSpec<T> {
  return { direction: "out", port, schema };
}
