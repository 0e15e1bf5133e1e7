/**
 * The typed syntax tree of a `.mesh` file: one discriminated union, a span on every node.
 *
 * The tree is built even from broken text. Where a part is missing, a `Name` has the text `""` and an empty span at
 * the place where it was expected, a list is shorter, and an optional part is `undefined`; readers must not assume
 * that a node which exists is complete (`isMissing` tells).
 */

/** Half-open range of UTF-16 code units in the source text: `start <= offset < end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

interface Node<K extends string> {
  readonly kind: K;
  readonly span: Span;
}

/** An identifier as written. `text` is empty when the parser expected a name and found none. */
export interface NameSyntax extends Node<"Name"> {
  readonly text: string;
}

export function isMissing(name: NameSyntax): boolean {
  return name.text === "";
}

/** A quoted string; `value` has its escapes resolved. */
export interface StringSyntax extends Node<"String"> {
  readonly value: string;
}

export interface FileSyntax extends Node<"File"> {
  readonly imports: ImportSyntax[];
  readonly declarations: DeclarationSyntax[];
}

/** `import { A, B as C } from "std/audio"` */
export interface ImportSyntax extends Node<"Import"> {
  readonly names: ImportNameSyntax[];
  readonly from: StringSyntax | undefined;
}

export interface ImportNameSyntax extends Node<"ImportName"> {
  readonly name: NameSyntax;
  readonly alias: NameSyntax | undefined;
}

export type DeclarationSyntax =
  | RecordSyntax
  | EnumSyntax
  | InterfaceSyntax
  | NodeSyntax
  | PipelineSyntax
  | PolicySyntax
  | PeerSyntax
  | ScenarioSyntax;

interface Declaration<K extends string> extends Node<K> {
  readonly name: NameSyntax;
  /** The text of the `///` lines before the declaration, markers removed, lines joined by "\n". */
  readonly documentation: string | undefined;
}

export interface RecordSyntax extends Declaration<"Record"> {
  readonly fields: FieldSyntax[];
}

/** `confidence: float in 0..1 = 0.5` in a record. */
export interface FieldSyntax extends Declaration<"Field"> {
  readonly type: TypeSyntax | undefined;
  readonly defaultValue: ExpressionSyntax | undefined;
}

export interface EnumSyntax extends Declaration<"Enum"> {
  readonly values: EnumValueSyntax[];
}

export interface EnumValueSyntax extends Declaration<"EnumValue"> {}

export interface InterfaceSyntax extends Declaration<"Interface"> {
  readonly batch: boolean;
  readonly members: SignatureMemberSyntax[];
}

export interface NodeSyntax extends Declaration<"Node"> {
  readonly batch: boolean;
  readonly variables: TypeVariableSyntax[];
  readonly parameters: ParameterSyntax[];
  readonly members: SignatureMemberSyntax[];
}

/**
 * `R: rate in 8kHz..48kHz` in `node Gain<R: rate>`; `dimension` is one of codec, rate, channels, size, fps, element,
 * side; the values after `in` bound what the variable may stand for.
 */
export interface TypeVariableSyntax extends Node<"TypeVariable"> {
  readonly name: NameSyntax;
  readonly dimension: NameSyntax;
  /** `8kHz..48kHz`, `opus | pcmu`; undefined where there is no bound. */
  readonly bound: CapSyntax | undefined;
}

/** `threshold: float in 0..1 = 0.5` in a parameter list. */
export interface ParameterSyntax extends Node<"Parameter"> {
  readonly name: NameSyntax;
  readonly type: TypeSyntax | undefined;
  readonly defaultValue: ExpressionSyntax | undefined;
}

/** What may stand in the signature of a node, an interface or a pipeline. */
export type SignatureMemberSyntax =
  | PortSyntax
  | RequiresSyntax
  | LatencySyntax
  | FromSyntax
  | ConvertsSyntax
  | JoinSyntax
  | MarkerSyntax;

/** `in mic: audio<opus>`; `name` is undefined for the short form `in audio<opus>`. */
export interface PortSyntax extends Node<"Port"> {
  readonly direction: "in" | "out";
  readonly name: NameSyntax | undefined;
  readonly type: TypeSyntax | undefined;
  readonly documentation: string | undefined;
}

/** `requires gpu.memory >= 8GiB, codecs(opus)` */
export interface RequiresSyntax extends Node<"Requires"> {
  readonly conditions: ConditionSyntax[];
}

/** `latency 120ms` */
export interface LatencySyntax extends Node<"Latency"> {
  readonly value: ExpressionSyntax | undefined;
}

