import type { LetSyntax, NameSyntax, OptionsSyntax, PipelineSyntax, RemoteSyntax, Span } from "../../grammar/syntax.ts";
import type { PlanValue, PolicyPlan, RunPlan, SplitPlan } from "../../runtime/interface/plan.ts";
import type { Cell, Copies, SolvedType } from "./cells.ts";
import type { ParameterInfo } from "./parameter.ts";
import type { DeclarationSymbol } from "./program.ts";
import type { PortInfo, Signature } from "./signature.ts";

export type PipelineSymbol = DeclarationSymbol<PipelineSyntax>;

/** One box of the drawing: a node, a pipeline that stands where a node may, or a remote. */
export interface Instance {
  readonly id: string;
  readonly kind: "node" | "pipeline" | "remote";
  readonly signature: Signature;
  readonly args: ReadonlyMap<string, PlanValue>;
  /** Cells of parameters that appear in caps. */
  readonly paramCells: ReadonlyMap<string, Cell>;
  readonly inputs: ReadonlyMap<string, SolvedType>;
  readonly outputs: ReadonlyMap<string, SolvedType>;
  /** Where it is named, in the file of the pipeline. */
  readonly span: Span;
  /** Put in for a `~>`. */
  readonly inserted: boolean;
  /** How it is run; of a pipeline, how each of its nodes is that says nothing itself. */
  readonly run?: RunPlan | undefined;
  /** Of a pipeline: what stands here in its place, and where its cells are in this one. */
  readonly inlined?: { readonly checked: CheckedPipeline; readonly cells: Copies } | undefined;
}

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

/** One of the branches of a split, from 0. */
export interface BranchStep {
  readonly split: GraphSplit;
  readonly branch: number;
}

type SplitOf<K extends SplitPlan["kind"]> = Omit<Extract<SplitPlan, { kind: K }>, "id" | "location">;

/** `any`, `first` or `route`: where frames take one of several ways. */
export interface GraphSplit {
  readonly id: string;
  readonly span: Span;
  readonly plan: SplitOf<"any"> | SplitOf<"first"> | SplitOf<"route">;
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
  /** The branches that it belongs to, the outermost split first. */
  readonly branch: readonly BranchStep[];
  /** The branches of a `first` whose winning answers it carries, the innermost first. */
  readonly won: readonly BranchStep[];
  /** Converters between, in order; filled in by the solver. */
  chain: readonly Instance[];
}

/** `signal -> flush target` */
export interface GraphFlush {
  readonly from: GraphEnd;
  readonly branch: readonly BranchStep[];
  /** An instance, or a port of the pipeline by its name. */
  readonly target: Instance | string;
  readonly arrowSpan: Span;
}

/** A pipeline as boxes and arrows. */
export interface PipelineGraph {
  readonly symbol: PipelineSymbol;
  readonly signature: Signature;
  /** The pipeline's own ports; its inputs are sources inside, its outputs are targets. */
  readonly own: {
    readonly inputs: Map<string, SolvedType>;
    readonly outputs: Map<string, SolvedType>;
    /** Of its parameters that are part of a format, its own or that of a node. */
    readonly paramCells: Map<string, Cell>;
  };
  readonly instances: Map<string, Instance>;
  readonly lets: Map<string, LetSyntax>;
  readonly remotes: Map<string, RemoteSyntax>;
  readonly links: GraphLink[];
  readonly splits: GraphSplit[];
  readonly flushes: GraphFlush[];
}

/** A pipeline after checking: boxes, arrows and solved formats. */
export interface CheckedPipeline {
  readonly symbol: PipelineSymbol;
  readonly graph: PipelineGraph;
  readonly policies: ReadonlyMap<string, PolicyPlan>;
  /** Its parameters, with the limits that their uses inside put on them. */
  readonly params: ReadonlyMap<string, ParameterInfo>;
  /** By input: the outputs that its frames can reach without being held up by a node that delays. */
  readonly passes: ReadonlyMap<string, ReadonlySet<string>>;
  /** Nodes and remotes in it, those of the pipelines that stand in it included. */
  readonly size: number;
}

/** A key that tells the ports of a pipeline apart. */
export function endKey(end: GraphEnd): string {
  return end.instance === undefined ? end.port.name : `${end.instance.id}.${end.port.name}`;
}

/** The `let` or remote of a name. Unnamed nodes have an id too, which is no name that a program could use. */
export function namedInstance(graph: PipelineGraph, name: string): Instance | undefined {
  return graph.lets.has(name) || graph.remotes.has(name) ? graph.instances.get(name) : undefined;
}

/** As a reader of the program would call it: an unnamed node by its declaration, however many there are. */
export function nameOf({ id }: Pick<Instance, "id">): string {
  return id.replace(/#\d+$/, "");
}

/** The names that may stand in a flow of the pipeline. */
export function namesOf(graph: PipelineGraph): string[] {
  const { inputs, outputs } = graph.signature;
  return [...inputs.keys(), ...outputs.keys(), ...graph.lets.keys(), ...graph.remotes.keys()];
}

/** Where a name of the pipeline was declared. */
export function declarationOf(graph: PipelineGraph, name: string): Span | undefined {
  const port = graph.signature.inputs.get(name) ?? graph.signature.outputs.get(name);
  const member: { readonly name: NameSyntax } | undefined = graph.lets.get(name) ?? graph.remotes.get(name);
  return port?.span ?? member?.name.span;
}
