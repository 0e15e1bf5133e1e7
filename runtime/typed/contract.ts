import type { FlowType } from "../interface/caps.ts";
import type { Frame } from "../interface/frame.ts";
import type { EmitOptions, NodeContext, NodeInstance } from "../interface/node.ts";

/** What a `node` of a program declares: its parameters, and what its inputs and outputs carry, by name. */
export interface NodeContract {
  readonly params: object;
  readonly inputs: object;
  readonly outputs: object;
}

/** A frame whose payload is known. */
export interface TypedFrame<T> extends Omit<Frame, "payload"> {
  readonly payload: T;
}

/** The arguments of `process`: a frame together with the name of the input it came in by. */
export type Received<Inputs> = {
  [Port in keyof Inputs & string]: [frame: TypedFrame<Inputs[Port]>, port: Port];
}[keyof Inputs & string];

/** The arguments of `emit`: the name of an output, and what it carries. */
export type Sent<Outputs> = {
  [Port in keyof Outputs & string]: [port: Port, payload: Outputs[Port], options?: EmitOptions];
}[keyof Outputs & string];

/** What the runtime gives to an instance of a node with this contract. */
export interface TypedContext<C extends NodeContract> extends Omit<NodeContext, "emit" | "formats"> {
  /** Sends a payload out of a port; see `Emit`. */
  readonly emit: (...sent: Sent<C["outputs"]>) => Promise<void> | undefined;
  /** The fixed format of each port: every dimension holds exactly one value. */
  readonly formats: {
    readonly inputs: { readonly [Port in keyof C["inputs"]]: FlowType };
    readonly outputs: { readonly [Port in keyof C["outputs"]]: FlowType };
  };
}

/** One running instance of a node with this contract. */
export interface TypedInstance<C extends NodeContract> extends Omit<NodeInstance, "process"> {
  // A property and no method: TypeScript then checks that what is taken is what comes.
  /** Takes one frame. What it throws or rejects with ends its session's branch. */
  readonly process?: (...received: Received<C["inputs"]>) => void | Promise<void>;
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
export interface TypedNode<C extends NodeContract> {
  /** True when `process` always finishes before it returns, in microseconds; see `NodeDefinition`. */
  readonly sync?: boolean;
  /**
   * Makes an instance for one session.
   * @throws {MeshError} `dependency-missing` when a package, library or model is not installed, with a hint
   */
  readonly open: (params: C["params"], context: TypedContext<C>) => TypedInstance<C> | Promise<TypedInstance<C>>;
}

/** The code of any node, whatever its contract is. */
export interface NodeCode {
  readonly sync?: boolean;
  open(params: never, context: never): unknown;
}