/** `from "./answer.ts"` */
export interface FromSyntax extends Node<"From"> {
  readonly path: StringSyntax | undefined;
}

/** `converts at cost 2` */
export interface ConvertsSyntax extends Node<"Converts"> {
  readonly cost: ExpressionSyntax | undefined;
}

/** `join time within 20ms`, `join index`, `join latest` */
export interface JoinSyntax extends Node<"Join"> {
  readonly mode: NameSyntax;
  readonly within: ExpressionSyntax | undefined;
}

/** A word that stands alone in a signature: `delays`, `idempotent`. */
export interface MarkerSyntax extends Node<"Marker"> {
  readonly marker: "delays" | "idempotent";
}

export interface PipelineSyntax extends Declaration<"Pipeline"> {
  readonly batch: boolean;
  readonly parameters: ParameterSyntax[];
  readonly conformsTo: NameSyntax | undefined;
  readonly members: PipelineMemberSyntax[];
}

export type PipelineMemberSyntax = SignatureMemberSyntax | LetSyntax | RemoteSyntax | FlowSyntax | BudgetSyntax;

/** `let vad = Vad(threshold: 0.6) with { worker: true }` */
export interface LetSyntax extends Node<"Let"> {
  readonly name: NameSyntax;
  readonly value: InstanceSyntax | undefined;
  readonly options: OptionsSyntax | undefined;
}

/** `Vad(threshold: 0.6)`: a node or pipeline applied to arguments. */
export interface InstanceSyntax extends Node<"Instance"> {
  readonly callee: NameSyntax;
  readonly arguments: ArgumentSyntax[];
}

export interface ArgumentSyntax extends Node<"Argument"> {
  readonly name: NameSyntax;
  readonly value: ExpressionSyntax | undefined;
}

/** `budget 400ms mic -> speaker` */
export interface BudgetSyntax extends Node<"Budget"> {
  readonly limit: ExpressionSyntax | undefined;
  readonly from: PortReferenceSyntax | undefined;
  readonly to: PortReferenceSyntax | undefined;
}

/** `vad.speech`, `mic` */
export interface PortReferenceSyntax extends Node<"PortReference"> {
  readonly target: NameSyntax;
  readonly port: NameSyntax | undefined;
}

// ---- remotes, policies, peers ---------------------------------------------------------------------------------

/** `remote stt: Transcriber with patient { … }` */
export interface RemoteSyntax extends Node<"Remote"> {
  readonly name: NameSyntax;
  readonly interface: NameSyntax | undefined;
  readonly policy: NameSyntax | undefined;
  readonly targets: TargetSyntax[];
  readonly clauses: PolicyClauseSyntax[];
  readonly documentation: string | undefined;
}

/** One `at …` or `else …` line. */
export interface TargetSyntax extends Node<"Target"> {
  readonly role: "at" | "else";
  readonly value: TargetValueSyntax | undefined;
}

export type TargetValueSyntax = PeerTargetSyntax | UriTargetSyntax | ServiceTargetSyntax | InstanceSyntax;

/** `gpu.Hearing` */
export interface PeerTargetSyntax extends Node<"PeerTarget"> {
  readonly peer: NameSyntax;
  readonly pipeline: NameSyntax;
}

/** `"webrtc://host:7443/speaker"` or `env("STT_URI", "webrtc://…")` */
export interface UriTargetSyntax extends Node<"UriTarget"> {
  readonly uri: StringSyntax | CallSyntax;
}

/** `service "speaker" where gpu.memory >= 8GiB, prefer fastest` */
export interface ServiceTargetSyntax extends Node<"ServiceTarget"> {
  readonly name: StringSyntax | undefined;
  readonly where: ConditionSyntax[];
  readonly prefer: NameSyntax | undefined;
}

export interface PolicySyntax extends Declaration<"Policy"> {
  readonly clauses: PolicyClauseSyntax[];
}

export type PolicyClauseSyntax =
  | RetrySyntax
  | TimeoutSyntax
  | BreakerSyntax
  | ViaSyntax
  | ResumeSyntax
  | StandbySyntax
  | AuthSyntax
  | FailbackSyntax;

/** `retry 5 times, backoff 100ms..5s` */
export interface RetrySyntax extends Node<"Retry"> {
  readonly times: ExpressionSyntax | undefined;
  readonly backoff: ExpressionSyntax | undefined;
}

/** `timeout connect 3s, idle 10s` */
export interface TimeoutSyntax extends Node<"Timeout"> {
  readonly entries: TimeoutEntrySyntax[];
}

