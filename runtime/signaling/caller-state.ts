import { MeshError } from "../interface/errors.ts";
import type { Bond, Machine, SameMachine, SignalingCandidate } from "../interface/signaling.ts";
import { fromRpcError, violation } from "./errors.ts";
import { signalLimits, signalVersions } from "./limits.ts";
import { read } from "../interface/bounded.ts";
import { answerResult, helloResult, rpcNotification, rpcRequest, type Incoming } from "./protocol.ts";

/** Where a call stands, seen from the peer that calls. */
export type CallerState =
  | { readonly phase: "greeting"; readonly share: boolean; readonly bonds: number; readonly namesMachine: boolean }
  | { readonly phase: "greeted" }
  | { readonly phase: "offering"; readonly candidates: number }
  | { readonly phase: "answered"; readonly candidates: number }
  /** It has said that the connection is up, and the other side may still say that it is not. */
  | { readonly phase: "leaving" }
  | { readonly phase: "ended" };

export type CallerEffect =
  | { readonly do: "send"; readonly message: object }
  /** `shared`: both sides let connections to several pipelines share the one that is made. */
  | {
      readonly do: "greeted";
      readonly shared: boolean;
      readonly messageBytes: number | undefined;
      readonly confirms: boolean;
      readonly sameMachine: SameMachine | undefined;
      readonly over: number | undefined;
    }
  | { readonly do: "answer"; readonly sdp: string }
  | { readonly do: "candidate"; readonly candidate: SignalingCandidate | null }
  /** Has nothing more to say, and leaves it to the other side to hang up. */
  | { readonly do: "leave" }
  | { readonly do: "end"; readonly error: MeshError | undefined };

export type CallerEvent =
  | { readonly on: "message"; readonly message: Incoming }
  | { readonly on: "offer"; readonly sdp: string }
  | { readonly on: "candidate"; readonly candidate: SignalingCandidate | null }
  | { readonly on: "bye" };

export interface CallerStep {
  readonly next: CallerState;
  readonly effects: readonly CallerEffect[];
}

/** The caller asks two things in its life, so fixed ids do. */
const helloId = 1;
const offerId = 2;

/**
 * @param peer the id of the called peer, where a service passes the call on
 * @param messageBytes the largest message that this side takes on a data channel; undefined is not told
 * @param confirms this side confirms what comes over data channels
 * @param machine the machine that this side is on; undefined is not told
 * @param bonds connections that may be with the other peer already; only told by who shares
 */
export function callerStart(
  pipeline: string,
  share: boolean,
  {
    peer,
    messageBytes,
    confirms = false,
    machine,
    bonds = [],
  }: {
    readonly peer?: string | undefined;
    readonly messageBytes?: number | undefined;
    readonly confirms?: boolean | undefined;
    readonly machine?: Machine | undefined;
    readonly bonds?: readonly Bond[] | undefined;
  } = {},
): CallerStep {
  const hello = rpcRequest(helloId, "hello", {
    versions: [...signalVersions],
    pipeline,
    ...(peer !== undefined && { peer }),
    ...(share && { share }),
    ...(messageBytes !== undefined && { messageBytes }),
    ...(confirms && { confirms }),
    ...(machine !== undefined && { machine }),
    ...(share && bonds.length > 0 && { bonds: [...bonds] }),
  });
  return {
    next: { phase: "greeting", share, bonds: share ? bonds.length : 0, namesMachine: machine !== undefined },
    effects: [{ do: "send", message: hello }],
  };
}

/** One step of a call; pure. `where` is the called address, for the texts of errors. */
export function callerStep(state: CallerState, event: CallerEvent, where: string): CallerStep {
  if (state.phase === "ended") return { next: state, effects: [] };
  switch (event.on) {
    case "bye": {
      if (state.phase === "leaving") return { next: state, effects: [] };
      const said: CallerEffect = { do: "send", message: rpcNotification("bye", {}) };
      return state.phase === "answered"
        ? { next: { phase: "leaving" }, effects: [said, { do: "leave" }] }
        : { next: { phase: "ended" }, effects: [said, { do: "end", error: undefined }] };
    }
    case "offer":
      if (state.phase !== "greeted") return { next: state, effects: [] };
      return {
        next: { phase: "offering", candidates: 0 },
        effects: [{ do: "send", message: rpcRequest(offerId, "offer", { sdp: event.sdp }) }],
      };
    case "candidate": {
      const { candidate } = event;
      if (state.phase !== "offering" && state.phase !== "answered") return { next: state, effects: [] };
      return { next: state, effects: [{ do: "send", message: rpcNotification("candidate", { candidate }) }] };
    }
    case "message":
      return onMessage(state, event.message, where);
  }
}

type Live = Exclude<CallerState, { phase: "ended" }>;

function onMessage(state: Live, message: Incoming, where: string): CallerStep {
  // What was on its way when it left is for nobody.
  if (state.phase === "leaving") return { next: state, effects: [] };
  switch (message.kind) {
    case "unacceptable":
      return end(violation(where, message.why));
    case "error":
      return end(fromRpcError(message.error, where));
    case "result":
      return onResult(state, message.id, message.result, where);
    case "call":
      break;
  }
  if (message.method === "bye") return { next: { phase: "ended" }, effects: [{ do: "end", error: undefined }] };
  if (message.method === "candidate" && (state.phase === "offering" || state.phase === "answered")) {
    const candidates = state.candidates + 1;
    if (candidates > signalLimits.candidates) return end(violation(where, "it sent too many candidates"));
    return { next: { ...state, candidates }, effects: [{ do: "candidate", candidate: message.params.candidate }] };
  }
  return end(violation(where, `it sent "${message.method}" at the wrong time`));
}

function onResult(state: Live, id: unknown, result: unknown, where: string): CallerStep {
  if (state.phase === "greeting" && id === helloId) {
    const parsed = read(helloResult, result);
    if (!parsed.success) return end(violation(where, `its result of "hello" is not acceptable`));
    const { version } = parsed.data;
    if (!signalVersions.includes(version)) {
      const why = `${where} speaks version ${version} of the signaling, and was offered ${signalVersions.join(", ")}.`;
      return end(new MeshError("version-mismatch", why));
    }
    const { share, messageBytes, confirms = false, over } = parsed.data;
    const sameMachine = state.namesMachine ? parsed.data.machine : undefined;
    if (over !== undefined && over >= state.bonds) {
      return end(violation(where, "it speaks of a connection that was not named"));
    }
    return {
      next: { phase: "greeted" },
      effects: [{ do: "greeted", shared: state.share && share === true, messageBytes, confirms, sameMachine, over }],
    };
  }
  if (state.phase === "offering" && id === offerId) {
    const parsed = read(answerResult, result);
    if (!parsed.success) return end(violation(where, "its answer is not acceptable"));
    const inside = parsed.data.sdp.match(/^a=candidate:/gm)?.length ?? 0;
    if (inside > signalLimits.candidates) return end(violation(where, "its answer holds too many candidates"));
    return {
      next: { phase: "answered", candidates: state.candidates + inside },
      effects: [{ do: "answer", sdp: parsed.data.sdp }],
    };
  }
  return end(violation(where, "it answered what was not asked"));
}

function end(error: MeshError): CallerStep {
  return { next: { phase: "ended" }, effects: [{ do: "end", error }] };
}
