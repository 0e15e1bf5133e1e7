import type { LetSyntax, OptionsSyntax, RemoteSyntax, Span } from "../../grammar/syntax.ts";
import type { SolvedType } from "./cells.ts";
import type { Instance, PortTypes } from "./instances.ts";
import type { SignatureSymbol } from "./program.ts";
import type { PortInfo, Signature } from "./signature.ts";

/** One end of a link: a port of an instance, or of the pipeline itself. */
export interface GraphEnd {
  /** Undefined for a port of the pipeline itself. */
  readonly instance: Instance | undefined;
  readonly port: PortInfo;
  readonly type: SolvedType;
  /** As the program names it: `vad.speech`, `mic`. */
  readonly text: string;
  /** Where the program names it. */
  readonly span: Span;
}

/** One arrow between two ports. */
export interface GraphLink {
  readonly from: GraphEnd;
  readonly to: GraphEnd;
  /** `~>`: converters may be put in. */
  readonly adapt: boolean;
  readonly arrowSpan: Span;
  /** Links that merge by one `[ ]` share it. */
  readonly statement: object;
  readonly options: OptionsSyntax | undefined;
  /** Converters between, in order; filled in by the solver. */
  chain: readonly Instance[];
}

/** A pipeline as boxes and arrows. */
export interface PipelineGraph {
  readonly symbol: SignatureSymbol;
  readonly signature: Signature;
  /** The pipeline's own ports; its inputs are sources inside, its outputs are targets. */
  readonly own: PortTypes;
  readonly instances: Map<string, Instance>;
  readonly lets: Map<string, LetSyntax>;
  readonly remotes: Map<string, RemoteSyntax>;
  readonly links: GraphLink[];
}

/** A key that tells the ports of a pipeline apart. */
export function endKey(end: GraphEnd): string {
  return end.instance === undefined ? end.port.name : `${end.instance.id}.${end.port.name}`;
}