export interface TimeoutEntrySyntax extends Node<"TimeoutEntry"> {
  readonly name: NameSyntax;
  readonly value: ExpressionSyntax | undefined;
}

/** `breaker 5 failures in 30s, open 10s` */
export interface BreakerSyntax extends Node<"Breaker"> {
  readonly failures: ExpressionSyntax | undefined;
  readonly window: ExpressionSyntax | undefined;
  readonly open: ExpressionSyntax | undefined;
}

/** `via auto | webrtc | grpc` */
export interface ViaSyntax extends Node<"Via"> {
  readonly transport: NameSyntax;
}

/** `resume 10s` */
export interface ResumeSyntax extends Node<"Resume"> {
  readonly value: ExpressionSyntax | undefined;
}

/** `standby on | off` */
export interface StandbySyntax extends Node<"Standby"> {
  readonly choice: NameSyntax;
}

/** `auth mtls "spiffe://example.com/gpu"` */
export interface AuthSyntax extends Node<"Auth"> {
  readonly method: NameSyntax;
  readonly identity: StringSyntax | undefined;
}

/** `failback after 30s` */
export interface FailbackSyntax extends Node<"Failback"> {
  readonly after: ExpressionSyntax | undefined;
}

export interface PeerSyntax extends Declaration<"Peer"> {
  readonly members: PeerMemberSyntax[];
}

export type PeerMemberSyntax = RunsSyntax | PeerStringsSyntax | ProvidesSyntax;

/** `runs Hearing(model: "tiny") as "transcriber" shared` */
export interface RunsSyntax extends Node<"Runs"> {
  readonly instance: InstanceSyntax;
  readonly as: StringSyntax | undefined;
  readonly shared: boolean;
}

/** `listens "webrtc://…", "grpc://…"` and the other members that are a list of strings (or `env(…)` calls). */
export interface PeerStringsSyntax extends Node<"PeerStrings"> {
  readonly member: "listens" | "registers" | "allows" | "admin";
  readonly values: (StringSyntax | CallSyntax)[];
}

/** `provides gpu(memory: 24GiB), cuda(12.4), codecs(opus), slots(8)` */
export interface ProvidesSyntax extends Node<"Provides"> {
  readonly capabilities: CapabilitySyntax[];
}

/** `gpu`, `gpu(memory: 24GiB)`, `cuda(12.4)`, `codecs(opus, vp8)` */
export interface CapabilitySyntax extends Node<"Capability"> {
  readonly name: NameSyntax;
  /** Positional values have no name. */
  readonly values: CapabilityValueSyntax[];
}

export interface CapabilityValueSyntax extends Node<"CapabilityValue"> {
  readonly name: NameSyntax | undefined;
  readonly value: ExpressionSyntax | undefined;
}

/**
 * What must hold of a candidate: alternatives joined by `or`; a list of conditions is joined by `,`, which binds less.
 */
export interface ConditionSyntax extends Node<"Condition"> {
  readonly alternatives: (ComparisonSyntax | CapabilitySyntax)[];
}

/** `gpu.memory >= 8GiB`; `operator` is one of `== != >= > <= <`. */
export interface ComparisonSyntax extends Node<"Comparison"> {
  /** `["gpu", "memory"]` */
  readonly property: NameSyntax[];
  readonly operator: ComparisonOperator;
  readonly value: ExpressionSyntax | undefined;
}

export type ComparisonOperator = "==" | "!=" | ">=" | ">" | "<=" | "<";

// ---- flows ----------------------------------------------------------------------------------------------------

/** One statement of arrows: `mic ~> vad -> [stt, log] with { buffer: 4 }`. */
export interface FlowSyntax extends Node<"Flow"> {
  readonly source: StepSyntax;
  readonly hops: HopSyntax[];
}

/** An arrow and the step after it. `step` is undefined in an unfinished `mic ->`. */
export interface HopSyntax extends Node<"Hop"> {
  /** `->` never converts, `~>` lets the compiler insert converters. */
  readonly arrow: "->" | "~>";
  readonly arrowSpan: Span;
  readonly step: StepSyntax | undefined;
  readonly options: OptionsSyntax | undefined;
}

export type StepSyntax =
  | EndpointSyntax
  | InlineSyntax
  | GroupSyntax
  | AnySyntax
  | FirstSyntax
  | RouteSyntax
  | FlushSyntax;

/** `mic`, `vad.speech`: a port, `let`, `remote`, with an optional port of it. */
export interface EndpointSyntax extends Node<"Endpoint"> {
  readonly target: NameSyntax;
  readonly port: NameSyntax | undefined;
}

