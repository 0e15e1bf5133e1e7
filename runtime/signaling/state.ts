import { MeshError } from "../interface/errors.ts";
import type { Bond, Machine, SameMachine, SignalingCandidate } from "../interface/signaling.ts";
import { pipelineNotFound, toRpcError } from "./errors.ts";
import { signalLimits, signalVersions } from "./limits.ts";
import {
  rpcCodes,
  rpcFailure,
  rpcSuccess,
  type Incoming,
  type MethodParams,
  type RpcError,
  type RpcId,
} from "./protocol.ts";

/** What was agreed on by "hello". */
export interface Greeting {
  readonly pipeline: string;
  readonly shared: boolean;
  /** The largest message that the caller takes on a data channel, in bytes; undefined where it has not told. */
  readonly messageBytes: number | undefined;
  /** The caller confirms what comes over data channels. */
  readonly confirms: boolean;
  /** Of a caller that is on this machine. */
  readonly sameMachine: SameMachine | undefined;
}

/** Where a call stands, seen from the peer that is called. */
export type CalleeState =
  | { readonly phase: "waiting" }
  | ({ readonly phase: "greeted"; readonly candidates: number } & Greeting)
  | { readonly phase: "offered"; readonly offerId: RpcId; readonly candidates: number }
  | { readonly phase: "answered"; readonly candidates: number; readonly isUp: boolean }
  /** The caller has said that the connection is up, and this side may still have to say that it is not. */
  | { readonly phase: "leaving" }
  | { readonly phase: "ended" };

/** What the I/O around the machine is to do, in order. */
export type CalleeEffect =
  | { readonly do: "send"; readonly message: object }
  | { readonly do: "greeted" }
  | ({ readonly do: "offer"; readonly sdp: string } & Greeting)
  | { readonly do: "candidate"; readonly candidate: SignalingCandidate | null }
  /** The caller's `bye` has come. */
  | { readonly do: "left" }
  /** Hangs up; `error` is undefined when the connection is up. */
  | { readonly do: "end"; readonly error: MeshError | undefined };

/** What happens to a call: a message from the caller, or a decision of this side. */
export type CalleeEvent =
  | { readonly on: "message"; readonly message: Incoming }
  | { readonly on: "answer"; readonly sdp: string }
  | { readonly on: "connected" }
  | { readonly on: "refuse"; readonly error: MeshError };

export interface CalleeContext {
  /** The names that may be called; undefined lets every name through. */
  readonly pipelines: readonly string[] | undefined;
  /** Callers may have connections to several pipelines share one. */
  readonly share: boolean;
  /** Which of the connections that the caller names this peer lets it use. */
  readonly vouch?: ((bonds: readonly Bond[]) => number | undefined) | undefined;
  /** The largest message that this side takes on a data channel, in bytes. */
  readonly messageBytes?: number | undefined;
  /** This side confirms what comes over data channels. */
  readonly confirms?: boolean | undefined;
  /** The machine that this side is on, asked of a caller that names its own; undefined where it is not known. */
  readonly machine?: (() => Machine | undefined) | undefined;
}

export interface CalleeStep {
  readonly next: CalleeState;
  readonly effects: readonly CalleeEffect[];
}

export const calleeStart: CalleeState = { phase: "waiting" };

/** One step of a call; pure. An ended call swallows everything. */
export function calleeStep(state: CalleeState, event: CalleeEvent, context: CalleeContext): CalleeStep {
  if (state.phase === "ended") return { next: state, effects: [] };
  switch (event.on) {
    case "answer":
      if (state.phase !== "offered") return stay(state);
      return {
        next: { phase: "answered", candidates: state.candidates, isUp: false },
        effects: [{ do: "send", message: rpcSuccess(state.offerId, { sdp: event.sdp }) }],
      };
    case "connected":
      if (state.phase === "leaving") return end(undefined);
      return state.phase === "answered" ? stay({ ...state, isUp: true }) : stay(state);
    case "refuse":
      return end(event.error, state.phase === "offered" ? failed(state.offerId, toRpcError(event.error)) : []);
    case "message":
      return onMessage(state, event.message, context);
  }
}

type Live = Exclude<CalleeState, { phase: "ended" }>;
type Talking = Exclude<Live, { phase: "leaving" }>;

function onMessage(state: Live, message: Incoming, context: CalleeContext): CalleeStep {
  // Who has said good-bye has nothing more to say.
  if (state.phase === "leaving") return stay(state);
  switch (message.kind) {
    case "unacceptable":
      return stay(state, message.reply === undefined ? [] : [{ do: "send", message: message.reply }]);
    case "result":
    case "error":
      // This side asks nothing, so nothing can be answered.
      return stay(state);
    case "call":
      return onCall(state, message, context);
  }
}

