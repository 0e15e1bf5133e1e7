/**
 * A program as its author thinks of it, for the soundness tests: what is declared, and which port leads to which. It knows
 * nothing of the compiler, so that what the tests expect of a frame does not come from the code that they test.
 */

/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A value of a dimension: a codec, a number in base units, a picture size. */
export type Value = string | number | Size;

/** One value, or an inclusive range of which either end may be open. */
export type Alternative = { readonly value: Value } | { readonly min?: Value; readonly max?: Value };

export type Dim =
  | { readonly kind: "values"; readonly values: readonly Alternative[] }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "parameter"; readonly name: string };

export type MediaKind = "audio" | "video" | "tensor";

/** `dims` holds what is written: `codec`, `rate`, …; of a tensor `element`, and its sides from `side0` on. */
export interface Media {
  readonly kind: "media";
  readonly media: MediaKind;
  readonly dims: Readonly<Record<string, Dim>>;
  /** The number of sides; undefined where no shape is written. */
  readonly rank?: number;
}

export interface Scalar {
  readonly kind: "scalar";
  readonly name: string;
  readonly min?: Value;
  readonly max?: Value;
  readonly pattern?: string;
}

export interface Enum {
  readonly kind: "enum";
  readonly name: string;
  readonly file: FileName;
  readonly values: readonly string[];
}

export interface Field {
  readonly name: string;
  readonly type: Data;
  readonly default?: Value | boolean;
}

export interface RecordType {
  readonly kind: "record";
  readonly name: string;
  readonly file: FileName;
  readonly fields: Field[];
}

export type Data =
  | Scalar
  | Enum
  | RecordType
  | { readonly kind: "list"; readonly element: Data }
  | { readonly kind: "map"; readonly element: Data }
  | { readonly kind: "optional"; readonly element: Data };

export type PortType = Media | Data | { readonly kind: "signal" };

export interface Port {
  name: string;
  type: PortType;
  readonly optional: boolean;
}

export interface Param {
  readonly name: string;
  readonly type: Scalar;
  readonly default?: Value;
}

export interface Variable {
  readonly name: string;
  readonly dimension: string;
  readonly bound?: readonly Alternative[];
}

export type FileName = "main.mesh" | "types.mesh";

/** What nodes, pipelines and interfaces have in common. */
export interface Signature {
  readonly name: string;
  readonly file: FileName;
  readonly params: Param[];
  readonly inputs: Port[];
  readonly outputs: Port[];
  join?: "index" | "latest" | "time";
}

export interface NodeDecl extends Signature {
  readonly kind: "node";
  readonly variables: Variable[];
  /** Its cost, where `~>` may insert it. */
  readonly converts?: number;
  delays?: boolean;
}

export interface InterfaceDecl extends Signature {
  readonly kind: "interface";
}

export interface PipelineDecl extends Signature {
  readonly kind: "pipeline";
  conformsTo?: InterfaceDecl;
  readonly uses: Use[];
  readonly flows: Flow[];
  /** What the flows say, port by port. */
  readonly links: Link[];
  flushes: number;
}

/** The value of an argument: written out, or a parameter of the pipeline around. */
export type Argument = { readonly value: Value; readonly scalar: string } | { readonly param: string };

/** A `let`, a `remote` or an unnamed node in place. */
export interface Use {
  readonly kind: "let" | "inline" | "remote";
  /** No other use in the program has it; of an unnamed node, the name of the node. */
  readonly id: string;
  readonly of: NodeDecl | PipelineDecl | InterfaceDecl;
  readonly args: Record<string, Argument>;
  /** Of a remote, in order. */
  readonly targets: Target[];
}

export type Target =
  | { readonly kind: "peer"; readonly peer: Peer; readonly pipeline: PipelineDecl }
  | { readonly kind: "uri"; readonly peer: Peer; readonly pipeline: PipelineDecl }
  | { readonly kind: "local"; readonly of: PipelineDecl | NodeDecl; readonly args: Record<string, Argument> };

export interface Peer {
  readonly name: string;
  readonly runs: { readonly pipeline: PipelineDecl; readonly args: Record<string, Argument> }[];
}

/** A port of a use or, with `use` undefined, of the pipeline around. */
export interface End {
  readonly use: Use | undefined;
  readonly port: Port;
}

export interface Arrow {
  adapt: boolean;
}

export interface Link {
  readonly from: End;
  readonly to: End;
  readonly arrow: Arrow;
  /** False where a frame may take another way instead. */
  readonly always: boolean;
}

export interface Flow {
  readonly source: Step;
  readonly hops: Hop[];
}

export interface Hop {
  readonly arrow: Arrow;
  readonly step: Step;
  readonly options?: string;
}

export interface Branch {
  readonly source: Step;
  readonly hops: Hop[];
}

export type Step =
  /** `a`, `a.port`, `Node(…)`, `Node(…).port` */
  | { readonly kind: "end"; readonly end: End; readonly named: boolean }
  | { readonly kind: "group"; readonly branches: readonly Branch[] }
  | { readonly kind: "any"; readonly policy: string; readonly branches: readonly Branch[] }
  | {
      readonly kind: "route";
      readonly field: string;
      /** The text of each match; the last one is `else`. */
      readonly cases: readonly { readonly match: string; readonly hops: Hop[] }[];
    }
  | { readonly kind: "flush"; readonly use: Use };

export interface Program {
  readonly enums: Enum[];
  readonly records: RecordType[];
  readonly nodes: NodeDecl[];
  readonly interfaces: InterfaceDecl[];
  /** Those that stand in others come first; the last one is what the tests run. */
  readonly pipelines: PipelineDecl[];
  readonly peers: Peer[];
}

export const mediaDims: Readonly<Record<MediaKind, readonly string[]>> = {
  audio: ["codec", "rate", "channels"],
  video: ["codec", "size", "fps"],
  tensor: ["element"],
};

export function isMedia(type: PortType): type is Media {
  return type.kind === "media";
}

/** The word for a dimension where a variable stands for it. */
export function dimensionWord(dim: string): string {
  return dim.startsWith("side") ? "side" : dim;
}