/** `Vad(threshold: 0.6)`, `Vad().speech`: an unnamed node in place. */
export interface InlineSyntax extends Node<"Inline"> {
  readonly instance: InstanceSyntax;
  readonly port: NameSyntax | undefined;
}

/** `[a, b -> c]`: fan-out after an arrow, merge before one. */
export interface GroupSyntax extends Node<"Group"> {
  readonly branches: BranchSyntax[];
}

/** One branch of a group: a step and the hops that follow inside the brackets. */
export interface BranchSyntax extends Node<"Branch"> {
  readonly source: StepSyntax;
  /** Of the link that leads to the step: `[a with { buffer: 8 }, b]`. */
  readonly options: OptionsSyntax | undefined;
  readonly hops: HopSyntax[];
}

/** `any(round_robin) [b, c]`, `any(hash(user)) [b, c]` */
export interface AnySyntax extends Node<"Any"> {
  readonly policy: NameSyntax;
  /** `["origin", "city"]`; empty where there are no parentheses. */
  readonly field: NameSyntax[];
  readonly group: GroupSyntax | undefined;
}

/** `first(stagger: 50ms) [b, c]` */
export interface FirstSyntax extends Node<"First"> {
  readonly arguments: ArgumentSyntax[];
  readonly group: GroupSyntax | undefined;
}

/** `route language { "en" -> b, "de" -> c, else -> d }` */
export interface RouteSyntax extends Node<"Route"> {
  readonly field: NameSyntax[];
  readonly cases: RouteCaseSyntax[];
}

export interface RouteCaseSyntax extends Node<"RouteCase"> {
  /** Undefined for `else`. */
  readonly match: ExpressionSyntax | undefined;
  readonly hops: HopSyntax[];
}

/** `flush answer` */
export interface FlushSyntax extends Node<"Flush"> {
  readonly target: NameSyntax;
}

/** `with { buffer: 64, overflow: drop_oldest }` */
export interface OptionsSyntax extends Node<"Options"> {
  readonly entries: ArgumentSyntax[];
}

// ---- scenarios ------------------------------------------------------------------------------------------------

/** `scenario "the GPU dies" for Assistant { … }`; `name` carries the title. */
export interface ScenarioSyntax extends Node<"Scenario"> {
  readonly title: StringSyntax | undefined;
  readonly pipeline: NameSyntax;
  readonly steps: ScenarioStepSyntax[];
  readonly documentation: string | undefined;
}

export type ScenarioStepSyntax = AtStepSyntax | FeedStepSyntax | ExpectStepSyntax;

/** `at 2s kill gpu`, `at 1s delay edge..gpu 80ms` */
export interface AtStepSyntax extends Node<"AtStep"> {
  readonly time: ExpressionSyntax | undefined;
  /** kill, pause, resume, cut, heal, delay, lose */
  readonly action: NameSyntax;
  readonly peer: NameSyntax | undefined;
  /** The other end of a path `a..b`. */
  readonly otherPeer: NameSyntax | undefined;
  readonly value: ExpressionSyntax | undefined;
}

/** `feed mic from "question.wav"` */
export interface FeedStepSyntax extends Node<"FeedStep"> {
  readonly port: NameSyntax;
  readonly file: StringSyntax | undefined;
}

export type ExpectStepSyntax =
  /** `expect captions emits 3 within 2s` */
  | (Node<"ExpectEmits"> & {
      readonly port: NameSyntax;
      readonly count: ExpressionSyntax | undefined;
      readonly within: ExpressionSyntax | undefined;
    })
  /** `expect stt uses LocalHearing within 1s` */
  | (Node<"ExpectUses"> & {
      readonly remote: NameSyntax;
      readonly target: TargetValueSyntax | EndpointSyntax | undefined;
      readonly within: ExpressionSyntax | undefined;
    })
  /** `expect gap captions <= 500ms` */
  | (Node<"ExpectGap"> & { readonly port: NameSyntax; readonly limit: ExpressionSyntax | undefined })
  /** `expect latency mic -> speaker p99 <= 400ms` */
  | (Node<"ExpectLatency"> & {
      readonly from: PortReferenceSyntax | undefined;
      readonly to: PortReferenceSyntax | undefined;
      readonly percentile: NameSyntax | undefined;
      readonly limit: ExpressionSyntax | undefined;
    })
  /** `expect no loss captions`, `expect no duplicates captions` */
  | (Node<"ExpectNo"> & { readonly what: NameSyntax; readonly port: NameSyntax });

