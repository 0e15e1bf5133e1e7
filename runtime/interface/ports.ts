import type { Payload } from "./frame.ts";

/** What the frames of a port carry, declared in code: `ports.floats` says `Float32Array` to TypeScript and at run time. */
export interface PortKind<P extends Payload = Payload> {
  readonly name: PortKindName;
  /** Only a type; never there. */
  readonly payload?: P;
}

export type PortKindName = "floats" | "integers" | "bytes" | "text" | "number" | "boolean" | "value" | "pulse";

/** Ports by name, as a node declares them in code. */
export type PortKinds = Readonly<Record<string, PortKind>>;

/** The payloads of declared ports, by name. */
export type PayloadsOf<Ports> = {
  readonly [Port in keyof Ports]: Ports[Port] extends PortKind<infer P> ? P : Payload;
};

/** The kinds of ports that code can declare; a session whose program says otherwise is refused before it starts. */
export const ports = {
  /** `audio<pcm_f32>`: samples in -1..1, channels interleaved. */
  floats: { name: "floats" } as PortKind<Float32Array>,
  /** `audio<pcm_s16>`: channels interleaved. */
  integers: { name: "integers" } as PortKind<Int16Array>,
  /** Encoded sound and pictures, tensors, `bytes`. */
  bytes: { name: "bytes" } as PortKind<Uint8Array>,
  text: { name: "text" } as PortKind<string>,
  /** `int`, `float` and all quantities with units. */
  number: { name: "number" } as PortKind<number>,
  boolean: { name: "boolean" } as PortKind<boolean>,
  /** A `signal`. */
  pulse: { name: "pulse" } as PortKind<null>,
  /** Records, enums, lists, maps, `json`; the type parameter says what is expected of them. */
  value: <P extends Payload>(): PortKind<P> => ({ name: "value" }),
} as const;
