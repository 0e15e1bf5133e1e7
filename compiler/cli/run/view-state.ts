import type { JsonValue } from "../../../runtime/interface/frame.ts";
import type { SessionDescription } from "../../../runtime/interface/session.ts";
import type { PlainError, PlainEvent, RunMessage, SessionSummary } from "./messages.ts";

export interface PeerView {
  readonly name: string;
  readonly state: "starting" | "listening" | "ended" | "lost";
  readonly addresses: readonly string[];
}

/** Something that happened, in a sentence. */
export interface Notice {
  readonly level: "good" | "warning" | "error";
  readonly text: string;
}

/** What is known of a run, for the live view and for the log. */
export interface ViewState {
  readonly peers: readonly PeerView[];
  /** The latest snapshot of each session by its id, with the process it runs in. */
  readonly sessions: ReadonlyMap<string, { readonly origin: string; readonly description: SessionDescription }>;
  readonly notices: readonly Notice[];
  /** Frames of outputs that are shown. */
  readonly outputs: readonly { readonly port: string; readonly text: string }[];
  readonly summary: SessionSummary | undefined;
  readonly error: PlainError | undefined;
}

export function initialState(peers: readonly string[]): ViewState {
  return {
    peers: peers.map((name) => ({ name, state: "starting", addresses: [] })),
    sessions: new Map(),
    notices: [],
    outputs: [],
    summary: undefined,
    error: undefined,
  };
}

/** What may pile up in a run of days. */
const maxNotices = 200;
const maxOutputs = 200;

/** The state after a message of a process. `origin` is the peer it runs, or `""` for this process. */
export function advance(state: ViewState, message: RunMessage, origin: string): ViewState {
  switch (message.type) {
    case "ready":
      return message.peers.reduce(
        (next, { peer, addresses }) => withPeer(next, { name: peer, state: "listening", addresses }),
        state,
      );
    case "event":
      return afterEvent(state, message.event, origin);
    case "describe":
      return withSessions(state, message.sessions, origin);
    case "output":
      return {
        ...state,
        outputs: [...state.outputs, { port: message.port, text: outputText(message.value) }].slice(-maxOutputs),
      };
    case "log":
      return withNotice(state, { level: message.level === "error" ? "error" : "warning", text: message.message });
    case "ended":
      return { ...state, summary: message.summary ?? state.summary, error: message.error ?? state.error };
    default:
      return message satisfies never;
  }
}

/** The state after the process of a peer has gone. */
export function afterExit(state: ViewState, peer: string, how: string, expected: boolean): ViewState {
  const known = state.peers.find((one) => one.name === peer);
  const next = withPeer(state, { name: peer, state: expected ? "ended" : "lost", addresses: known?.addresses ?? [] });
  return expected ? next : withNotice(next, { level: "error", text: `${peer} has gone: its process ${how}` });
}

export function withNotice(state: ViewState, notice: Notice): ViewState {
  return { ...state, notices: [...state.notices, notice].slice(-maxNotices) };
}

function withPeer(state: ViewState, peer: PeerView): ViewState {
  const known = state.peers.some((one) => one.name === peer.name);
  return {
    ...state,
    peers: known ? state.peers.map((one) => (one.name === peer.name ? peer : one)) : [...state.peers, peer],
  };
}

function withSessions(state: ViewState, descriptions: readonly SessionDescription[], origin: string): ViewState {
  const sessions = new Map(state.sessions);
  for (const description of descriptions) sessions.set(description.id, { origin, description });
  return { ...state, sessions };
}

function afterEvent(state: ViewState, event: PlainEvent, origin: string): ViewState {
  switch (event.kind) {
    case "peer-listening":
      return withPeer(state, { name: event.peer, state: "listening", addresses: [event.address] });
    case "session-closed": {
      const next = withSessions(state, [event.description], origin);
      if (event.error === undefined || event.error.code === "cancelled") return next;
      return withNotice(next, { level: "error", text: `${event.pipeline} ended: ${event.error.message}` });
    }
    case "remote-connected":
      return withNotice(state, { level: "good", text: `${event.remote} uses ${event.target}` });
    case "remote-failed": {
      const then = event.next === undefined ? "no other target is left" : `${event.next} takes over`;
      const text = `${event.remote}: ${event.target} cannot be used, ${then} (${event.error.message})`;
      return withNotice(state, { level: event.next === undefined ? "error" : "warning", text });
    }
    case "node-failed":
      return withNotice(state, { level: "error", text: event.error.message });
    case "session-opened":
    case "remote-connecting":
      return state;
    default:
      return event satisfies never;
  }
}

/** A value for people: the text of a transcript with how sure it is, otherwise short JSON. */
function outputText(value: JsonValue): string {
  if (typeof value === "string") return value;
  if (isRecord(value) && typeof value["text"] === "string") {
    const { confidence } = value;
    return typeof confidence === "number" ? `${value["text"]} (${Math.round(confidence * 100)} %)` : value["text"];
  }
  return JSON.stringify(value);
}

function isRecord(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