// ---- types ----------------------------------------------------------------------------------------------------

export type TypeSyntax = NamedTypeSyntax | ListTypeSyntax | OptionalTypeSyntax | MapTypeSyntax | NarrowedTypeSyntax;

/** `text`, `Transcript`, `audio<opus, 48kHz, mono>`, `tensor<f32, [1, 3, N, 224]>` */
export interface NamedTypeSyntax extends Node<"NamedType"> {
  readonly name: NameSyntax;
  /** Undefined where there are no angle brackets. */
  readonly caps: CapSyntax[] | undefined;
}

/** One dimension of a media type: alternatives joined by `|`, or a tensor shape. */
export interface CapSyntax extends Node<"Cap"> {
  readonly alternatives: CapValueSyntax[];
}

/** A codec or variable name, a quantity, a range of quantities, or a shape. */
export type CapValueSyntax = NameSyntax | LiteralSyntax | RangeSyntax | ShapeSyntax;

/** `[1, 3, N, 224]` */
export interface ShapeSyntax extends Node<"Shape"> {
  readonly sides: (NameSyntax | LiteralSyntax)[];
}

export interface ListTypeSyntax extends Node<"ListType"> {
  readonly element: TypeSyntax | undefined;
}

export interface OptionalTypeSyntax extends Node<"OptionalType"> {
  readonly element: TypeSyntax;
}

export interface MapTypeSyntax extends Node<"MapType"> {
  readonly element: TypeSyntax | undefined;
}

/** `float in 0..1`, `text matches "[a-z]+"` */
export interface NarrowedTypeSyntax extends Node<"NarrowedType"> {
  readonly base: TypeSyntax;
  readonly constraint: "in" | "matches";
  readonly value: ExpressionSyntax | undefined;
}

// ---- expressions ----------------------------------------------------------------------------------------------

export type ExpressionSyntax = LiteralSyntax | StringSyntax | RangeSyntax | NameSyntax | CallSyntax | ListSyntax;

/** What a literal measures; also the name of its scalar type where there is one. */
export type Quantity =
  | "bool"
  | "int"
  | "float"
  | "duration"
  | "frequency"
  | "size"
  | "bitrate"
  | "framerate"
  | "resolution"
  | "decibel"
  | "percentage"
  | "channels"
  | "version";

/**
 * A number, a quantity with its unit, a truth value or a channel layout, as one token.
 *
 * `value` is in base units: duration in microseconds, frequency in hertz, size in bytes, bit rate in bits per second,
 * frame rate in frames per second, gain in decibels, percentage as a fraction (80% is 0.8), channels as their number,
 * truth as 0 or 1. A resolution is `width * 65536 + height`, with both at most 65535. A dotted number such as `12.4`
 * is a float; where a version is asked for, its `text` is what counts.
 */
export interface LiteralSyntax extends Node<"Literal"> {
  readonly quantity: Quantity;
  readonly value: number;
  readonly text: string;
}

/** `0..1`, `8kHz..`, `..2s`; inclusive, either end may be open. */
export interface RangeSyntax extends Node<"Range"> {
  readonly min: LiteralSyntax | undefined;
  readonly max: LiteralSyntax | undefined;
}

/** `env("ANSWER_MODEL", "small")` */
export interface CallSyntax extends Node<"Call"> {
  readonly callee: NameSyntax;
  readonly arguments: ExpressionSyntax[];
}

/** `["a", "b"]` */
export interface ListSyntax extends Node<"List"> {
  readonly items: ExpressionSyntax[];
}

/** Every node of the tree. */
export type AnySyntaxNode =
  | NameSyntax
  | StringSyntax
  | FileSyntax
  | ImportSyntax
  | ImportNameSyntax
  | DeclarationSyntax
  | FieldSyntax
  | EnumValueSyntax
  | TypeVariableSyntax
  | ParameterSyntax
  | PipelineMemberSyntax
  | InstanceSyntax
  | ArgumentSyntax
  | PortReferenceSyntax
  | TargetSyntax
  | TargetValueSyntax
  | PolicyClauseSyntax
  | TimeoutEntrySyntax
  | PeerMemberSyntax
  | CapabilitySyntax
  | CapabilityValueSyntax
  | ConditionSyntax
  | ComparisonSyntax
  | HopSyntax
  | StepSyntax
  | BranchSyntax
  | RouteCaseSyntax
  | OptionsSyntax
  | ScenarioStepSyntax
  | TypeSyntax
  | CapSyntax
  | ShapeSyntax
  | ExpressionSyntax;
