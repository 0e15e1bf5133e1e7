import type { FlowType } from "../interface/caps.ts";
import type { Frame } from "../interface/frame.ts";
import type {
  EmitOptions,
  Emission,
  FrameHeader,
  NodeContext,
  NodeDefinition,
  NodeInstance,
  NodeTypes,
  Outcome,
  Work,
} from "../interface/node.ts";

/** A frame whose payload is known. */
export interface TypedFrame<T> extends Omit<Frame, "payload"> {
  readonly payload: T;
}

/**
 * The arguments of `process`: a frame, the name of the input it came in by, and the call that is in work.
 *
 * Of several inputs, the name tells the frames apart. `work` is then left out, for TypeScript would not let a function of
 * two parameters take one of several lists of three; `defineNode` has it.
 */
export type Received<Inputs> =
  IsOne<keyof Inputs> extends true
    ? [frame: TypedFrame<Inputs[keyof Inputs]>, port: keyof Inputs & string, work: Work]
    : { [Port in keyof Inputs & string]: [frame: TypedFrame<Inputs[Port]>, port: Port] }[keyof Inputs & string];

/** True where a union has one member, which then is all of it. */
type IsOne<Name, All = Name> = [Name] extends [never]
  ? false
  : Name extends Name
    ? [All] extends [Name]
      ? true
      : false
    : never;

/** The arguments of `emit`: the name of an output, and what it carries. */
export type Sent<Outputs> = {
  [Port in keyof Outputs & string]: [port: Port, payload: Outputs[Port], options?: EmitOptions];
}[keyof Outputs & string];

/** What the runtime gives to an instance of a node with this contract. */
export interface TypedContext<C extends NodeTypes> extends Omit<NodeContext, "emit" | "formats"> {
  /** Sends a payload out of a port; see `Emit`. */
  readonly emit: (...sent: Sent<C["outputs"]>) => Promise<void> | undefined;
  /** The fixed format of each port: every dimension holds exactly one value. */
  readonly formats: {
    readonly inputs: { readonly [Port in keyof C["inputs"]]: FlowType };
    readonly outputs: { readonly [Port in keyof C["outputs"]]: FlowType };
  };
}

/**
 * One running instance of a node with this contract; see `NodeInstance` for what each member does.
 *
 * They are properties and no methods, for TypeScript then checks that what is taken is what comes.
 */
export interface TypedInstance<C extends NodeTypes> extends Omit<
  NodeInstance,
  "process" | "map" | "join" | "run" | "end"
> {
  /** Takes one frame. What it throws or rejects with is a failure of the node. */
  readonly process?: (...received: Received<C["inputs"]>) => Outcome<C["outputs"]>;
  /** In place of `process`, for a node with one input: one payload in, one out or, with `undefined`, none. */
  readonly map?: (
    payload: C["inputs"][keyof C["inputs"]],
    header: FrameHeader,
  ) => C["outputs"][keyof C["outputs"]] | undefined;
  /** Takes one frame of each of the inputs that are joined. */
  readonly join?: (
    frames: { readonly [Port in keyof C["inputs"]]: TypedFrame<C["inputs"][Port]> },
    work: Work,
  ) => Outcome<C["outputs"]>;
  /** Runs a source, a node without inputs; the outputs end when it returns. */
  readonly run?: () => Promise<void> | AsyncGenerator<C["outputs"][keyof C["outputs"]] | Emission | undefined, void>;
  /** All inputs have ended: emit what is left. The outputs end when it is done. */
  readonly end?: () => Outcome<C["outputs"]>;
}

/**
 * The code behind a `node` with this contract, checked against it by TypeScript:
 *
 * ```ts
 * export const Answer: AnswerNode = {
 *   open: ({ model }, { emit }) => ({
 *     process: async ({ payload }) => emit("sentence", await ask(model, payload.text)),
 *   }),
 * };
 * ```
 */
export interface TypedNode<C extends NodeTypes> extends Omit<NodeDefinition, "open"> {
  /**
   * Makes an instance for one session.
   * @throws {MeshError} `dependency-missing` when a package, library or model is not installed, with a hint
   */
  readonly open: (params: C["params"], context: TypedContext<C>) => TypedInstance<C> | Promise<TypedInstance<C>>;
}

/** The code of any node, whatever its contract is. */
export interface AnyNode {
  readonly sync?: boolean;
  open(params: never, context: never): unknown;
}