function onCall(state: Talking, call: Extract<Incoming, { kind: "call" }>, context: CalleeContext): CalleeStep {
  if (call.method === "bye") {
    return state.phase === "answered" && !state.isUp
      ? { next: { phase: "leaving" }, effects: [{ do: "left" }] }
      : end(undefined);
  }
  if (call.method === "candidate") return onCandidate(state, call.params.candidate);
  if (call.id === undefined) return violation(undefined, `"${call.method}" came without an id`);
  if (call.method === "hello") {
    if (state.phase !== "waiting") return violation(call.id, `"hello" came twice`);
    return onHello(call.id, call.params, state, context);
  }
  if (state.phase !== "greeted") {
    return violation(call.id, state.phase === "waiting" ? `"offer" came before "hello"` : `"offer" came twice`);
  }
  const inside = call.params.sdp.match(/^a=candidate:/gm)?.length ?? 0;
  if (inside > signalLimits.candidates) return violation(call.id, "the offer holds too many candidates");
  const { pipeline, shared, messageBytes, confirms, sameMachine } = state;
  return {
    next: { phase: "offered", offerId: call.id, candidates: state.candidates + inside },
    effects: [{ do: "offer", pipeline, shared, messageBytes, confirms, sameMachine, sdp: call.params.sdp }],
  };
}

function onHello(id: RpcId, params: MethodParams<"hello">, state: Talking, context: CalleeContext): CalleeStep {
  const { pipeline, messageBytes, confirms = false, machine, bonds = [] } = params;
  if (pipeline === undefined) {
    const message = `the parameters of "hello" are not acceptable: pipeline: it is missing, and this is no service`;
    return stay(state, failed(id, { code: rpcCodes.invalidParams, message }));
  }
  const version = commonVersion(params.versions);
  if (typeof version !== "number") return end(version, failed(id, toRpcError(version)));
  if (context.pipelines !== undefined && !context.pipelines.includes(pipeline)) {
    const error = pipelineNotFound(pipeline, context.pipelines);
    return end(error, failed(id, toRpcError(error, context.pipelines)));
  }
  const shared = params.share === true && context.share;
  const over = shared && bonds.length > 0 ? context.vouch?.(bonds) : undefined;
  // Who has not asked for it is not told of it.
  const ours = messageBytes === undefined ? undefined : context.messageBytes;
  const here = machine === undefined ? undefined : context.machine?.();
  const isSame = here !== undefined && here.name === machine?.name;
  const result = {
    version,
    pipeline,
    ...(shared && { share: true }),
    ...(ours !== undefined && { messageBytes: ours }),
    ...(confirms && context.confirms === true && { confirms }),
    ...(isSame && { machine: packetsOf(here) }),
    ...(over !== undefined && { over }),
  };
  return {
    next: {
      phase: "greeted",
      pipeline,
      shared,
      messageBytes,
      confirms,
      sameMachine: isSame && machine !== undefined ? packetsOf(machine) : undefined,
      candidates: 0,
    },
    effects: [{ do: "greeted" }, { do: "send", message: rpcSuccess(id, result) }],
  };
}

function packetsOf({ packetBytes }: Machine): SameMachine {
  return packetBytes === undefined ? {} : { packetBytes };
}

/** The best version that both sides speak, or why there is none. */
export function commonVersion(asked: readonly number[]): number | MeshError {
  const version = signalVersions.find((candidate) => asked.includes(candidate));
  if (version !== undefined) return version;
  const text = `no common signaling version: ${asked.join(", ")} asked for, ${signalVersions.join(", ")} spoken`;
  return new MeshError("version-mismatch", text);
}

function onCandidate(state: Talking, candidate: SignalingCandidate | null): CalleeStep {
  if (state.phase === "waiting") return violation(undefined, `"candidate" came before "hello"`);
  if (state.candidates >= signalLimits.candidates) return violation(undefined, "too many candidates");
  return { next: { ...state, candidates: state.candidates + 1 }, effects: [{ do: "candidate", candidate }] };
}

function stay(state: CalleeState, effects: readonly CalleeEffect[] = []): CalleeStep {
  return { next: state, effects };
}

function failed(id: RpcId, error: RpcError): readonly CalleeEffect[] {
  return [{ do: "send", message: rpcFailure(id, error) }];
}

function end(error: MeshError | undefined, before: readonly CalleeEffect[] = []): CalleeStep {
  return { next: { phase: "ended" }, effects: [...before, { do: "end", error }] };
}

function violation(id: RpcId | undefined, why: string): CalleeStep {
  const error = new MeshError("protocol-violation", why);
  return end(error, id === undefined ? [] : failed(id, { code: rpcCodes.invalidRequest, message: why }));
}
